"""Accounts of the people who work with the console: sign-in, lockout, passwords, second factor."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Row, any_, func, literal, select
from sqlalchemy.orm import Session

from core import audit
from core.audit import AuditEvent
from core.crypto.keyring import Keyring
from core.database.models.organisation import LoginFailure, Organisation, Person, Role
from core.errors import InvalidOptionsError, WorkflowError
from core.passwords import Passwords
from core.two_factor import accepted_step, matching_recovery_code
from webui.signin import revoke_sessions

MOST_FAILURES = 5
LONGEST_LOGIN = 100
_LOGIN = re.compile(r"[A-Za-z0-9._@-]{1,100}")
LOCKED_FOR = dt.timedelta(minutes=15)
TOTP_PURPOSE = "person.totp"
# No letters that are mistaken for digits or for each other when read out on the phone.
ONE_TIME_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
ONE_TIME_GROUP, ONE_TIME_GROUPS = 4, 4
# Whoever manages the system must not be the one who checks on it.
MANAGING = frozenset({Role.ADMINISTRATOR.value, Role.SECURITY.value})


class PersonNotFoundError(WorkflowError):
    pass


class SignInOutcome(StrEnum):
    SIGNED_IN = "signed_in"
    SECOND_FACTOR = "second_factor"
    REFUSED = "refused"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class SignIn:
    """What came of a try; ``locked_until`` only when locked."""

    outcome: SignInOutcome
    person: Person | None = None
    locked_until: dt.datetime | None = None
    tries_left: int = 0


@dataclass(frozen=True, slots=True)
class PersonDraft:
    """What an administrator says of a person."""

    login: str
    name: str
    roles: Sequence[str]
    organisation_id: int
    email: str | None = None
    phone: str | None = None
    channels: Sequence[str] = ()


def find_person(session: Session, login: str) -> Person | None:
    return session.scalar(select(Person).where(func.lower(Person.login) == login.strip().lower()))


def is_set_up(session: Session) -> bool:
    """Tell whether somebody can already sign in and manage people."""
    statement = select(Person.id).where(_manages_people(), Person.is_active).limit(1)
    return session.scalar(statement) is not None


def _manages_people() -> ColumnElement[bool]:
    return literal(Role.SECURITY.value) == any_(Person.roles)


def take_turns(session: Session, login: str, address: str) -> None:
    """Let tries for one account, or from one address, happen one after another until the transaction ends.

    Otherwise fifty tries at the same moment would all find no failure yet.
    """
    # Locks are always taken in the same order, so that two tries cannot wait for each other.
    for key in sorted(
        _turn_key(f"{kind}:{name}") for kind, name in (("login", login), ("address", address))
    ):
        session.execute(select(func.pg_advisory_xact_lock(key)))


def _turn_key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def locked_until(
    session: Session, login: str, address: str, now: dt.datetime
) -> dt.datetime | None:
    """Tell until when this account, or this address, may not try (ASVS V6: five failures, 15 minutes)."""
    ends: list[dt.datetime] = []
    for condition in (LoginFailure.login == login.lower(), LoginFailure.address == address):
        fifth = _nth_newest_failure(session, condition, now)
        if fifth is not None:
            ends.append(fifth + LOCKED_FOR)
    return max(ends) if ends else None


def _nth_newest_failure(
    session: Session, condition: ColumnElement[bool], now: dt.datetime
) -> dt.datetime | None:
    times = session.scalars(
        select(LoginFailure.at)
        .where(condition, LoginFailure.at > now - LOCKED_FOR)
        .order_by(LoginFailure.at.desc())
        .limit(MOST_FAILURES)
    ).all()
    return times[0] if len(times) == MOST_FAILURES else None


def sign_in(
    session: Session,
    passwords: Passwords,
    *,
    login: str,
    password: str,
    address: str,
    now: dt.datetime,
) -> SignIn:
    """Check a login name and password; a failure is counted, a lock is kept even for the right password."""
    login = login.strip().lower()[:LONGEST_LOGIN]
    take_turns(session, login, address)
    until = locked_until(session, login, address, now)
    if until is not None:
        return SignIn(SignInOutcome.LOCKED, locked_until=until)
    person = find_person(session, login)
    stored = person.password_hash if person is not None and person.is_active else None
    if not passwords.verify(stored, password) or person is None:
        return _count_failure(session, login, address, now)
    if passwords.needs_rehash(person.password_hash):
        person.password_hash = passwords.hash(password)
    if person.totp_confirmed_at is not None:
        return SignIn(SignInOutcome.SECOND_FACTOR, person)
    person.last_login_at = now
    audit.record(session, AuditEvent(f"person:{person.id}", "login", "person", str(person.id)), now)
    return SignIn(SignInOutcome.SIGNED_IN, person)


def _count_failure(session: Session, login: str, address: str, now: dt.datetime) -> SignIn:
    session.add(LoginFailure(login=login, address=address, at=now))
    session.flush()
    audit.record(session, AuditEvent("anonymous", "login", "person", None, "refused"), now)
    until = locked_until(session, login, address, now)
    if until is not None:
        return SignIn(SignInOutcome.LOCKED, locked_until=until)
    failures = session.scalar(
        select(func.count())
        .select_from(LoginFailure)
        .where(LoginFailure.login == login, LoginFailure.at > now - LOCKED_FOR)
    )
    return SignIn(SignInOutcome.REFUSED, tries_left=max(0, MOST_FAILURES - (failures or 0)))


def check_second_factor(
    session: Session, keyring: Keyring, person_id: int, code: str, *, address: str, now: dt.datetime
) -> SignIn:
    """Check a time-based or recovery code; each counts once, failures count like wrong passwords."""
    login = session.scalar(select(Person.login).where(Person.id == person_id)) or ""
    take_turns(session, login.lower(), address)
    person = session.get(Person, person_id, with_for_update=True)
    if person is None or person.totp_secret is None or not person.is_active:
        return SignIn(SignInOutcome.REFUSED)
    until = locked_until(session, person.login.lower(), address, now)
    if until is not None:
        return SignIn(SignInOutcome.LOCKED, locked_until=until)
    secret = keyring.unseal_text(person.totp_secret, purpose=TOTP_PURPOSE)
    step = accepted_step(secret, code, now=now, last_used_step=person.totp_last_step)
    position = None if step is not None else matching_recovery_code(code, person.recovery_codes)
    if step is None and position is None:
        return _count_failure(session, person.login.lower(), address, now)
    if step is not None:
        person.totp_last_step = step
    else:
        person.recovery_codes = [
            item for at, item in enumerate(person.recovery_codes) if at != position
        ]
    person.last_login_at = now
    audit.record(session, AuditEvent(f"person:{person.id}", "login", "person", str(person.id)), now)
    return SignIn(SignInOutcome.SIGNED_IN, person)


def one_time_password() -> str:
    """Make a password that an administrator hands over and its owner changes at once."""
    return "-".join(
        "".join(secrets.choice(ONE_TIME_ALPHABET) for _ in range(ONE_TIME_GROUP))
        for _ in range(ONE_TIME_GROUPS)
    )


def list_people(
    session: Session, *, q: str = "", organisation_id: int | None = None
) -> Sequence[Row[Person, str]]:
    """List people with the name of their organisation: those at work first, then by name."""
    statement = (
        select(Person, Organisation.name)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .order_by(Person.is_active.desc(), Person.name, Person.id)
    )
    if q.strip():
        wanted = f"%{_escaped(q.strip())}%"
        statement = statement.where(Person.name.ilike(wanted) | Person.login.ilike(wanted))
    if organisation_id is not None:
        statement = statement.where(Person.organisation_id == organisation_id)
    return session.execute(statement).all()


def _escaped(text: str) -> str:
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, "\\" + sign)
    return text


def names(session: Session, *, at_work: bool = False) -> dict[int, str]:
    """Map ids to names, in the order of names; with ``at_work`` only of people who may sign in."""
    statement = select(Person.id, Person.name).order_by(Person.name, Person.id)
    rows = session.execute(statement.where(Person.is_active) if at_work else statement)
    return {id_: name for id_, name in rows}  # noqa: C416 (rows are no pairs to mypy)


def with_roles(session: Session, roles: Sequence[Role]) -> dict[int, str]:
    """Map the people at work who have one of the roles to their names, in the order of names."""
    statement = (
        select(Person.id, Person.name)
        .where(Person.is_active, Person.roles.overlap([role.value for role in roles]))
        .order_by(Person.name, Person.id)
    )
    return {id_: name for id_, name in session.execute(statement)}  # noqa: C416 (rows are no pairs to mypy)


def phones(session: Session, person_ids: Sequence[int]) -> dict[int, str]:
    """Map people to the numbers they can be called on; who has none is left out."""
    statement = select(Person.id, Person.phone).where(Person.id.in_(person_ids))
    return {id_: phone for id_, phone in session.execute(statement) if phone}


def get_person(session: Session, person_id: int, *, to_change: bool = False) -> Person:
    """Give a person, locked when they are to be changed; raises PersonNotFoundError."""
    person = session.get(Person, person_id, with_for_update=to_change)
    if person is None:
        raise PersonNotFoundError("没有这位用户，什么也没有改动。请返回用户列表重新选择。")
    return person


def check_new_password(passwords: Passwords, password: str, *, login: str) -> None:
    """Refuse a weak password with InvalidOptionsError for the field ``password``."""
    faults = passwords.faults(password, login=login)
    if faults:
        raise InvalidOptionsError({"password": "".join(fault.label for fault in faults)})


def create_person(
    session: Session,
    passwords: Passwords,
    draft: PersonDraft,
    *,
    password: str,
    actor: str,
    now: dt.datetime,
) -> Person:
    """Add a person; raises InvalidOptionsError naming the faulty fields."""
    _check(session, draft, existing=None)
    check_new_password(passwords, password, login=draft.login)
    person = Person(
        login=draft.login.strip(),
        password_hash=passwords.hash(password),
        password_changed_at=now,
        must_change_password=not actor.startswith("system"),
    )
    _apply(person, draft)
    session.add(person)
    session.flush()
    detail = {"login": person.login, "roles": list(person.roles)}
    audit.record(
        session, AuditEvent(actor, "user.create", "person", str(person.id), detail=detail), now
    )
    return person


def edit_person(
    session: Session, person: Person, draft: PersonDraft, *, actor: str, now: dt.datetime
) -> None:
    """Change a person; a change of roles ends their sessions."""
    _check(session, draft, existing=person)
    before = list(person.roles)
    if Role.SECURITY in before and Role.SECURITY not in draft.roles:
        _keep_one_security(session, person)
    _apply(person, draft)
    if set(before) != set(draft.roles):
        revoke_sessions(session, person.id, now)
    detail = {"before": before, "roles": list(draft.roles)}
    audit.record(
        session, AuditEvent(actor, "user.edit", "person", str(person.id), detail=detail), now
    )


def set_active(
    session: Session, person: Person, *, active: bool, actor: str, now: dt.datetime
) -> None:
    """Disable or enable a person; disabling ends their sessions at once."""
    if not active and Role.SECURITY in person.roles:
        _keep_one_security(session, person)
    person.is_active = active
    if not active:
        revoke_sessions(session, person.id, now)
    action = "user.enable" if active else "user.disable"
    audit.record(session, AuditEvent(actor, action, "person", str(person.id)), now)


def reset_password(
    session: Session,
    passwords: Passwords,
    person: Person,
    password: str,
    *,
    actor: str,
    now: dt.datetime,
) -> None:
    """Set a password that must be changed at the next sign-in, and drop the second factor."""
    check_new_password(passwords, password, login=person.login)
    person.password_hash = passwords.hash(password)
    person.password_changed_at = now
    person.must_change_password = True
    person.totp_secret = person.totp_confirmed_at = person.totp_last_step = None
    person.recovery_codes = []
    revoke_sessions(session, person.id, now)
    audit.record(session, AuditEvent(actor, "user.reset_password", "person", str(person.id)), now)


def _keep_one_security(session: Session, person: Person) -> None:
    others = session.scalar(
        select(func.count())
        .select_from(Person)
        .where(Person.id != person.id, Person.is_active, _manages_people())
    )
    if not others:
        raise WorkflowError("这是最后一位安全管理员，没有改动。请先让另一个人担任安全管理员。")


def _apply(person: Person, draft: PersonDraft) -> None:
    person.organisation_id = draft.organisation_id
    person.name = draft.name.strip()
    person.roles = list(dict.fromkeys(draft.roles))
    person.email = draft.email
    person.phone = draft.phone
    person.channels = list(draft.channels)


def _check(session: Session, draft: PersonDraft, *, existing: Person | None) -> None:
    faults: dict[str, str] = {}
    if not _LOGIN.fullmatch(draft.login.strip()):
        faults["login"] = "登录名要用字母、数字或 . _ - @，最多 100 个，不能有空格"
    else:
        found = find_person(session, draft.login)
        if found is not None and found is not existing:
            faults["login"] = f"已经有登录名为「{draft.login}」的用户"
    if not draft.name.strip():
        faults["name"] = "请填写姓名"
    unknown = [role for role in draft.roles if role not in set(Role)]
    if unknown or not draft.roles:
        faults["roles"] = "请至少选一个角色"
    elif Role.AUDITOR in draft.roles and MANAGING & set(draft.roles):
        faults["roles"] = "审计管理员不能同时是系统管理员或安全管理员"
    if session.get(Organisation, draft.organisation_id) is None:
        faults["organisation_id"] = "请选择所属工会组织"
    if draft.email and "@" not in draft.email[1:-1]:
        faults["email"] = f"要填电子邮箱，收到的是「{draft.email}」"
    if faults:
        raise InvalidOptionsError(faults)
