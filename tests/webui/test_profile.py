"""One's own password, second factor, devices and tokens."""

import re

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core.clock import FakeClock
from core.database.models.organisation import APIToken, ConsoleSession, Person
from core.database.sessions import Sessions
from tests.webui.conftest import PASSWORD, Member, csrf_token, post, sign_in
from webui.own_account import device_label

NEW = "另一个-很长-的口令-3917"


@pytest.fixture
def own(client: FlaskClient) -> FlaskClient:
    sign_in(client, "wangmin")
    return client


def change(client: FlaskClient, **form: str) -> tuple[int, str]:
    fields = {"current": PASSWORD, "password": NEW, "again": NEW, **form}
    answer = post(client, "/profile/password", fields)
    return answer.status_code, answer.get_data(as_text=True)


def test_changed_password_opens_and_the_old_one_does_not(
    own: FlaskClient, console_app: Flask
) -> None:
    assert change(own)[0] == 303
    assert own.get("/profile").status_code == 200
    assert sign_in(console_app.test_client(), "wangmin").status_code == 422
    assert sign_in(console_app.test_client(), "wangmin", password=NEW).status_code == 303


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"current": "wrong"}, "现在的密码不对"),
        ({"again": "another"}, "两次输入的新密码不一样"),
        ({"password": "short", "again": "short"}, "至少需要 12 个字符"),
        ({"password": PASSWORD, "again": PASSWORD}, "新密码不能与现在的相同"),
        ({"password": "wangmin-wangmin-9", "again": "wangmin-wangmin-9"}, "不能包含登录名"),
    ],
)
def test_refused_password_change_says_why(
    own: FlaskClient, form: dict[str, str], sentence: str
) -> None:
    status, text = change(own, **form)
    assert status == 422
    assert sentence in text


def test_guessing_the_present_password_locks_like_signing_in(
    own: FlaskClient, console_app: Flask
) -> None:
    for _ in range(5):
        change(own, current="wrong")
    assert "15 分钟内不能再试" in change(own)[1]
    assert sign_in(console_app.test_client(), "wangmin").status_code == 429


def test_changing_the_password_ends_the_other_sessions(
    own: FlaskClient, console_app: Flask
) -> None:
    other = console_app.test_client()
    sign_in(other, "wangmin")
    change(own)
    assert other.get("/profile").status_code == 302
    assert own.get("/profile").status_code == 200


def test_second_factor_is_turned_on_with_its_code_and_gives_recovery_codes_once(
    own: FlaskClient,
    console_app: Flask,
    clock: FakeClock,
    people: dict[str, Member],
    sessions: Sessions,
) -> None:
    page = own.get("/profile/second-factor").get_data(as_text=True)
    assert 'src="data:image/svg+xml' in page
    secret = re.search(r'id="totp-secret"[^>]*>([^<]+)<', page)
    assert secret is not None
    totp = pyotp.TOTP(secret[1].replace(" ", ""))
    assert post(own, "/profile/second-factor", {"code": "000000"}).status_code == 422
    answer = post(own, "/profile/second-factor", {"code": totp.at(clock.now())})
    codes = re.findall(r"(?:[a-z2-9]{4}-){3}[a-z2-9]{4}", answer.get_data(as_text=True))
    assert len(codes) == 10
    assert codes[0] not in own.get("/profile/second-factor").get_data(as_text=True)
    with sessions() as session:
        stored = session.get_one(Person, people["wangmin"].id)
        assert secret[1].replace(" ", "").encode() not in (stored.totp_secret or b"")
        assert codes[0] not in stored.recovery_codes
    for expected in (303, 422):
        client = console_app.test_client()
        sign_in(client, "wangmin")
        form = {"code": codes[0], "csrf_token": csrf_token(client, "/login/code")}
        assert client.post("/login/code", data=form).status_code == expected


def test_second_factor_is_turned_off_only_with_the_password(
    own: FlaskClient, clock: FakeClock
) -> None:
    page = own.get("/profile/second-factor").get_data(as_text=True)
    secret = re.search(r'id="totp-secret"[^>]*>([^<]+)<', page)
    assert secret is not None
    code = pyotp.TOTP(secret[1].replace(" ", "")).at(clock.now())
    post(own, "/profile/second-factor", {"code": code})
    refused = post(own, "/profile/second-factor/disable", {"current": "wrong"})
    assert refused.status_code == 422
    assert post(own, "/profile/second-factor/disable", {"current": PASSWORD}).status_code == 303
    assert "开启两步验证" in own.get("/profile").get_data(as_text=True)


def test_device_can_be_signed_out_from_another(own: FlaskClient, console_app: Flask) -> None:
    other = console_app.test_client()
    sign_in(other, "wangmin")
    found = re.search(r"/profile/sessions/(\d+)/end", own.get("/profile").get_data(as_text=True))
    assert found is not None
    assert post(own, f"/profile/sessions/{found[1]}/end").status_code == 303
    assert other.get("/profile").status_code == 302


def test_session_of_somebody_else_is_left_alone(
    own: FlaskClient, console_app: Flask, people: dict[str, Member], sessions: Sessions
) -> None:
    other = console_app.test_client()
    sign_in(other, "sunyue")
    with sessions() as session:
        theirs = session.scalars(
            select(ConsoleSession.id).where(ConsoleSession.person_id == people["sunyue"].id)
        ).one()
    assert post(own, f"/profile/sessions/{theirs}/end").status_code == 409
    assert other.get("/profile").status_code == 200


def test_token_is_shown_once_and_opens_the_api_alone(
    own: FlaskClient, console_app: Flask, sessions: Sessions
) -> None:
    answer = post(own, "/profile/tokens", {"name": "大屏", "days": "30"})
    found = re.search(r"zs_[\w-]+", answer.get_data(as_text=True))
    assert found is not None
    token = found[0]
    assert token not in own.get("/profile").get_data(as_text=True)
    program = console_app.test_client()
    headers = {"Authorization": f"Bearer {token}"}
    assert program.get("/profile", headers=headers).status_code == 302
    refused = program.post("/profile/tokens", data={"name": "x", "days": "30"}, headers=headers)
    assert refused.status_code == 400
    with sessions() as session:
        row = session.scalars(select(APIToken)).one()
    assert post(own, f"/profile/tokens/{row.id}/revoke").status_code == 303
    assert post(own, f"/profile/tokens/{row.id}/revoke").status_code == 409


@pytest.mark.parametrize("form", [{"name": "", "days": "30"}, {"name": "大屏", "days": "3650"}])
def test_token_needs_a_purpose_and_an_end(own: FlaskClient, form: dict[str, str]) -> None:
    assert post(own, "/profile/tokens", form).status_code == 422


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        ("Mozilla/5.0 (Linux; Android 14) Chrome/120 Mobile MicroMessenger/8", "微信，安卓"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/120 Edg/120", "Edge，Windows"),
        ("", "未知设备"),
    ],
)
def test_device_is_named_so_that_its_owner_knows_it(user_agent: str, label: str) -> None:
    assert device_label(user_agent) == label
