"""The demo's small union: people, duty, channels, accounts and sources."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerting import workdays
from alerting.channels_config import ChannelDraft, save_channel
from alerting.roster import ShiftDraft, create_shift, default_roster
from core.clock import SHANGHAI
from core.database.models.duty import Layer, Shift
from core.database.models.media import Account
from core.database.models.organisation import Organisation, Person, Role
from media_matrix.accounts import create_account
from media_matrix.sandbox.cast import sandbox_accounts
from webui.people import PersonDraft, create_person, find_person
from webui.permissions import ROLE_LABELS
from zhisheng.demo.ports import DemoPorts, demo_ports
from zhisheng.demo.rules import install_rules
from zhisheng.demo.sources import install_sources
from zhisheng.demo.standing_topics import install_topics
from zhisheng.expressions import rule_language
from zhisheng.seeding import Login, first_organisation
from zhisheng.services import Services

PASSWORD = "河湾演练-2026-职声"  # noqa: S105 (the demo's logins are printed at its start)
ANALYST = "fenxi"
ROSTER_DAYS = 32
HANDOVER_HOUR = 8

CAST: Sequence[tuple[str, str, tuple[Role, ...], bool]] = (
    ("zhiban", "王敏", (Role.DUTY,), True),
    ("fuban", "刘洋", (Role.DUTY,), True),
    ("daiban", "周岚", (Role.LEADER,), True),
    (ANALYST, "孙越", (Role.ANALYST,), False),
    ("bianji", "李想", (Role.EDITOR,), False),
    ("shenjiao", "陈静", (Role.REVIEWER,), False),
    ("fushen", "赵宁", (Role.REVIEWER,), False),
    ("admin", "何平", (Role.ADMINISTRATOR, Role.SECURITY), False),
    ("shenji", "吴桐", (Role.AUDITOR,), False),
)


def install_demo(services: Services, now: dt.datetime) -> list[Login]:
    """Make what is missing and point everything at this run's ports; safe to repeat."""
    ports = demo_ports(services.home.path, services.settings.port)
    began_at(services.home.path, now)
    with services.sessions.begin() as session:
        organisation = first_organisation(session, "河湾市总工会（演练）")
        people = _people(session, services, organisation, now)
        enter_calendar(session, people["admin"].id, now)
        _roster(session, organisation, people, now)
        _mail_channel(session, services, ports, people["admin"].id, now)
        install_sources(session, ports)
        _accounts(session, services, organisation, people["bianji"].id, ports, now)
        install_rules(session, people[ANALYST].id, now)
        install_topics(session, people, parse=rule_language(session).parse, now=now)
    return [
        Login(login, "、".join(ROLE_LABELS[role] for role in roles), PASSWORD)
        for login, _, roles, _ in CAST
    ]


def began_at(home: Path, now: dt.datetime) -> dt.datetime:
    """Tell when the world of this home began; the first to ask begins it."""
    file = home / "demo-began"
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(now.isoformat())
    except FileExistsError:
        return dt.datetime.fromisoformat(file.read_text(encoding="utf-8"))
    return now


def _people(
    session: Session, services: Services, organisation: Organisation, now: dt.datetime
) -> dict[str, Person]:
    people: dict[str, Person] = {}
    for login, name, roles, is_on_duty in CAST:
        person = find_person(session, login)
        if person is None:
            draft = PersonDraft(
                login=login,
                name=name,
                roles=[role.value for role in roles],
                organisation_id=organisation.id,
                email=f"{login}@demo.invalid",
                phone="00000000000" if is_on_duty else None,
                channels=["console", "email"],
            )
            person = create_person(
                session, services.passwords, draft, password=PASSWORD, actor="system:demo", now=now
            )
        people[login] = person
    return people


def enter_calendar(session: Session, person_id: int, now: dt.datetime) -> None:
    """Enter the years of the roster that the official calendar does not know yet, as its warning asks for."""
    today = now.astimezone(SHANGHAI).date()
    last = today + dt.timedelta(days=ROSTER_DAYS + 1)
    known = workdays.known_until(session)
    for year in range(today.year, last.year + 1):
        if known is None or known < min(last, dt.date(year, 12, 31)):
            workdays.enter_year_by_weekdays(session, year, person_id=person_id, now=now)


def _roster(
    session: Session, organisation: Organisation, people: dict[str, Person], now: dt.datetime
) -> None:
    """Fill the coming days: handover at eight in the morning, the two officers in turn."""
    roster = default_roster(session, organisation.id, now)
    if roster is None:
        return
    last = session.scalar(select(func.max(Shift.ends_at)).where(Shift.roster_id == roster.id))
    if last is not None and last > now + dt.timedelta(days=2):
        return
    start = now.replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=1)
    handover = start.astimezone(SHANGHAI).replace(hour=HANDOVER_HOUR) + dt.timedelta(days=1)
    for day in range(ROSTER_DAYS):
        first, second = ("zhiban", "fuban") if day % 2 == 0 else ("fuban", "zhiban")
        for login, layer in (
            (first, Layer.FIRST),
            (second, Layer.SECOND),
            ("daiban", Layer.LEADER),
        ):
            draft = ShiftDraft(
                layer=layer,
                person_id=people[login].id,
                starts_at=start,
                ends_at=handover.astimezone(dt.UTC),
                roster_id=roster.id,
            )
            create_shift(session, draft, person_id=people["admin"].id, now=now)
        start, handover = handover.astimezone(dt.UTC), handover + dt.timedelta(days=1)


def _mail_channel(
    session: Session, services: Services, ports: DemoPorts, person_id: int, now: dt.datetime
) -> None:
    options: dict[str, object] = {
        "host": "127.0.0.1",
        "port": ports.mail,
        "security": "none",
        "sender": "zhisheng@demo.invalid",
    }
    save_channel(
        session,
        ChannelDraft(name="email", kind="email", options=options),
        keyring=services.keyring,
        person_id=person_id,
        now=now,
    )


def _accounts(
    session: Session,
    services: Services,
    organisation: Organisation,
    owner_id: int,
    ports: DemoPorts,
    now: dt.datetime,
) -> None:
    if session.scalar(select(Account.id).limit(1)) is not None:
        return
    base = f"http://127.0.0.1:{ports.sandbox}"
    for form in sandbox_accounts(base, organisation.id, owner_id):
        create_account(session, services.keyring, form, person_id=owner_id, now=now)
