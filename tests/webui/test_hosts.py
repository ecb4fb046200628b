import pytest
from flask import Flask


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8400", "127.0.0.1:8400", "[::1]:8400", "192.0.2.7"]
)
def test_our_own_names_and_plain_addresses_are_answered(console_app: Flask, host: str) -> None:
    assert console_app.test_client().get("/login", headers={"Host": host}).status_code in {
        200,
        302,
        303,
    }


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8400", "localhost.evil.example", "[broken"]
)
def test_a_foreign_name_is_refused(console_app: Flask, host: str) -> None:
    answer = console_app.test_client().get("/login", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.get_data(as_text=True)
