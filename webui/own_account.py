"""What people do to their own account: password, second factor, sessions, tokens for programs."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import audit
from core.audit import AuditEvent
from core.crypto.keyring import Keyring
from core.database.models.organisation import APIToken, ConsoleSession, LoginFailure, Person
from core.errors import ConflictError, InvalidOptionsError
from core.passwords import Passwords
from core.two_factor import accepted_step, new_recovery_codes, new_secret
from webui.people import TOTP_PURPOSE, check_new_password, locked_until, take_turns
from webui.signin import revoke_session, revoke_sessions, token_hash

ENROLMENT = "enrolment"
ENROLMENT_PURPOSE = "session.enrolment"
TOKEN_DAYS = (30, 90, 365)
LONGEST_TOKEN_NAME = 40
MOST_TOKENS = 20


@dataclass(frozen=True, slots=True)
class SessionRow:
    id: int
    device: str
    address: str
    created_at: dt.datetime
    seen_at: dt.datetime
    is_current: bool


def confirm_password(
    session: Session,
    passwords: Passwords,
    person: Person,
    password: str,
    *,
    address: str,
    now: dt.datetime,
) -> str | None:
    """Check the person's present password; gives a Chinese refusal, or None. A failure counts as at sign-in."""
    login = person.login.lower()
    take_turns(session, login, address)
    if locked_until(session, login, address, now) is not None:
        return "连续输错，15 分钟内不能再试；什么也没有改动"
    if passwords.verify(person.password_hash, password):
        return None
    session.add(LoginFailure(login=login, address=address, at=now))
    return "现在的密码不对，什么也没有改动"


def change_password(
    session: Session,
    passwords: Passwords,
    person: Person,
    new: str,
    *,
    keep_session: int | None,
    now: dt.datetime,
) -> None:
    """Set a new password and end all other sessions; raises InvalidOptionsError for ``password``."""
    check_new_password(passwords, new, login=person.login)
    if passwords.verify(person.password_hash, new):
        raise InvalidOptionsError({"password": "新密码不能与现在的相同"})
    person.password_hash = passwords.hash(new)
    person.password_changed_at = now
    person.must_change_password = False
    revoke_sessions(session, person.id, now, keep=keep_session)
    _record(session, person.id, "user.change_password", now)


def enrolment_secret(session: Session, keyring: Keyring, session_id: int) -> str:
    """Give the secret that this session is enrolling, made at the first call; it counts once confirmed."""
    row = session.get_one(ConsoleSession, session_id, with_for_update=True)
    kept = row.data.get(ENROLMENT)
    if isinstance(kept, str):
        return keyring.unseal_text(bytes.fromhex(kept), purpose=ENROLMENT_PURPOSE)
    secret = new_secret()
    sealed = keyring.seal_text(secret, purpose=ENROLMENT_PURPOSE)
    row.data = {**row.data, ENROLMENT: sealed.hex()}
    return secret


def confirm_second_factor(
    session: Session,
    keyring: Keyring,
    person: Person,
    *,
    session_id: int,
    code: str,
    now: dt.datetime,
) -> tuple[str, ...]:
    """Turn the second factor on; gives the recovery codes, which are shown this once.

    Raises InvalidOptionsError for ``code``, and ConflictError when it is on already.
    """
    if person.totp_confirmed_at is not None:
        raise ConflictError("两步验证已经开启，没有改动。")
    secret = enrolment_secret(session, keyring, session_id)
    step = accepted_step(secret, code, now=now, last_used_step=None)
    if step is None:
        raise InvalidOptionsError(
            {"code": "验证码不对。请核对手机时间是否准确，再输入新的 6 位数字"}
        )
    person.totp_secret = keyring.seal_text(secret, purpose=TOTP_PURPOSE)
    person.totp_confirmed_at = now
    person.totp_last_step = step
    row = session.get_one(ConsoleSession, session_id)
    row.data = {name: value for name, value in row.data.items() if name != ENROLMENT}
    revoke_sessions(session, person.id, now, keep=session_id)
    _record(session, person.id, "user.enable_second_factor", now)
    return renew_recovery_codes(session, person, now)


def renew_recovery_codes(session: Session, person: Person, now: dt.datetime) -> tuple[str, ...]:
    """Replace all recovery codes; the old ones open nothing any more."""
    codes = new_recovery_codes()
    person.recovery_codes = list(codes.hashes)
    _record(session, person.id, "user.renew_recovery_codes", now)
    return codes.plain


def disable_second_factor(session: Session, person: Person, now: dt.datetime) -> None:
    person.totp_secret = person.totp_confirmed_at = person.totp_last_step = None
    person.recovery_codes = []
    _record(session, person.id, "user.disable_second_factor", now)


def live_sessions(
    session: Session, person_id: int, current: int | None, now: dt.datetime
) -> list[SessionRow]:
    rows = session.scalars(
        select(ConsoleSession)
        .where(
            ConsoleSession.person_id == person_id,
            ConsoleSession.revoked_at.is_(None),
            ConsoleSession.expires_at > now,
            ~ConsoleSession.second_factor_pending,
        )
        .order_by(ConsoleSession.seen_at.desc(), ConsoleSession.id.desc())
    )
    return [
        SessionRow(
            id=row.id,
            device=device_label(row.device or ""),
            address=row.address or "—",
            created_at=row.created_at,
            seen_at=row.seen_at,
            is_current=row.id == current,
        )
        for row in rows
    ]


def device_label(user_agent: str) -> str:
    """Name browser and system from a User-Agent, roughly: enough to recognise one's own device."""
    systems = (
        ("Android", "安卓"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
        ("Mac OS", "macOS"), ("Linux", "Linux"),
    )  # fmt: skip
    browsers = (
        ("MicroMessenger", "微信"), ("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    )  # fmt: skip
    system = next((label for mark, label in systems if mark in user_agent), "")
    browser = next((label for mark, label in browsers if mark in user_agent), "")
    return "，".join(filter(None, (browser, system))) or "未知设备"


def end_session(session: Session, person_id: int, session_id: int, now: dt.datetime) -> None:
    """End one session of the person; somebody else's is left alone with a ConflictError."""
    row = session.get(ConsoleSession, session_id)
    if row is None or row.person_id != person_id or row.revoked_at is not None:
        raise ConflictError("这次登录已经结束，没有改动。")
    revoke_session(session, session_id, now)
    _record(session, person_id, "user.end_session", now)


def list_tokens(session: Session, person_id: int) -> Sequence[APIToken]:
    statement = select(APIToken).where(APIToken.person_id == person_id)
    return session.scalars(
        statement.where(APIToken.revoked_at.is_(None)).order_by(APIToken.id.desc())
    ).all()


def create_token(
    session: Session, person_id: int, *, name: str, days: str, now: dt.datetime
) -> str:
    """Give a new token, shown this once; raises InvalidOptionsError for ``name`` and ``days``."""
    faults: dict[str, str] = {}
    name = name.strip()
    existing = session.scalars(select(APIToken).where(APIToken.person_id == person_id)).all()
    if not 1 <= len(name) <= LONGEST_TOKEN_NAME:
        faults["name"] = f"用途要写 1 到 {LONGEST_TOKEN_NAME} 个字"
    elif any(token.name == name for token in existing):
        faults["name"] = f"已经有过名为「{name}」的令牌，请换一个名字"
    elif sum(token.revoked_at is None for token in existing) >= MOST_TOKENS:
        faults["name"] = f"每人最多 {MOST_TOKENS} 个令牌，请先撤销不用的"
    if days not in {str(allowed) for allowed in TOKEN_DAYS}:
        faults["days"] = "请选择有效期"
    if faults:
        raise InvalidOptionsError(faults)
    token = f"zs_{secrets.token_urlsafe(32)}"
    session.add(
        APIToken(
            person_id=person_id,
            name=name,
            token_hash=token_hash(token),
            created_at=now,
            expires_at=now + dt.timedelta(days=int(days)),
        )
    )
    _record(session, person_id, "user.create_token", now)
    return token


def revoke_token(session: Session, person_id: int, token_id: int, now: dt.datetime) -> None:
    changed = session.scalar(
        update(APIToken)
        .where(
            APIToken.id == token_id,
            APIToken.person_id == person_id,
            APIToken.revoked_at.is_(None),
        )
        .values(revoked_at=now)
        .returning(APIToken.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        raise ConflictError("这个令牌已经撤销，没有改动。")
    _record(session, person_id, "user.revoke_token", now)


def _record(session: Session, person_id: int, action: str, now: dt.datetime) -> None:
    audit.record(session, AuditEvent(f"person:{person_id}", action, "person", str(person_id)), now)
