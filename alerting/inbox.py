"""What the console shows of alerts: the list, the badge, messages and the numbers of the status."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from alerting.deadlines import REPORT_LABELS
from alerting.evidence import member_ids
from alerting.levels import SEVERITY_LABELS, SEVERITY_NAMES, STATE_LABELS
from alerting.report_clocks import report_deadlines
from core.clock import to_rfc3339
from core.database.base import JsonObject
from core.database.models.alerting import Alert, AlertState, Delivery, DeliveryState, Severity
from core.database.models.collecting import Document
from core.database.models.organisation import Person

CRAWLED = "crawl"
MOST_ROWS = 200
LONGEST_OFFSET = 9
_LIVE = (AlertState.OPEN.value, AlertState.ACKNOWLEDGED.value)
_DONE = (AlertState.RESOLVED.value, AlertState.CLOSED.value)


class InboxTab(StrEnum):
    MINE = "mine"
    ALL = "all"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class NextDeadline:
    label: str
    at: dt.datetime
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class AlertRow:
    id: int
    number: str
    title: str
    summary: str | None
    severity: Severity
    severity_label: str
    state: AlertState
    state_label: str
    documents: int
    sources: int
    opened_at: dt.datetime
    last_match_at: dt.datetime
    acknowledge_by: dt.datetime | None
    next_deadline: NextDeadline | None
    acknowledged_by: str | None
    acknowledged_at: dt.datetime | None
    owner: str | None
    cycle: int
    version: int
    is_demo: bool
    is_late: bool
    regions: tuple[str, ...]
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertPage:
    """``cursor`` None: there is no next page."""

    rows: tuple[AlertRow, ...]
    cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class Badge:
    """``version`` differs whenever any alert has changed."""

    open: int
    red: int
    version: str


@dataclass(frozen=True, slots=True)
class InboxMessage:
    delivery_id: int
    alert_id: int | None
    title: str
    body: str
    link: str | None
    severity: Severity
    created_at: dt.datetime
    read_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class NewestRed:
    alert_id: int
    opened_at: dt.datetime
    documents: int
    crawled_documents: int
    first_delivered_at: dt.datetime | None
    channel: str | None


@dataclass(frozen=True, slots=True)
class AlertCounts:
    open: Mapping[Severity, int]
    acknowledged: int
    resolved: int
    closed: int
    newest_red: NewestRed | None

    def as_json(self) -> JsonObject:
        red = self.newest_red
        return {
            "open": {SEVERITY_NAMES[level]: self.open.get(level, 0) for level in Severity},
            "acknowledged": self.acknowledged,
            "resolved": self.resolved,
            "closed": self.closed,
            "newest_red": None
            if red is None
            else {
                "id": str(red.alert_id),
                "opened_at": to_rfc3339(red.opened_at),
                "documents": red.documents,
                "crawled_documents": red.crawled_documents,
                "first_delivered_at": to_rfc3339(red.first_delivered_at),
                "channel": red.channel,
            },
        }


@dataclass(frozen=True, slots=True)
class DeliveryCounts:
    sent: int
    due: int
    unknown: int
    dead: int

    def as_json(self) -> JsonObject:
        return {"sent": self.sent, "due": self.due, "unknown": self.unknown, "dead": self.dead}


def list_alerts(
    session: Session,
    *,
    tab: InboxTab,
    person_id: int | None,
    now: dt.datetime,
    limit: int = 50,
    after: str | None = None,
) -> AlertPage:
    """List one tab. Live alerts: the gravest first, then the least time left; closed: the newest first.

    ``mine`` are the live alerts that a person owns, acknowledged, or was told about.
    """
    where = _tab(tab, person_id)
    total = session.scalar(select(func.count()).select_from(Alert).where(*where)) or 0
    owner, taker = aliased(Person), aliased(Person)
    statement = (
        select(Alert, owner.name, taker.name)
        .outerjoin(owner, owner.id == Alert.owner_id)
        .outerjoin(taker, taker.id == Alert.acknowledged_by)
        .where(*where)
    )
    offset = _offset(after)
    limit = min(limit, MOST_ROWS)
    if tab is InboxTab.CLOSED:
        statement = statement.order_by(
            func.coalesce(Alert.closed_at, Alert.resolved_at).desc(), Alert.id.desc()
        )
    else:
        soonest = func.least(Alert.acknowledge_by, Alert.oral_report_by, Alert.written_report_by)
        statement = statement.order_by(
            Alert.severity, Alert.state.desc(), soonest.asc().nulls_last(), Alert.id
        )
    found = session.execute(statement.limit(limit + 1).offset(offset)).all()
    rows = tuple(alert_row(alert, by, taken, now) for alert, by, taken in found[:limit])
    cursor = str(offset + limit) if len(found) > limit else None
    return AlertPage(rows, cursor, total)


def _offset(after: str | None) -> int:
    is_offset = after and after.isascii() and after.isdigit() and len(after) <= LONGEST_OFFSET
    return int(after) if after and is_offset else 0


def _tab(tab: InboxTab, person_id: int | None) -> tuple[ColumnElement[bool], ...]:
    if tab is InboxTab.CLOSED:
        return (Alert.state.in_(_DONE),)
    live = Alert.state.in_(_LIVE)
    if tab is InboxTab.ALL:
        return (live,)
    told = select(Delivery.alert_id).where(
        Delivery.person_id == person_id, Delivery.alert_id.is_not(None)
    )
    mine = or_(Alert.owner_id == person_id, Alert.acknowledged_by == person_id, Alert.id.in_(told))
    return (live, mine)


def alert_row(
    alert: Alert, owner: str | None, acknowledged_by: str | None, now: dt.datetime
) -> AlertRow:
    severity, state = Severity(alert.severity), AlertState(alert.state)
    return AlertRow(
        id=alert.id,
        number=alert.number,
        title=alert.title,
        summary=alert.summary,
        severity=severity,
        severity_label=SEVERITY_LABELS[severity],
        state=state,
        state_label=STATE_LABELS[state],
        documents=alert.documents,
        sources=alert.sources,
        opened_at=alert.opened_at,
        last_match_at=alert.last_match_at,
        acknowledge_by=alert.acknowledge_by,
        next_deadline=_next_deadline(alert, now),
        acknowledged_by=acknowledged_by,
        acknowledged_at=alert.acknowledged_at,
        owner=owner,
        cycle=alert.cycle,
        version=alert.version,
        is_demo=alert.is_demo,
        is_late=alert.evidence.get("is_late") is True,
        regions=tuple(alert.regions),
        topics=tuple(alert.topics),
    )


def _next_deadline(alert: Alert, now: dt.datetime) -> NextDeadline | None:
    clocks = [(at, REPORT_LABELS[kind]) for kind, at in report_deadlines(alert).items()]
    if alert.state == AlertState.OPEN.value and alert.acknowledge_by is not None:
        clocks.append((alert.acknowledge_by, "签收"))
    if not clocks or alert.state == AlertState.CLOSED.value:
        return None
    at, label = min(clocks)
    return NextDeadline(label, at, is_overdue=at < now)


def badge(session: Session, person_id: int | None = None) -> Badge:
    """Count the alerts that wait for an acknowledgement, all or a person's own."""
    where: tuple[ColumnElement[bool], ...] = (Alert.state == AlertState.OPEN.value,)
    if person_id is not None:
        where = (*where, *_tab(InboxTab.MINE, person_id))
    waiting = session.execute(
        select(func.count(), func.count().filter(Alert.severity == Severity.RED.value)).where(
            *where
        )
    ).one()
    changed = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(Alert.version), 0),
            func.coalesce(func.sum(Alert.cycle), 0),
        )
    ).one()
    return Badge(waiting[0], waiting[1], "-".join(str(number) for number in changed))


def messages(session: Session, person_id: int, *, limit: int = 50) -> tuple[InboxMessage, ...]:
    """List what a person's inbox holds, the newest first."""
    rows = session.scalars(
        select(Delivery)
        .where(Delivery.person_id == person_id, Delivery.channel == "console")
        .order_by(Delivery.created_at.desc(), Delivery.id.desc())
        .limit(min(limit, MOST_ROWS))
    )
    return tuple(
        InboxMessage(
            row.id,
            row.alert_id,
            row.title,
            row.body,
            row.link,
            Severity(row.priority),
            row.created_at,
            row.read_at,
        )
        for row in rows
    )


def mark_read(session: Session, person_id: int, delivery_id: int, now: dt.datetime) -> None:
    """Mark one of the person's own messages; somebody else's stays as it is."""
    session.execute(
        update(Delivery)
        .where(
            Delivery.id == delivery_id,
            Delivery.person_id == person_id,
            Delivery.read_at.is_(None),
        )
        .values(read_at=now)
        .execution_options(synchronize_session=False)
    )


def alert_counts(session: Session) -> AlertCounts:
    rows = session.execute(
        select(Alert.state, Alert.severity, func.count()).group_by(Alert.state, Alert.severity)
    ).all()
    open_by_level = {
        Severity(severity): number
        for state, severity, number in rows
        if state == AlertState.OPEN.value
    }
    by_state: dict[str, int] = {}
    for state, _, number in rows:
        by_state[state] = by_state.get(state, 0) + number
    return AlertCounts(
        open=open_by_level,
        acknowledged=by_state.get(AlertState.ACKNOWLEDGED.value, 0),
        resolved=by_state.get(AlertState.RESOLVED.value, 0),
        closed=by_state.get(AlertState.CLOSED.value, 0),
        newest_red=_newest_red(session),
    )


def _newest_red(session: Session) -> NewestRed | None:
    """Describe the newest red alert; its first delivery outside the console counts before the inbox."""
    alert = session.scalars(
        select(Alert)
        .where(Alert.severity == Severity.RED.value)
        .order_by(Alert.opened_at.desc(), Alert.id.desc())
        .limit(1)
    ).one_or_none()
    if alert is None:
        return None
    ids = member_ids(session, alert.id, alert.rule_id, alert.group_key)
    crawled = session.scalar(
        select(func.count()).where(Document.id.in_(ids), Document.collected_by == CRAWLED)
    )
    delivered = session.execute(
        select(Delivery.sent_at, Delivery.channel)
        .where(Delivery.alert_id == alert.id, Delivery.sent_at.is_not(None))
        .order_by(Delivery.channel == "console", Delivery.sent_at)
        .limit(1)
    ).one_or_none()
    return NewestRed(
        alert_id=alert.id,
        opened_at=alert.opened_at,
        documents=alert.documents,
        crawled_documents=crawled or 0,
        first_delivered_at=delivered.sent_at if delivered else None,
        channel=delivered.channel if delivered else None,
    )


def delivery_counts(session: Session) -> DeliveryCounts:
    """Count messages by what became of them; cleared dead and unknown ones no longer count."""
    state, cleared = Delivery.state, Delivery.cleared_at.is_(None)
    row = session.execute(
        select(
            func.count().filter(state == DeliveryState.SENT.value),
            func.count().filter(
                state.in_([DeliveryState.PENDING.value, DeliveryState.SENDING.value])
            ),
            func.count().filter(state == DeliveryState.UNKNOWN.value, cleared),
            func.count().filter(state == DeliveryState.DEAD.value, cleared),
        )
    ).one()
    return DeliveryCounts(*row)
