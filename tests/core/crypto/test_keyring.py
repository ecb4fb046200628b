import base64
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.crypto.keyring import Keyring, MasterKeyError, SealedSecretError, add_master_key

KEYRING = Keyring([bytes(range(32))])


@given(st.binary(max_size=300), st.text(max_size=20))
def test_sealed_secret_opens_for_its_purpose(plain: bytes, purpose: str) -> None:
    assert KEYRING.unseal(KEYRING.seal(plain, purpose=purpose), purpose=purpose) == plain


@given(st.binary(max_size=40), st.data())
def test_any_changed_byte_is_noticed(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(KEYRING.seal(plain, purpose="account"))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises((SealedSecretError, MasterKeyError)):
        KEYRING.unseal(bytes(sealed), purpose="account")


@given(st.integers(0, 90))
def test_shortened_secret_is_noticed(length: int) -> None:
    sealed = KEYRING.seal("访问令牌".encode() * 4, purpose="account")
    with pytest.raises((SealedSecretError, MasterKeyError)):
        KEYRING.unseal(sealed[:length], purpose="account")


def test_secret_moved_to_another_purpose_stays_closed() -> None:
    sealed = KEYRING.seal_text("token", purpose="account:1")
    with pytest.raises(SealedSecretError, match="用在了别的地方"):
        KEYRING.unseal_text(sealed, purpose="account:2")


def test_equal_secrets_do_not_look_equal_and_are_not_readable() -> None:
    first, second = (KEYRING.seal(b"canary-4711", purpose="p") for _ in range(2))
    assert first != second
    assert b"canary" not in first


def test_foreign_master_key_is_named_in_plain_words() -> None:
    sealed = KEYRING.seal(b"x", purpose="p")
    with pytest.raises(MasterKeyError, match="主密钥") as caught:
        Keyring([bytes(32)]).unseal(sealed, purpose="p")
    assert KEYRING.current_key_id in str(caught.value)


def test_key_file_is_made_only_when_told(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "master.key"
    with pytest.raises(MasterKeyError, match="没有找到主密钥文件"):
        Keyring.open(file)
    assert not file.parent.exists()
    sealed = Keyring.open(file, create=True).seal(b"x", purpose="p")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert Keyring.open(file, create=True).unseal(sealed, purpose="p") == b"x"
    assert [path.name for path in file.parent.iterdir()] == ["master.key"]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    identities: list[str] = []

    def start() -> None:
        identities.append(Keyring.open(file, create=True).current_key_id)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(identities) == 8
    assert len(set(identities)) == 1


def test_rotation_opens_old_secrets_and_seals_with_the_new_key(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    before = Keyring.open(file, create=True)
    old = before.seal(b"old", purpose="p")
    add_master_key(file)
    after = Keyring.open(file)
    assert after.unseal(old, purpose="p") == b"old"
    assert not after.is_current(old)
    new = after.seal(b"new", purpose="p")
    assert after.is_current(new)
    with pytest.raises(MasterKeyError):
        before.unseal(new, purpose="p")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_key_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "master.key"
    Keyring.open(file, create=True)
    file.chmod(mode)
    with pytest.raises(MasterKeyError, match="chmod 600"):
        Keyring.open(file)


@pytest.mark.parametrize(
    "content", [b"", b"not base64!\n", base64.b64encode(b"short") + b"\n", "密钥".encode()]
)
def test_damaged_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "master.key"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(MasterKeyError, match="主密钥文件"):
        Keyring.open(file)
