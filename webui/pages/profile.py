"""One's own account: password, second factor, devices, tokens for programs."""

from __future__ import annotations

from collections.abc import Mapping

import segno
from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.database.models.organisation import Organisation, Person
from core.errors import InvalidOptionsError
from core.two_factor import provisioning_uri
from webui import own_account
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.page import render, tell
from webui.permissions import Permission

blueprint = Blueprint("profile", __name__, url_prefix="/profile")

SEE_OTHER = 303
ISSUER = "职声"


@blueprint.get("")
@require(Permission.OWN)
def index() -> Response:
    return _page({}, {})


@blueprint.get("/password")
@require(Permission.OWN)
def password() -> Response:
    return render("profile/password.html", faults={})


@blueprint.post("/password")
@require(Permission.OWN)
def change_password() -> ResponseReturnValue:
    form, now = request.form, console().clock.now()
    if form.get("password") != form.get("again"):
        return _password_refused({"again": "两次输入的新密码不一样"})
    refusal = _refused_password("current")
    if refusal:
        return _password_refused(refusal)
    try:
        with writing() as session:
            own_account.change_password(
                session,
                console().passwords,
                session.get_one(Person, viewer().id, with_for_update=True),
                form.get("password", ""),
                keep_session=viewer().session_id,
                now=now,
            )
    except InvalidOptionsError as error:
        return _password_refused(error.faults)
    tell("密码已更换，其他设备上的登录已经结束。")
    return redirect(url_for("login.landing"), SEE_OTHER)


@blueprint.get("/second-factor")
@require(Permission.OWN)
def second_factor() -> Response:
    return _second_factor_page({})


@blueprint.post("/second-factor")
@require(Permission.OWN)
def confirm_second_factor() -> Response:
    try:
        with writing() as session:
            codes = own_account.confirm_second_factor(
                session,
                console().keyring,
                session.get_one(Person, viewer().id, with_for_update=True),
                session_id=_session_id(),
                code=request.form.get("code", ""),
                now=console().clock.now(),
            )
    except InvalidOptionsError as error:
        return _second_factor_page(error.faults, 422)
    return render("profile/recovery_codes.html", codes=codes)


@blueprint.post("/second-factor/codes")
@require(Permission.OWN)
def renew_recovery_codes() -> Response:
    refusal = _refused_password("current")
    if refusal:
        return _second_factor_page(refusal, 422)
    with writing() as session:
        person = session.get_one(Person, viewer().id, with_for_update=True)
        codes = own_account.renew_recovery_codes(session, person, console().clock.now())
    return render("profile/recovery_codes.html", codes=codes)


@blueprint.post("/second-factor/disable")
@require(Permission.OWN)
def disable_second_factor() -> ResponseReturnValue:
    refusal = _refused_password("current")
    if refusal:
        return _second_factor_page(refusal, 422)
    with writing() as session:
        person = session.get_one(Person, viewer().id, with_for_update=True)
        own_account.disable_second_factor(session, person, console().clock.now())
    tell("两步验证已关闭。", "warn")
    return redirect(url_for("profile.index"), SEE_OTHER)


@blueprint.post("/sessions/<int:session_id>/end")
@require(Permission.OWN)
def end_session(session_id: int) -> ResponseReturnValue:
    with writing() as session:
        own_account.end_session(session, viewer().id, session_id, console().clock.now())
    tell("那台设备上的登录已经结束。")
    return redirect(url_for("profile.index"), SEE_OTHER)


@blueprint.post("/tokens")
@require(Permission.OWN)
def create_token() -> Response:
    form = request.form
    try:
        with writing() as session:
            token = own_account.create_token(
                session,
                viewer().id,
                name=form.get("name", ""),
                days=form.get("days", ""),
                now=console().clock.now(),
            )
    except InvalidOptionsError as error:
        return _page(form, error.faults, 422)
    return render("profile/token.html", token=token, name=form.get("name", ""))


@blueprint.post("/tokens/<int:token_id>/revoke")
@require(Permission.OWN)
def revoke_token(token_id: int) -> ResponseReturnValue:
    with writing() as session:
        own_account.revoke_token(session, viewer().id, token_id, console().clock.now())
    tell("令牌已撤销，用它的程序不能再读取数据。")
    return redirect(url_for("profile.index"), SEE_OTHER)


def _page(form: Mapping[str, str], faults: Mapping[str, str], status: int = 200) -> Response:
    session, now = reading(), console().clock.now()
    person = session.get_one(Person, viewer().id)
    return render(
        "profile/page.html",
        status,
        person=person,
        organisation=session.get_one(Organisation, person.organisation_id).name,
        sessions=own_account.live_sessions(session, person.id, viewer().session_id, now),
        tokens=own_account.list_tokens(session, person.id),
        token_days=[(str(days), f"{days} 天") for days in own_account.TOKEN_DAYS],
        form=form,
        faults=faults,
    )


def _second_factor_page(faults: Mapping[str, str], status: int = 200) -> Response:
    person = reading().get_one(Person, viewer().id)
    if person.totp_confirmed_at is not None:
        return render("profile/second_factor.html", status, person=person, faults=faults)
    with writing() as session:
        secret = own_account.enrolment_secret(session, console().keyring, _session_id())
    address = provisioning_uri(secret, login=person.login, issuer=ISSUER)
    picture = segno.make(address, error="m").svg_data_uri(scale=5, border=4, light="#fff")
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return render("profile/enrolment.html", status, picture=picture, secret=grouped, faults=faults)


def _refused_password(field: str) -> dict[str, str]:
    """Check the present password in a transaction of its own, so that a failure stays counted."""
    with writing() as session:
        refusal = own_account.confirm_password(
            session,
            console().passwords,
            session.get_one(Person, viewer().id),
            request.form.get(field, ""),
            address=request.remote_addr or "",
            now=console().clock.now(),
        )
    return {field: refusal} if refusal else {}


def _password_refused(faults: Mapping[str, str]) -> Response:
    return render("profile/password.html", 422, faults=faults)


def _session_id() -> int:
    session_id = viewer().session_id
    # Tokens of programs open only addresses of the API, so whoever comes here has a session.
    assert session_id is not None  # noqa: S101
    return session_id
