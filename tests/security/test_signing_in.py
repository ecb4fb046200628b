"""Guessing from many places at once, replaying a code, planting a cookie."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from config.settings import load_settings
from core.clock import FakeClock
from core.database.models.organisation import ConsoleSession, LoginFailure, Person
from core.database.sessions import Sessions
from tests.webui.conftest import PASSWORD, Member, csrf_token, post, sign_in
from webui.application import create_app
from webui.console import Console
from webui.people import MOST_FAILURES, TOTP_PURPOSE

WRONG = "不是这个口令-2026-错"
AT_ONCE = 12


def failures(sessions: Sessions) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(LoginFailure)) or 0


def test_tries_at_the_same_moment_get_no_more_than_five(
    console_app: Flask, people: dict[str, Member], sessions: Sessions
) -> None:
    assert people
    browsers = [console_app.test_client() for _ in range(AT_ONCE)]
    tokens = [csrf_token(browser, "/login") for browser in browsers]

    def guess(number: int) -> int:
        form = {"login": "wangmin", "password": WRONG, "csrf_token": tokens[number]}
        address = {"REMOTE_ADDR": f"203.0.113.{number}"}
        return browsers[number].post("/login", data=form, environ_base=address).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = sorted(pool.map(guess, range(AT_ONCE)))
    assert answers == [422] * (MOST_FAILURES - 1) + [429] * (AT_ONCE - MOST_FAILURES + 1)
    assert failures(sessions) == MOST_FAILURES


def test_one_address_may_not_go_through_the_accounts(client: FlaskClient) -> None:
    answers = [
        sign_in(client, login, password=WRONG).status_code
        for login in ("wangmin", "zhoulan", "lixiang", "chenjing", "zhaoning", "sunyue")
    ]
    assert answers == [422] * 4 + [429] * 2
    assert sign_in(client, "admin").status_code == 429


def test_invented_forwarded_addresses_do_not_help(
    console_for_tests: Console, people: dict[str, Member]
) -> None:
    assert people
    settings = dataclasses.replace(console_for_tests.settings, trusted_proxies=("10.0.0.1",))
    behind = create_app(dataclasses.replace(console_for_tests, settings=settings))
    direct = behind.test_client()
    for number in range(MOST_FAILURES):
        form = {
            "login": f"nobody{number}",
            "password": WRONG,
            "csrf_token": csrf_token(direct, "/login"),
        }
        headers = {"X-Forwarded-For": f"203.0.113.{number}"}
        answer = direct.post("/login", data=form, headers=headers)
    assert answer.status_code == 429
    form = {"login": "wangmin", "password": PASSWORD, "csrf_token": csrf_token(direct, "/login")}
    through = {"REMOTE_ADDR": "10.0.0.1"}
    headers = {"X-Forwarded-For": "198.51.100.7"}
    answer = direct.post("/login", data=form, headers=headers, environ_base=through)
    assert answer.status_code == 303


def test_one_code_opens_one_of_two_sessions_at_the_same_moment(
    console_app: Flask,
    console_for_tests: Console,
    people: dict[str, Member],
    sessions: Sessions,
    clock: FakeClock,
) -> None:
    assert people
    secret = pyotp.random_base32()
    with sessions.begin() as session:
        person = session.scalars(select(Person).where(Person.login == "zhoulan")).one()
        person.totp_secret = console_for_tests.keyring.seal_text(secret, purpose=TOTP_PURPOSE)
        person.totp_confirmed_at = clock.now()
    code = pyotp.TOTP(secret).at(clock.now())
    browsers = [console_app.test_client() for _ in range(4)]
    tokens = []
    for browser in browsers:
        assert sign_in(browser, "zhoulan").location.startswith("/login/code")
        tokens.append(csrf_token(browser, "/login/code"))

    def enter(number: int) -> int:
        form = {"code": code, "csrf_token": tokens[number]}
        return browsers[number].post("/login/code", data=form).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(enter, range(4))) == [303, 422, 422, 422]


def test_a_planted_cookie_becomes_no_session(
    console_app: Flask, people: dict[str, Member], sessions: Sessions
) -> None:
    assert people
    browser = console_app.test_client()
    browser.set_cookie("zhisheng", "planted")
    before = sign_in(browser, "wangmin").headers.getlist("Set-Cookie")
    assert not any("planted" in cookie for cookie in before)
    first = browser.get_cookie("zhisheng")
    post(browser, "/login", {"login": "wangmin", "password": PASSWORD})
    second = browser.get_cookie("zhisheng")
    assert first is not None
    assert second is not None
    assert first.value != second.value
    stolen = console_app.test_client()
    stolen.set_cookie("zhisheng", first.value)
    assert stolen.get("/profile").status_code == 302
    with sessions() as session:
        stored = session.scalars(select(ConsoleSession.token_hash)).all()
    assert second.value.encode() not in stored


@pytest.mark.parametrize(
    ("public_url", "name", "is_secure"),
    [
        ("https://yuqing.example.org", "__Host-zhisheng", True),
        ("http://127.0.0.1:8400", "zhisheng", False),
    ],
)
def test_cookie_is_as_strict_as_the_address_allows(
    console_for_tests: Console,
    people: dict[str, Member],
    public_url: str,
    name: str,
    *,
    is_secure: bool,
) -> None:
    assert people
    home = {
        "ZHISHENG_HOME": str(console_for_tests.settings.home),
        "ZHISHENG_PUBLIC_URL": public_url,
    }
    app = create_app(dataclasses.replace(console_for_tests, settings=load_settings(home)))
    browser = app.test_client()
    options = {"base_url": public_url}
    token = (
        browser.get("/login", **options)
        .get_data(as_text=True)
        .split('name="csrf_token" value="')[1]
        .split('"')[0]
    )
    form = {"login": "wangmin", "password": PASSWORD, "csrf_token": token}
    answer = browser.post("/login", data=form, **options)
    cookie = next(
        text for text in answer.headers.getlist("Set-Cookie") if text.startswith(f"{name}=")
    )
    for part in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert ("Secure" in cookie) is is_secure
    assert "Domain" not in cookie
    assert "Expires" not in cookie


def test_revoked_token_is_nobody_and_a_live_one_needs_no_form(client: FlaskClient) -> None:
    sign_in(client, "wangmin")
    page = post(client, "/profile/tokens", {"name": "大屏", "days": "30"}).get_data(as_text=True)
    token = next(
        word
        for word in page.replace("<", ">").split(">")
        if len(word.strip()) > 30 and word.strip().isascii() and " " not in word.strip()
    ).strip()
    program = client.application.test_client()
    headers = {"Authorization": f"Bearer {token}"}
    assert program.get("/api/v1/alerts", headers=headers).status_code == 200
    assert program.post("/api/v1/alerts/999/acknowledge", headers=headers).status_code == 404
    assert (
        program.post(
            "/profile/tokens", data={"name": "x", "days": "30"}, headers=headers
        ).status_code
        == 400
    )
    post(client, "/profile/tokens/1/revoke")
    assert program.get("/api/v1/alerts", headers=headers).status_code == 401
