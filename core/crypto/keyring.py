"""Envelope encryption of the secrets that the database keeps (tokens, passwords of channels).

Layout of a sealed secret: ``ZS``, format (1 byte), master key id (4), nonce (12), wrapped data key
(32 + 16), nonce (12), ciphertext with its tag. The head and the purpose are authenticated with
both parts, so a secret moved to another column does not open there.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import ConfigurationError, StorageError

_MAGIC = b"ZS"
_AES_256_GCM = b"\x01"
_KEY_BYTES = 32
_ID_BYTES = 4
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEAD_BYTES = len(_MAGIC) + 1 + _ID_BYTES
_WRAPPED_BYTES = _NONCE_BYTES + _KEY_BYTES + _TAG_BYTES


class MasterKeyError(ConfigurationError):
    """The master key is missing, unreadable, or not the one that sealed the secret."""


class SealedSecretError(StorageError):
    """A sealed secret was altered, cut short, or sealed for another purpose."""


class Keyring:
    """All master keys of an installation; the last one seals, every one unseals."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._keys = {_key_id(key): key for key in keys}
        if not self._keys or any(len(key) != _KEY_BYTES for key in self._keys.values()):
            raise MasterKeyError("主密钥必须是至少一个 32 字节的密钥。")
        self._current_id = next(reversed(self._keys))

    @classmethod
    def open(cls, file: Path, *, create: bool = False) -> Self:
        """Read the master key file; make it with mode 0600 when it is missing and ``create``."""
        if create and not file.exists():
            _create(file)
        try:
            mode = stat.S_IMODE(file.stat().st_mode)
            lines = file.read_text(encoding="ascii").split()
        except FileNotFoundError as error:
            raise MasterKeyError(
                f"没有找到主密钥文件 {file}。没有它，已保存的口令和令牌无法读取；"
                "请从备份恢复，或用 ZHISHENG_MASTER_KEY_FILE 指明它的位置。"
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise MasterKeyError(f"主密钥文件 {file} 无法读取，请检查它的权限和内容。") from error
        if mode & 0o077:
            raise MasterKeyError(
                f"主密钥文件 {file} 的权限是 {mode:04o}，其他用户也能读到它。请运行 chmod 600 {file}。"
            )
        return cls(_parsed(lines, file))

    @property
    def current_key_id(self) -> str:
        return self._current_id.hex()

    def derive(self, purpose: str) -> bytes:
        """Return a 32-byte key of its own for a purpose that seals nothing, such as signing cookies."""
        return hmac.digest(self._keys[self._current_id], b"derive:" + purpose.encode(), "sha256")

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        head = _MAGIC + _AES_256_GCM + self._current_id
        context = head + purpose.encode()
        data_key = secrets.token_bytes(_KEY_BYTES)
        wrapped = _encrypted(self._keys[self._current_id], data_key, context=b"key:" + context)
        return head + wrapped + _encrypted(data_key, plain, context=b"secret:" + context)

    def unseal(self, sealed: bytes, *, purpose: str) -> bytes:
        """Raise MasterKeyError for a foreign key and SealedSecretError for altered bytes."""
        head, rest = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        if not head.startswith(_MAGIC + _AES_256_GCM) or len(rest) < _WRAPPED_BYTES:
            raise SealedSecretError("加密内容的格式无法识别，可能已经损坏。")
        master_key = self._keys.get(key_id(sealed))
        if master_key is None:
            raise MasterKeyError(
                f"这份内容由编号 {key_id(sealed).hex()} 的主密钥加密，当前的主密钥文件中没有它。"
                "请恢复原来的主密钥文件；内容没有改动。"
            )
        context = head + purpose.encode()
        try:
            data_key = _decrypted(master_key, rest[:_WRAPPED_BYTES], context=b"key:" + context)
            return _decrypted(data_key, rest[_WRAPPED_BYTES:], context=b"secret:" + context)
        except (InvalidTag, ValueError) as error:
            raise SealedSecretError("加密内容已被改动，或用在了别的地方，没有解密。") from error

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether a secret is sealed by the newest key, so that rotation can skip it."""
        return key_id(sealed) == self._current_id

    def seal_text(self, plain: str, *, purpose: str) -> bytes:
        return self.seal(plain.encode(), purpose=purpose)

    def unseal_text(self, sealed: bytes, *, purpose: str) -> str:
        return self.unseal(sealed, purpose=purpose).decode()


def add_master_key(file: Path) -> None:
    """Append a new current key; secrets sealed by the older ones still open."""
    Keyring.open(file)
    _write(file, file.read_text(encoding="ascii").rstrip("\n") + "\n" + _new_line())


def key_id(sealed: bytes) -> bytes:
    return sealed[_HEAD_BYTES - _ID_BYTES : _HEAD_BYTES]


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"zhisheng master key id\0" + key).digest()[:_ID_BYTES]


def _encrypted(key: bytes, plain: bytes, *, context: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context)


def _decrypted(key: bytes, data: bytes, *, context: bytes) -> bytes:
    return AESGCM(key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], context)


def _parsed(lines: list[str], file: Path) -> list[bytes]:
    try:
        keys = [base64.b64decode(line, validate=True) for line in lines]
    except binascii.Error as error:
        raise MasterKeyError(
            f"主密钥文件 {file} 的内容不正确，每行应是一个 Base64 密钥。"
        ) from error
    if not keys or any(len(key) != _KEY_BYTES for key in keys):
        raise MasterKeyError(f"主密钥文件 {file} 的内容不正确，每行应是一个 32 字节的密钥。")
    return keys


def _new_line() -> str:
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii") + "\n"


def _create(file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = _draft(file, _new_line())
    try:
        # A link never replaces: of two processes that start together one key wins.
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _write(file: Path, text: str) -> None:
    _draft(file, text).replace(file)


def _draft(file: Path, text: str) -> Path:
    # mkstemp makes files with mode 0600.
    descriptor, name = tempfile.mkstemp(prefix=file.name, dir=file.parent)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    return Path(name)
