"""The first start of an installation: nobody can sign in yet, and every page leads to /setup."""

from __future__ import annotations

import datetime as dt
import hmac
import os
import secrets
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from flask import current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.settings import Settings
from core import audit
from core.audit import AuditEvent
from core.database.models.organisation import Organisation, Person, Role
from core.errors import ConflictError, InvalidOptionsError
from core.passwords import Passwords
from webui.console import reading
from webui.people import PersonDraft, create_person, is_set_up

ACTOR = "system:setup"
CODE_FILE = "setup-code"
OPEN_ENDPOINTS = frozenset(
    {
        "login.setup",
        "login.create_administrator",
        "assets.static_file",
        "health.healthz",
        "health.readyz",
    }
)
_DONE = "is_set_up"
# Two browsers must not both become the first administrator.
_SETUP_LOCK = 7_305_112_028
# No letters that are mistaken for digits or for each other when read from a terminal.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAdministrator:
    """What the first-run page asks for."""

    organisation: str
    login: str
    name: str
    password: str
    email: str | None = None


def lead_to_setup() -> ResponseReturnValue | None:
    """Send every page to /setup while nobody can manage people. Runs before every request."""
    # Once set up, always set up: the last security manager can be neither disabled nor demoted.
    if current_app.extensions.get(_DONE) or request.endpoint in {None, *OPEN_ENDPOINTS}:
        return None
    if is_set_up(reading()):
        current_app.extensions[_DONE] = True
        return None
    return redirect(url_for("login.setup"))


def needs_code(settings: Settings) -> bool:
    """Tell whether somebody from another machine could reach the first-run page before its owner."""
    host = urlsplit(settings.public_url).hostname or ""
    return bool(settings.trusted_proxies) or not (
        _is_loopback(settings.bind) and _is_loopback(host)
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def prepare_code(session: Session, settings: Settings) -> Path | None:
    """Keep the one-time code in the data folder while it is needed; gives its file, or None.

    Only who reads the terminal or the data folder of this machine (mode 0600) knows the code.
    """
    file = settings.home / CODE_FILE
    if is_set_up(session) or not needs_code(settings):
        file.unlink(missing_ok=True)
        return None
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(_new_code() + "\n")
    return file


def read_code(settings: Settings) -> str | None:
    try:
        return (settings.home / CODE_FILE).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None


def _new_code() -> str:
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))


def check_code(settings: Settings, typed: str) -> None:
    """Raise InvalidOptionsError for the field ``code`` unless it is the code of this installation."""
    if not needs_code(settings):
        return
    known = read_code(settings)
    if known is None:
        raise InvalidOptionsError({"code": "还没有生成开通码，请重启控制台后到终端查看。"})
    if not hmac.compare_digest(_plain(typed), _plain(known)):
        raise InvalidOptionsError(
            {"code": "开通码不对。它写在数据文件夹的 setup-code 里，启动时也会打印。"}
        )


def check_repeated(password: str, again: str) -> None:
    if password != again:
        raise InvalidOptionsError({"again": "两次输入的密码不一样"})


def _plain(code: str) -> bytes:
    return "".join(letter for letter in code.lower() if letter.isalnum()).encode()


def set_up(
    session: Session, passwords: Passwords, form: FirstAdministrator, now: dt.datetime
) -> Person:
    """Name the organisation and create its administrator; raises ConflictError when somebody was first."""
    session.execute(select(func.pg_advisory_xact_lock(_SETUP_LOCK)))
    if is_set_up(session):
        raise ConflictError("已经有人完成了开通，没有再建管理员。请用已有账号登录。")
    if not form.organisation.strip():
        raise InvalidOptionsError({"organisation": "请填写工会组织的名称"})
    organisation = session.scalar(select(Organisation).order_by(Organisation.id).limit(1))
    if organisation is None:
        organisation = Organisation(name=form.organisation.strip(), level="city")
        session.add(organisation)
    organisation.name = form.organisation.strip()
    session.flush()
    draft = PersonDraft(
        login=form.login,
        name=form.name,
        roles=[Role.ADMINISTRATOR.value, Role.SECURITY.value],
        organisation_id=organisation.id,
        email=form.email,
        channels=["console", "email"],
    )
    person = create_person(session, passwords, draft, password=form.password, actor=ACTOR, now=now)
    audit.record(session, AuditEvent(ACTOR, "setup", "organisation", str(organisation.id)), now)
    return person


def forget_code(settings: Settings) -> None:
    """Remove the code once it has served; it opens nothing any more."""
    (settings.home / CODE_FILE).unlink(missing_ok=True)
