"""Signing in, being locked out, the second factor, and the page of the first start."""

import datetime as dt
import stat

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from config.settings import load_settings
from core import audit
from core.clock import FakeClock
from core.database.models.operations import AuditEntry
from core.database.models.organisation import Organisation, Person
from core.database.sessions import Sessions
from core.errors import InvalidOptionsError
from tests.webui.conftest import PASSWORD, Member, console_of, csrf_token, post, sign_in
from webui import first_run
from webui.people import TOTP_PURPOSE
from webui.signin import local_address

SETUP = {
    "organisation": "河湾市总工会",
    "name": "何平",
    "login": "heping",
    "password": "一个-很长-的口令-8451",
    "again": "一个-很长-的口令-8451",
}


def enrol(app: Flask, person_id: int) -> pyotp.TOTP:
    """Give a person a confirmed second factor, as their profile page does."""
    console = console_of(app)
    secret = pyotp.random_base32()
    with console.sessions.begin() as session:
        person = session.get_one(Person, person_id)
        person.totp_secret = console.keyring.seal_text(secret, purpose=TOTP_PURPOSE)
        person.totp_confirmed_at = console.clock.now()
    return pyotp.TOTP(secret)


def test_right_password_leads_to_the_page_of_the_role(client: FlaskClient) -> None:
    answer = sign_in(client, "wangmin")
    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert client.get("/start").headers["Location"] == "/alerts"


def test_login_name_ignores_case_and_spaces(client: FlaskClient) -> None:
    assert sign_in(client, " WangMin ").status_code == 303


@pytest.mark.parametrize(("login", "password"), [("wangmin", "wrong"), ("nobody", PASSWORD)])
def test_wrong_password_and_unknown_name_get_the_same_answer(
    client: FlaskClient, login: str, password: str
) -> None:
    answer = sign_in(client, login, password=password)
    assert answer.status_code == 422
    assert "登录名或密码不正确。还可以再试 4 次" in answer.get_data(as_text=True)


def test_sixth_try_is_locked_out_even_with_the_right_password(
    client: FlaskClient, clock: FakeClock
) -> None:
    for _ in range(4):
        assert sign_in(client, "wangmin", password="wrong").status_code == 422
    assert sign_in(client, "wangmin", password="wrong").status_code == 429
    locked = sign_in(client, "wangmin")
    assert locked.status_code == 429
    assert "锁定到 09:45" in locked.get_data(as_text=True)
    clock.advance(dt.timedelta(minutes=15))
    assert sign_in(client, "wangmin").status_code == 303


def test_what_was_typed_stays_except_the_password(client: FlaskClient) -> None:
    text = sign_in(client, "wangmin", password="my-secret-try").get_data(as_text=True)
    assert 'value="wangmin"' in text
    assert "my-secret-try" not in text


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/roster?span=month", "/roster?span=month"),
        ("https://elsewhere.example/", None),
        ("//elsewhere.example/", None),
        ("/\\elsewhere.example", None),
        ("/\t/elsewhere.example", None),
        ("", None),
    ],
)
def test_only_addresses_of_this_console_are_led_to(target: str, leads_to: str | None) -> None:
    assert local_address(target) == leads_to


def test_login_leads_back_to_the_page_that_was_asked_for(client: FlaskClient) -> None:
    form = {"login": "wangmin", "password": PASSWORD, "next": "/roster?span=month"}
    answer = client.post("/login", data={**form, "csrf_token": csrf_token(client, "/login")})
    assert answer.headers["Location"] == "/start?next=/roster?span%3Dmonth"
    assert client.get(answer.headers["Location"]).headers["Location"] == "/roster?span=month"


def test_password_alone_opens_nothing_once_a_second_factor_is_on(
    console_app: Flask, people: dict[str, Member], clock: FakeClock
) -> None:
    totp = enrol(console_app, people["wangmin"].id)
    client = console_app.test_client()
    assert sign_in(client, "wangmin").headers["Location"] == "/login/code"
    assert client.get("/roster").status_code == 302
    token = csrf_token(client, "/login/code")
    wrong = client.post("/login/code", data={"code": "000000", "csrf_token": token})
    assert wrong.status_code == 422
    right = {"code": totp.at(clock.now()), "csrf_token": token}
    assert client.post("/login/code", data=right).status_code == 303
    assert client.get("/roster").status_code == 200


def test_a_code_counts_once(
    console_app: Flask, people: dict[str, Member], clock: FakeClock
) -> None:
    totp = enrol(console_app, people["wangmin"].id)
    code = totp.at(clock.now())
    outcomes = []
    for _ in range(2):
        client = console_app.test_client()
        sign_in(client, "wangmin")
        form = {"code": code, "csrf_token": csrf_token(client, "/login/code")}
        outcomes.append(client.post("/login/code", data=form).status_code)
    assert outcomes == [303, 422]


def test_second_step_waits_ten_minutes_at_most(
    console_app: Flask, people: dict[str, Member], clock: FakeClock
) -> None:
    totp = enrol(console_app, people["wangmin"].id)
    client = console_app.test_client()
    sign_in(client, "wangmin")
    token = csrf_token(client, "/login/code")
    clock.advance(dt.timedelta(minutes=10))
    form = {"code": totp.at(clock.now()), "csrf_token": token}
    assert client.post("/login/code", data=form).headers["Location"].startswith("/login")
    assert client.get("/roster").status_code == 302


def test_logout_ends_the_session_on_the_server(client: FlaskClient) -> None:
    sign_in(client, "wangmin")
    cookie = client.get_cookie("zhisheng")
    assert cookie is not None
    assert post(client, "/logout").status_code == 303
    client.set_cookie("zhisheng", cookie.value)
    assert client.get("/roster").status_code == 302


@pytest.mark.parametrize(("login", "idle"), [("sunyue", 30), ("wangmin", 12 * 60)])
def test_idle_session_ends_later_for_who_is_on_duty(
    console_app: Flask, people: dict[str, Member], clock: FakeClock, login: str, idle: int
) -> None:
    assert people
    client = console_app.test_client()
    sign_in(client, login)
    clock.advance(dt.timedelta(minutes=idle - 1))
    assert client.get("/profile").status_code == 200
    clock.advance(dt.timedelta(minutes=min(idle, 30)))
    assert client.get("/profile").status_code == 302


def test_every_page_leads_to_setup_until_somebody_manages_people(console_app: Flask) -> None:
    client = console_app.test_client()
    for path in ("/", "/login", "/alerts", "/api/v1/alerts"):
        assert client.get(path).headers["Location"] == "/setup"
    assert client.get("/healthz").status_code == 200
    assert client.get("/setup").status_code == 200


def test_first_administrator_is_created_once_and_signed_in(
    console_app: Flask, sessions: Sessions
) -> None:
    client = console_app.test_client()
    token = csrf_token(client, "/setup")
    answer = client.post("/setup", data={**SETUP, "csrf_token": token})
    assert answer.status_code == 303
    assert "开通步骤" in client.get("/system").get_data(as_text=True)
    with sessions() as session:
        person = session.scalars(select(Person)).one()
        assert sorted(person.roles) == ["administrator", "security"]
        assert not person.must_change_password
        assert session.scalars(select(Organisation.name)).one() == SETUP["organisation"]
        assert "setup" in set(session.scalars(select(AuditEntry.action)))
        assert audit.verify(session) is None
    other = console_app.test_client()
    assert other.get("/setup").headers["Location"] == "/login"
    token = csrf_token(other, "/login")
    form = {**SETUP, "login": "intruder", "csrf_token": token}
    assert other.post("/setup", data=form).headers["Location"] == "/login"
    with sessions() as session:
        assert len(session.scalars(select(Person.id)).all()) == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"password": "short", "again": "short"}, "密码至少需要 12 个字符"),
        ({"again": "something else"}, "两次输入的密码不一样"),
        ({"login": "何 平"}, "登录名要用字母"),
        ({"organisation": " "}, "请填写工会组织的名称"),
    ],
)
def test_setup_keeps_what_was_typed_and_names_the_fault(
    console_app: Flask, change: dict[str, str], sentence: str
) -> None:
    client = console_app.test_client()
    form = {**SETUP, **change, "csrf_token": csrf_token(client, "/setup")}
    answer = client.post("/setup", data=form)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert sentence in text
    assert 'value="何平"' in text
    assert SETUP["password"] not in text


def test_console_that_others_can_reach_asks_for_the_code_of_the_terminal(
    console_app: Flask, sessions: Sessions
) -> None:
    home = console_of(console_app).settings.home
    environment = {
        "ZHISHENG_HOME": str(home),
        "ZHISHENG_BIND": "0.0.0.0",  # noqa: S104 (what this test is about)
        "ZHISHENG_PUBLIC_URL": "https://console.example.org",
    }
    settings = load_settings(environment)
    with sessions() as session:
        file = first_run.prepare_code(session, settings)
        assert file is not None
        assert first_run.prepare_code(session, settings) == file
    code = first_run.read_code(settings)
    assert code is not None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first_run.check_code(settings, f" {code.upper()} ")
    for wrong in ("", "aaaa-bbbb-cccc"):
        with pytest.raises(InvalidOptionsError) as refusal:
            first_run.check_code(settings, wrong)
        assert set(refusal.value.faults) == {"code"}


def test_console_of_one_machine_asks_for_no_code(console_app: Flask, sessions: Sessions) -> None:
    settings = console_of(console_app).settings
    assert not first_run.needs_code(settings)
    with sessions() as session:
        assert first_run.prepare_code(session, settings) is None
    first_run.check_code(settings, "")
