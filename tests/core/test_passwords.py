from pathlib import Path

import pytest
from argon2 import PasswordHasher

import config
from core.passwords import PasswordFault, Passwords

COMMON_FILE = Path(config.__file__).parent / "data" / "common_passwords.txt"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords.load(COMMON_FILE, QUICK)


@pytest.mark.parametrize(
    "password",
    [
        "浙江职工之家的三棵樟树",
        "correct-horse-77-stapler",
        "Tm9!kLw2#vQe",
        "今天食堂有红烧肉吗？不知道",
        "river otter lamp violin",
    ],
)
def test_good_password_is_accepted(passwords: Passwords, password: str) -> None:
    faults = passwords.faults(password, login="zhangsan")
    assert faults == (() if len(password) >= 12 else (PasswordFault.TOO_SHORT,))


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("Tm9!kLw2#vQ", PasswordFault.TOO_SHORT),
        ("", PasswordFault.TOO_SHORT),
        ("长" * 257, PasswordFault.TOO_LONG),
        ("administrator123", PasswordFault.COMMON),
        ("PASSWORD123456", PasswordFault.COMMON),
        ("P@ssw0rd20261121", PasswordFault.COMMON),
        ("ｐａｓｓｗｏｒｄ１２３４", PasswordFault.COMMON),
        ("gonghui12351!", PasswordFault.COMMON),
        ("zhonghuarenmingongheguo", PasswordFault.COMMON),
        ("aaaaaaaaaaaa", PasswordFault.PATTERN),
        ("x7k!x7k!x7k!x7k!", PasswordFault.PATTERN),
        ("fghijklmnopq", PasswordFault.PATTERN),
        ("mnbvcxzlkjhg", PasswordFault.PATTERN),
        ("890123456789", PasswordFault.PATTERN),
        ("my-ZhangSan-home", PasswordFault.CONTAINS_LOGIN),
    ],
)
def test_weak_password_is_refused_with_its_reason(
    passwords: Passwords, password: str, fault: PasswordFault
) -> None:
    assert fault in passwords.faults(password, login="zhangsan")
    assert fault.label.endswith("。")


def test_list_is_long_and_folded() -> None:
    lines = COMMON_FILE.read_text(encoding="utf-8").splitlines()
    assert len(lines) >= 1000
    assert lines == sorted(set(lines))
    assert all(line == line.casefold().strip() for line in lines)


def test_stored_form_is_argon2id_and_differs_each_time() -> None:
    passwords = Passwords(frozenset())
    first, second = passwords.hash("Tm9!kLw2#vQe"), passwords.hash("Tm9!kLw2#vQe")
    assert first.startswith("$argon2id$")
    assert first != second
    assert not passwords.needs_rehash(first)
    assert passwords.needs_rehash(QUICK.hash("Tm9!kLw2#vQe"))


def test_only_the_right_password_opens(passwords: Passwords) -> None:
    stored = passwords.hash("ｐurple tram 九号线")
    assert passwords.verify(stored, "purple tram 九号线")
    for wrong in ("purple tram 九号", "", "purple tram 九号线" * 50):
        assert not passwords.verify(stored, wrong)


@pytest.mark.parametrize("stored", [None, "", "$argon2id$broken", "plain"])
def test_missing_or_broken_hash_never_opens(passwords: Passwords, stored: str | None) -> None:
    assert not passwords.verify(stored, "no account has this password")
