"""Passwords of the console: what is refused, and how they are stored."""

import re
import unicodedata
from enum import StrEnum
from pathlib import Path
from typing import Self

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 256
_FEWEST_CHARACTERS = 5
# A listed word with only this many characters of one's own beside it is still that word.
_OWN_CHARACTERS = 4
_SHORTEST_WORD = 5
_SEQUENCES = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
)
_REPEATED = re.compile(r"(.{1,6}?)\1+(.{0,5})", re.DOTALL)

# The hash of a password that nobody knows, for logins that do not exist: they must take as long as others.
_DECOY = "$argon2id$v=19$m=65536,t=3,p=4$WRRwGiUyqXi11oQ5ZXV9Ng$0iw3RqCjrjXhnx1yFsE6ZJWiLd+hw26IDy31wCCKhiU"


class PasswordFault(StrEnum):
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    PATTERN = "pattern"
    CONTAINS_LOGIN = "contains_login"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    PasswordFault.TOO_SHORT: f"密码至少需要 {SHORTEST} 个字符。",
    PasswordFault.TOO_LONG: f"密码最多 {LONGEST} 个字符。",
    PasswordFault.COMMON: "这个密码太常见，容易被猜到，请换一个。",
    PasswordFault.PATTERN: "密码不能只是重复或连续的字符，请换一个。",
    PasswordFault.CONTAINS_LOGIN: "密码中不能包含登录名。",
}


class Passwords:
    """Judges new passwords and stores them as argon2id hashes."""

    def __init__(self, common: frozenset[str], hasher: PasswordHasher | None = None) -> None:
        self._common = common
        self._words = tuple(
            sorted((word for word in common if len(word) >= _SHORTEST_WORD), key=len, reverse=True)
        )
        self._hasher = hasher or PasswordHasher()
        # Making a hash takes a fifth of a second, and most processes never check a password.
        is_alike = not self._hasher.check_needs_rehash(_DECOY)
        self._decoy = _DECOY if is_alike else self._hasher.hash("no account has this password")

    @classmethod
    def load(cls, common_file: Path, hasher: PasswordHasher | None = None) -> Self:
        lines = common_file.read_text(encoding="utf-8").splitlines()
        return cls(frozenset(_folded(line) for line in lines if line), hasher)

    def faults(self, password: str, *, login: str) -> tuple[PasswordFault, ...]:
        """Return every reason to refuse a new password, in the order to show them."""
        folded = _folded(password)
        faults: list[PasswordFault] = []
        if len(password) < SHORTEST:
            faults.append(PasswordFault.TOO_SHORT)
        if len(password) > LONGEST:
            return (PasswordFault.TOO_LONG,)
        if self._is_common(folded):
            faults.append(PasswordFault.COMMON)
        if _is_pattern(folded):
            faults.append(PasswordFault.PATTERN)
        if login and _folded(login) in folded:
            faults.append(PasswordFault.CONTAINS_LOGIN)
        return tuple(faults)

    def hash(self, password: str) -> str:
        return self._hasher.hash(_normal(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Take equally long for an account that does not exist (``stored`` None)."""
        hashed = self._decoy if stored is None else stored
        try:
            is_match = self._hasher.verify(hashed, _normal(password[: 4 * LONGEST])[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False
        return is_match and stored is not None

    def needs_rehash(self, stored: str) -> bool:
        return self._hasher.check_needs_rehash(stored)

    def _is_common(self, folded: str) -> bool:
        if folded in self._common:
            return True
        for word in self._words:
            if word in folded:
                rest = folded.replace(word, "")
                if len(rest) <= _OWN_CHARACTERS or rest.isdecimal():
                    return True
        return False


def _is_pattern(folded: str) -> bool:
    if len(set(folded)) < _FEWEST_CHARACTERS:
        return True
    if _REPEATED.fullmatch(folded) is not None:
        return True
    return any(folded in sequence * 2 or folded in sequence[::-1] * 2 for sequence in _SEQUENCES)


def _normal(password: str) -> str:
    # The same password typed on another system may arrive in another composition.
    return unicodedata.normalize("NFKC", password)


def _folded(password: str) -> str:
    return _normal(password).casefold().strip()
