"""Server-side sessions: who is signed in, for how long, and the proof against forged requests."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets

from flask import Response, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.database.models.organisation import APIToken, ConsoleSession, Person
from webui.access import Viewer, permission_of, refuse
from webui.console import console, reading, writing
from webui.permissions import permissions_of

IDLE_LIMIT = dt.timedelta(minutes=30)
DUTY_IDLE_LIMIT = dt.timedelta(hours=12)
ABSOLUTE_LIMIT = dt.timedelta(hours=12)
SECOND_FACTOR_LIMIT = dt.timedelta(minutes=10)
SEEN_STEP = dt.timedelta(minutes=1)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# A person who still has to do something first may open only these.
UNFINISHED_ENDPOINTS = frozenset(
    {
        "profile.password",
        "profile.change_password",
        "profile.second_factor",
        "profile.confirm_second_factor",
        "login.landing",
        "login.logout",
        "assets.static_file",
    }
)


def cookie_name() -> str:
    """Name the session cookie; the prefix makes browsers insist on https, path and host."""
    return "__Host-zhisheng" if console().settings.is_https else "zhisheng"


def anonymous_cookie_name() -> str:
    return cookie_name() + "-form"


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def open_session(
    session: Session, person: Person, now: dt.datetime, *, second_factor_pending: bool
) -> str:
    """Start a session and return the token for the cookie; the row keeps only its hash."""
    token = secrets.token_urlsafe(32)
    session.add(
        ConsoleSession(
            token_hash=token_hash(token),
            person_id=person.id,
            csrf_token=secrets.token_urlsafe(24),
            created_at=now,
            seen_at=now,
            expires_at=now + ABSOLUTE_LIMIT,
            second_factor_pending=second_factor_pending,
            address=request.remote_addr,
            device=(request.user_agent.string or "")[:200],
        )
    )
    return token


def set_cookie(response: Response, token: str) -> None:
    response.set_cookie(
        cookie_name(),
        token,
        httponly=True,
        samesite="Lax",
        secure=console().settings.is_https,
        path="/",
    )


def clear_cookie(response: Response) -> None:
    response.delete_cookie(
        cookie_name(), httponly=True, samesite="Lax", secure=console().settings.is_https, path="/"
    )


def revoke_sessions(
    session: Session, person_id: int, now: dt.datetime, *, keep: int | None = None
) -> None:
    """End all sessions of a person, after a password or role change."""
    statement = update(ConsoleSession).where(
        ConsoleSession.person_id == person_id, ConsoleSession.revoked_at.is_(None)
    )
    if keep is not None:
        statement = statement.where(ConsoleSession.id != keep)
    session.execute(statement.values(revoked_at=now))


def revoke_session(session: Session, session_id: int, now: dt.datetime) -> None:
    session.execute(
        update(ConsoleSession)
        .where(ConsoleSession.id == session_id, ConsoleSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def pending_person() -> int | None:
    """Give whose password was right and whose second factor is awaited; None when that took too long."""
    row: ConsoleSession | None = g.console_session
    if row is None or not row.second_factor_pending:
        return None
    is_late = row.created_at + SECOND_FACTOR_LIMIT <= console().clock.now()
    return None if is_late else row.person_id


def local_address(target: str | None) -> str | None:
    """Give the address when it is one of this console, else None: a link must not lead elsewhere."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    # Browsers read a backslash as a slash and drop control characters.
    return None if "\\" in target or any(letter < " " for letter in target) else target


def identify() -> None:
    """Find out who asks: the session cookie or an API token. Runs before every request."""
    g.viewer = None
    g.console_session = None
    authorization = request.headers.get("Authorization", "")
    # A program's token opens the API alone: it must not change passwords or make more tokens.
    if authorization.startswith("Bearer ") and request.path.startswith("/api/"):
        g.viewer = _viewer_of_token(authorization.removeprefix("Bearer ").strip())
        g.by_token = g.viewer is not None
        return
    token = request.cookies.get(cookie_name())
    row = _live_session(token) if token else None
    if row is None:
        return
    g.console_session = row
    # Kept by itself: an error page still needs it when the row can no longer be read.
    g.session_csrf_token = row.csrf_token
    person = reading().get(Person, row.person_id) if row.person_id else None
    if person is not None and person.is_active and not row.second_factor_pending:
        g.viewer = _viewer(person, row.id)


def _live_session(token: str) -> ConsoleSession | None:
    now = console().clock.now()
    row = reading().scalar(
        select(ConsoleSession).where(ConsoleSession.token_hash == token_hash(token))
    )
    if row is None or row.revoked_at is not None or row.expires_at <= now:
        return None
    person = reading().get(Person, row.person_id) if row.person_id else None
    # A duty officer's phone stays signed in through the night (console.md, phone page).
    idle = DUTY_IDLE_LIMIT if person is not None and "duty" in person.roles else IDLE_LIMIT
    if row.seen_at + idle <= now:
        return None
    if row.seen_at + SEEN_STEP <= now:
        with writing() as session:
            session.execute(
                update(ConsoleSession).where(ConsoleSession.id == row.id).values(seen_at=now)
            )
    return row


def _viewer_of_token(token: str) -> Viewer | None:
    now = console().clock.now()
    row = reading().scalar(select(APIToken).where(APIToken.token_hash == token_hash(token)))
    if (
        row is None
        or row.revoked_at is not None
        or (row.expires_at is not None and row.expires_at <= now)
    ):
        return None
    person = reading().get(Person, row.person_id)
    return _viewer(person, None) if person is not None and person.is_active else None


def _viewer(person: Person, session_id: int | None) -> Viewer:
    enrolled = person.totp_confirmed_at is not None
    return Viewer(
        id=person.id,
        login=person.login,
        name=person.name,
        roles=tuple(person.roles),
        permissions=permissions_of(person.roles),
        organisation_id=person.organisation_id,
        session_id=session_id,
        must_change_password=person.must_change_password,
        must_enrol_second_factor=console().settings.require_second_factor and not enrolled,
    )


def csrf_token() -> str:
    """Give the token that forms and fragments send back; anonymous forms use a cookie of their own."""
    if g.get("console_session") is not None:
        return str(g.session_csrf_token)
    if g.get("anonymous_token") is None:
        g.anonymous_token = request.cookies.get(anonymous_cookie_name()) or secrets.token_urlsafe(
            24
        )
    return str(g.anonymous_token)


def keep_anonymous_token(response: Response) -> Response:
    token = g.get("anonymous_token")
    if token is not None and request.cookies.get(anonymous_cookie_name()) != token:
        response.set_cookie(
            anonymous_cookie_name(),
            token,
            httponly=True,
            samesite="Lax",
            secure=console().settings.is_https,
            path="/",
        )
    return response


def guard() -> ResponseReturnValue | None:
    """Refuse forged requests and everybody the view is not for. Runs after ``identify``."""
    if request.endpoint is None:
        return None
    if request.method not in SAFE_METHODS and not g.get("by_token"):
        _check_csrf()
    needed = permission_of(current_app, request.endpoint)
    if needed is None:
        return None
    if g.viewer is None:
        return _ask_to_sign_in()
    if needed not in g.viewer.permissions:
        raise refuse(needed)
    if request.endpoint not in UNFINISHED_ENDPOINTS and not g.get("by_token"):
        if g.viewer.must_change_password:
            return redirect(url_for("profile.password"))
        if g.viewer.must_enrol_second_factor:
            return redirect(url_for("profile.second_factor"))
    return None


def _check_csrf() -> None:
    sent = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    expected = (
        g.session_csrf_token
        if g.get("console_session") is not None
        else request.cookies.get(anonymous_cookie_name(), "")
    )
    if not expected or not hmac.compare_digest(sent.encode(), expected.encode()):
        abort(400, "页面的校验码过期了，刚才的操作没有执行。请刷新页面后再做一次。")


def _ask_to_sign_in() -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        abort(401)
    target = request.full_path.rstrip("?") if request.method == "GET" else "/"
    where = url_for("login.login_page", next=target)
    if request.headers.get("HX-Request"):
        # A swapped-in login page would look broken inside a fragment: send the whole page there.
        return "", 401, {"HX-Redirect": where}
    return redirect(where)
