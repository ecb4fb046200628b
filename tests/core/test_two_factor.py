import datetime as dt

import pyotp
import pytest

from core.two_factor import (
    STEP_S,
    accepted_step,
    matching_recovery_code,
    new_recovery_codes,
    new_secret,
    provisioning_uri,
)

# RFC 6238, appendix B, the secret of its SHA-1 rows.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
NOW = dt.datetime.fromtimestamp(1111111109, dt.UTC)
CODE = "081804"


def test_code_of_the_standard_is_accepted_once() -> None:
    step = accepted_step(SECRET, CODE, now=NOW, last_used_step=None)
    assert step == 1111111109 // STEP_S
    assert accepted_step(SECRET, CODE, now=NOW, last_used_step=step) is None


@pytest.mark.parametrize(("shift", "is_accepted"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_clock_may_differ_by_one_step(shift: int, is_accepted: bool) -> None:
    now = NOW + dt.timedelta(seconds=shift * STEP_S)
    step = accepted_step(SECRET, CODE, now=now, last_used_step=None)
    assert (step is not None) is is_accepted


def test_older_step_is_refused_after_a_newer_one() -> None:
    newer = accepted_step(SECRET, CODE, now=NOW, last_used_step=None)
    previous = pyotp.TOTP(SECRET).at(NOW, counter_offset=-1)
    assert accepted_step(SECRET, previous, now=NOW, last_used_step=newer) is None


@pytest.mark.parametrize(
    "code", ["", "08180", "0818040", "08180a", "０８１８０４", "081 805", "-81804"]
)
def test_malformed_or_wrong_code_is_refused(code: str) -> None:
    assert accepted_step(SECRET, code, now=NOW, last_used_step=None) is None


def test_code_typed_with_a_space_is_accepted() -> None:
    assert accepted_step(SECRET, " 081 804 ", now=NOW, last_used_step=None) is not None


def test_app_address_names_the_product_and_the_login() -> None:
    address = provisioning_uri(new_secret(), login="zhangsan", issuer="职声")
    assert address.startswith("otpauth://totp/")
    assert "zhangsan" in address


def test_recovery_codes_open_by_position_and_are_stored_hashed() -> None:
    codes = new_recovery_codes()
    assert len(set(codes.plain)) == len(codes.hashes) == 10
    assert matching_recovery_code(codes.plain[3].upper().replace("-", " "), codes.hashes) == 3
    assert matching_recovery_code("aaaa-bbbb-cccc-dddd", codes.hashes) is None
    assert not set(codes.plain) & set(codes.hashes)
    assert codes.plain[0] not in repr(codes)
