"""The second factor: time-based codes, and recovery codes for a lost phone."""

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyotp

STEP_S = 30
SKEW_STEPS = 1
RECOVERY_CODES = 10
_DIGITS = 6
# No letters that are mistaken for digits or for each other when written down.
_RECOVERY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_RECOVERY_GROUPS = 4


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """``plain`` is shown once to their owner; only ``hashes`` are stored."""

    plain: tuple[str, ...] = field(repr=False)
    hashes: tuple[str, ...]


def new_secret() -> str:
    return pyotp.random_base32()


def provisioning_uri(secret: str, *, login: str, issuer: str) -> str:
    """Return the ``otpauth://`` address that an authenticator app scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def accepted_step(
    secret: str, code: str, *, now: dt.datetime, last_used_step: int | None
) -> int | None:
    """Return the time step that the code belongs to, or None when it is wrong or was used.

    The caller stores the step in the same transaction as the login: a code counts once.
    """
    digits = "".join(code.split())
    if len(digits) != _DIGITS or not digits.isascii() or not digits.isdigit():
        return None
    totp = pyotp.TOTP(secret, digits=_DIGITS, interval=STEP_S)
    current = int(now.timestamp()) // STEP_S
    accepted: int | None = None
    for step in range(current - SKEW_STEPS, current + SKEW_STEPS + 1):
        is_match = hmac.compare_digest(totp.generate_otp(step), digits)
        if is_match and (last_used_step is None or step > last_used_step):
            accepted = step
    return accepted


def new_recovery_codes(count: int = RECOVERY_CODES) -> RecoveryCodes:
    plain = tuple(_recovery_code() for _ in range(count))
    return RecoveryCodes(plain=plain, hashes=tuple(_recovery_hash(code) for code in plain))


def matching_recovery_code(code: str, hashes: Sequence[str]) -> int | None:
    """Return the position of the hash that the code opens; the caller removes it at once."""
    tried = _recovery_hash(code)
    found: int | None = None
    for position, stored in enumerate(hashes):
        if hmac.compare_digest(tried, stored):
            found = position
    return found


def _recovery_code() -> str:
    return "-".join(
        "".join(secrets.choice(_RECOVERY_ALPHABET) for _ in range(4))
        for _ in range(_RECOVERY_GROUPS)
    )


def _recovery_hash(code: str) -> str:
    # 79 random bits need no slow hash.
    plain = "".join(character for character in code.casefold() if character.isalnum())
    return hashlib.sha256(b"zhisheng recovery code\0" + plain.encode()).hexdigest()
