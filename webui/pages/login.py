"""Signing in and out, and the page of the very first start."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.audit import AuditEvent, record
from core.errors import ConflictError, InvalidOptionsError
from webui import first_run, navigation, people
from webui.access import public, require, viewer
from webui.console import console, reading, writing
from webui.formats import clock_time
from webui.page import render, tell
from webui.people import SignIn, SignInOutcome
from webui.permissions import Permission
from webui.signin import (
    clear_cookie,
    local_address,
    open_session,
    pending_person,
    revoke_session,
    set_cookie,
)

blueprint = Blueprint("login", __name__)

SEE_OTHER = 303


@blueprint.get("/login")
@public
def login_page() -> ResponseReturnValue:
    if g.viewer is not None:
        return redirect(local_address(request.args.get("next")) or navigation.landing(g.viewer))
    return render("login/page.html", form={}, next=request.args.get("next", ""))


@blueprint.post("/login")
@public
def sign_in() -> ResponseReturnValue:
    now = console().clock.now()
    with writing() as session:
        result = people.sign_in(
            session,
            console().passwords,
            login=request.form.get("login", ""),
            password=request.form.get("password", ""),
            address=request.remote_addr or "",
            now=now,
        )
        if result.person is not None:
            _end_current(session)
            pending = result.outcome is SignInOutcome.SECOND_FACTOR
            token = open_session(session, result.person, now, second_factor_pending=pending)
    if result.person is None:
        return _refused("login/page.html", result, "登录名或密码不正确。", request.form)
    target = local_address(request.form.get("next"))
    where = url_for("login.code_page" if pending else "login.landing", next=target or None)
    return _with_session(where, token)


@blueprint.get("/login/code")
@public
def code_page() -> ResponseReturnValue:
    if pending_person() is None:
        return redirect(url_for("login.login_page", next=request.args.get("next")))
    return render("login/code.html", next=request.args.get("next", ""))


@blueprint.post("/login/code")
@public
def check_code() -> ResponseReturnValue:
    person_id = pending_person()
    if person_id is None:
        tell("等待验证码的时间太长，没有登录。请重新输入密码。", "warn")
        return redirect(url_for("login.login_page", next=request.form.get("next")), SEE_OTHER)
    now = console().clock.now()
    with writing() as session:
        result = people.check_second_factor(
            session,
            console().keyring,
            person_id,
            request.form.get("code", ""),
            address=request.remote_addr or "",
            now=now,
        )
        if result.outcome is SignInOutcome.SIGNED_IN and result.person is not None:
            # A new token: whoever saw the cookie of the first step holds nothing.
            _end_current(session)
            token = open_session(session, result.person, now, second_factor_pending=False)
    if result.outcome is not SignInOutcome.SIGNED_IN:
        return _refused("login/code.html", result, "验证码不正确或已经用过。", request.form)
    target = local_address(request.form.get("next"))
    return _with_session(url_for("login.landing", next=target or None), token)


@blueprint.get("/start")
@require(Permission.OWN)
def landing() -> ResponseReturnValue:
    """Lead to the page that was asked for, else to the one of the person's role."""
    return redirect(local_address(request.args.get("next")) or navigation.landing(viewer()))


@blueprint.post("/logout")
@require(Permission.OWN)
def logout() -> ResponseReturnValue:
    now = console().clock.now()
    with writing() as session:
        _end_current(session)
        record(session, AuditEvent(viewer().actor, "logout", "person", str(viewer().id)), now)
    response = make_response(redirect(url_for("login.login_page"), SEE_OTHER))
    clear_cookie(response)
    return response


@blueprint.get("/setup")
@public
def setup() -> ResponseReturnValue:
    if people.is_set_up(reading()):
        return redirect(url_for("login.login_page"))
    return _setup_page({}, {})


@blueprint.post("/setup")
@public
def create_administrator() -> ResponseReturnValue:
    settings, now, form = console().settings, console().clock.now(), request.form
    try:
        first_run.check_code(settings, form.get("code", ""))
        first_run.check_repeated(form.get("password", ""), form.get("again", ""))
        with writing() as session:
            person = first_run.set_up(
                session,
                console().passwords,
                first_run.FirstAdministrator(
                    organisation=form.get("organisation", ""),
                    login=form.get("login", ""),
                    name=form.get("name", ""),
                    password=form.get("password", ""),
                    email=form.get("email", "").strip() or None,
                ),
                now,
            )
            token = open_session(session, person, now, second_factor_pending=False)
    except InvalidOptionsError as error:
        return _setup_page(form, error.faults, 422)
    except ConflictError as error:
        tell(str(error), "warn")
        return redirect(url_for("login.login_page"), SEE_OTHER)
    first_run.forget_code(settings)
    tell("已创建管理员。接下来按本页的“开通步骤”完成设置。")
    return _with_session(url_for("login.landing"), token)


def _setup_page(form: Mapping[str, str], faults: Mapping[str, str], status: int = 200) -> Response:
    needs_code = first_run.needs_code(console().settings)
    return render("login/setup.html", status, form=form, faults=faults, needs_code=needs_code)


def _end_current(session: Session) -> None:
    if g.console_session is not None:
        revoke_session(session, g.console_session.id, console().clock.now())


def _with_session(where: str, token: str) -> Response:
    response = make_response(redirect(where, SEE_OTHER))
    set_cookie(response, token)
    return response


def _refused(template: str, result: SignIn, what: str, form: Mapping[str, str]) -> Response:
    if result.outcome is SignInOutcome.LOCKED:
        until = clock_time(result.locked_until)
        text = f"连续输错，登录已锁定到 {until}，没有登录。请到时再试，或请安全管理员重置密码。"
        return render(template, 429, error=text, form=form, next=form.get("next", ""))
    left = f"还可以再试 {result.tries_left} 次，之后锁定 15 分钟。" if result.tries_left else ""
    return render(template, 422, error=what + left, form=form, next=form.get("next", ""))
