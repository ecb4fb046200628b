"""Everything the page of one alert shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from alerting import timeline
from alerting.actions import Action, available_actions
from alerting.alerts import AlertNotFoundError
from alerting.deadlines import REPORT_LABELS, ReportKind
from alerting.escalation_chain import EscalationChain
from alerting.inbox import AlertRow, alert_row
from alerting.levels import DELIVERY_STATE_LABELS, VERDICT_LABELS, reason_label
from alerting.report_clocks import follow_up_by
from core import audit, claims
from core.database.models.alerting import (
    Alert,
    Case,
    Delivery,
    DeliveryState,
    ReportState,
    Rule,
    Severity,
    Silence,
    Verdict,
)
from core.database.models.collecting import Document, DocumentBody, Source
from core.database.models.organisation import Person
from core.errors import ConflictError

EXCERPT = 160


@dataclass(frozen=True, slots=True)
class EvidenceDocument:
    """``spans`` are (field, start, end), half-open code points into the stored title or text."""

    document_id: int
    title: str
    excerpt: str
    url: str
    source: str
    published_at: dt.datetime
    spans: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class MeasureRow:
    label: str
    value: float
    threshold: float | None


@dataclass(frozen=True, slots=True)
class AlertEvidence:
    why: str
    documents: tuple[EvidenceDocument, ...]
    measures: tuple[MeasureRow, ...]


@dataclass(frozen=True, slots=True)
class DeadlineRow:
    kind: str
    label: str
    at: dt.datetime
    done_at: dt.datetime | None
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class TimelineRow:
    sequence: int
    at: dt.datetime
    actor: str
    actor_name: str
    action: str
    text: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    id: int
    alert_id: int | None
    person: str
    channel: str
    state: DeliveryState
    state_label: str
    reason: str
    reason_label: str
    created_at: dt.datetime
    sent_at: dt.datetime | None
    last_error: str | None
    is_resend: bool


@dataclass(frozen=True, slots=True)
class StepRow:
    number: int
    due_at: dt.datetime | None
    layers: tuple[str, ...]
    channels: tuple[str, ...]
    is_done: bool


@dataclass(frozen=True, slots=True)
class AlertDetail:
    row: AlertRow
    actions: tuple[Action, ...]
    rule_id: int
    rule_name: str
    rule_version: int
    advice: str | None
    severity_reason: str | None
    proposed_severity: Severity
    evidence: AlertEvidence
    deadlines: tuple[DeadlineRow, ...]
    timeline: tuple[TimelineRow, ...]
    is_timeline_whole: bool
    deliveries: tuple[DeliveryRow, ...]
    policy: str
    is_policy_confirmed: bool
    steps: tuple[StepRow, ...]
    next_step_at: dt.datetime | None
    case_id: int | None
    verdict: Verdict | None
    verdict_label: str | None
    verdict_reason: str | None
    follows_id: int | None
    silenced_until: dt.datetime | None
    inhibited_by_id: int | None
    report_state: ReportState


def alert_detail(session: Session, alert_id: int, now: dt.datetime) -> AlertDetail:
    """Read one alert; raises AlertNotFoundError."""
    alert = session.get(Alert, alert_id, populate_existing=True)
    if alert is None:
        raise AlertNotFoundError(f"没有编号为 {alert_id} 的预警，可能已按保存期限删除。")
    rule = session.get_one(Rule, alert.rule_id)
    chain = EscalationChain.from_json(alert.chain)
    silence = session.get(Silence, alert.silenced_by_id) if alert.silenced_by_id else None
    return AlertDetail(
        row=alert_row(
            alert, _name(session, alert.owner_id), _name(session, alert.acknowledged_by), now
        ),
        actions=available_actions(alert_row(alert, None, None, now).state),
        rule_id=rule.id,
        rule_name=rule.name,
        rule_version=alert.rule_version,
        advice=rule.advice,
        severity_reason=alert.severity_reason,
        proposed_severity=Severity(alert.proposed_severity),
        evidence=_evidence(session, alert),
        deadlines=_deadlines(alert, now),
        timeline=_timeline(session, alert.id),
        is_timeline_whole=timeline.verify_timeline(session, alert.id) is None,
        deliveries=delivery_rows(session, [alert.id]),
        policy=chain.policy,
        is_policy_confirmed=chain.is_confirmed,
        steps=_steps(alert, chain),
        next_step_at=alert.next_step_at,
        case_id=session.scalar(select(Case.id).where(Case.alert_id == alert.id)),
        verdict=Verdict(alert.verdict) if alert.verdict else None,
        verdict_label=VERDICT_LABELS[Verdict(alert.verdict)] if alert.verdict else None,
        verdict_reason=alert.verdict_reason,
        follows_id=alert.follows_id,
        silenced_until=silence.ends_at if silence else None,
        inhibited_by_id=alert.inhibited_by_id,
        report_state=ReportState(alert.report_state),
    )


def _name(session: Session, person_id: int | None) -> str | None:
    if person_id is None:
        return None
    return session.scalar(select(Person.name).where(Person.id == person_id))


def _evidence(session: Session, alert: Alert) -> AlertEvidence:
    listed = _listed(alert.evidence.get("documents"))
    spans = {_number(item.get("id")): _spans(item.get("spans")) for item in listed}
    rows = {
        document.id: (document, title, text, source)
        for document, title, text, source in session.execute(
            select(Document, DocumentBody.title, DocumentBody.text, Source.name)
            .join(DocumentBody, DocumentBody.document_id == Document.id)
            .join(Source, Source.id == Document.source_id)
            .where(Document.id.in_(spans))
        )
    }
    documents = tuple(
        EvidenceDocument(
            id_,
            rows[id_][1],
            _excerpt(rows[id_][2], found),
            rows[id_][0].canonical_url,
            rows[id_][3],
            rows[id_][0].published_at,
            found,
        )
        for id_, found in spans.items()
        if id_ in rows
    )
    measures = tuple(
        MeasureRow(
            str(item.get("label")),
            _decimal(item.get("value")) or 0,
            _decimal(item.get("threshold")),
        )
        for item in _listed(alert.evidence.get("measures"))
    )
    return AlertEvidence(str(alert.evidence.get("why") or ""), documents, measures)


def _listed(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _decimal(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _spans(value: object) -> tuple[tuple[str, int, int], ...]:
    if not isinstance(value, list):
        return ()
    return tuple((str(field), int(start), int(end)) for field, start, end in value)


def _excerpt(text: str, spans: Sequence[tuple[str, int, int]]) -> str:
    """Cut the text around its first hit."""
    first = min((start for field, start, _ in spans if field == "text"), default=0)
    start = max(0, first - EXCERPT // 4)
    cut = text[start : start + EXCERPT]
    return ("…" if start else "") + cut + ("…" if start + EXCERPT < len(text) else "")


def _deadlines(alert: Alert, now: dt.datetime) -> tuple[DeadlineRow, ...]:
    clocks: list[tuple[str, str, dt.datetime | None, dt.datetime | None]] = [
        ("acknowledge", "签收", alert.acknowledge_by, alert.acknowledged_at)
    ]
    moments = {
        ReportKind.ORAL: alert.oral_report_by,
        ReportKind.WRITTEN: alert.written_report_by,
        ReportKind.FOLLOW_UP: follow_up_by(alert),
        ReportKind.FINAL: alert.final_report_by,
    }
    for kind, at in moments.items():
        done = alert.report_reminders.get(f"{kind.value}_done")
        done_at = dt.datetime.fromisoformat(done) if isinstance(done, str) else None
        clocks.append((kind.value, REPORT_LABELS[kind], at, done_at))
    return tuple(
        DeadlineRow(kind, label, at, done_at, is_overdue=(done_at or now) > at)
        for kind, label, at, done_at in clocks
        if at is not None
    )


def _timeline(session: Session, alert_id: int) -> tuple[TimelineRow, ...]:
    found = timeline.entries(session, alert_id)
    ids = {
        int(entry.actor.partition(":")[2]) for entry in found if entry.actor.startswith("person:")
    }
    names = dict(session.execute(select(Person.id, Person.name).where(Person.id.in_(ids))).all())
    return tuple(
        TimelineRow(
            entry.sequence,
            entry.at,
            entry.actor,
            names.get(int(entry.actor.partition(":")[2] or 0), "人员")
            if entry.actor.startswith("person:")
            else "系统",
            entry.action,
            entry.text,
        )
        for entry in found
    )


def _steps(alert: Alert, chain: EscalationChain) -> tuple[StepRow, ...]:
    return tuple(
        StepRow(
            number,
            chain.due_at(alert.severity, number, repeat_s=None),
            step.layers,
            step.channels,
            is_done=alert.notified_at is not None
            and (alert.next_step is None or number < alert.next_step),
        )
        for number, step in enumerate(chain.steps.get(alert.severity, ()), 1)
    )


def delivery_rows(session: Session, alert_ids: Sequence[int]) -> tuple[DeliveryRow, ...]:
    return _delivery_rows(session, Delivery.alert_id.in_(alert_ids))


def troubled_deliveries(session: Session) -> tuple[DeliveryRow, ...]:
    """List dead and unknown messages that nobody has cleared yet."""
    states = [DeliveryState.DEAD.value, DeliveryState.UNKNOWN.value]
    return _delivery_rows(session, Delivery.state.in_(states) & Delivery.cleared_at.is_(None))


def _delivery_rows(session: Session, where: object) -> tuple[DeliveryRow, ...]:
    statement = select(Delivery, Person.name).join(Person, Person.id == Delivery.person_id)
    # SQLAlchemy accepts any boolean expression here; the two callers build them.
    rows = session.execute(statement.where(where).order_by(Delivery.id.desc()).limit(500))  # type: ignore[arg-type]
    return tuple(
        DeliveryRow(
            row.id,
            row.alert_id,
            name,
            row.channel,
            DeliveryState(row.state),
            DELIVERY_STATE_LABELS[DeliveryState(row.state)],
            row.reason,
            reason_label(row.reason),
            row.created_at,
            row.sent_at,
            row.last_error,
            row.is_resend,
        )
        for row, name in rows
    )


def clear_delivery(session: Session, delivery_id: int, person_id: int, now: dt.datetime) -> None:
    """Take a dead or unknown message off the list."""
    cleared = session.scalar(
        update(Delivery)
        .where(
            Delivery.id == delivery_id,
            Delivery.state.in_([DeliveryState.DEAD.value, DeliveryState.UNKNOWN.value]),
            Delivery.cleared_at.is_(None),
        )
        .values(cleared_at=now, cleared_by=person_id, due_at=None)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    if cleared is None:
        raise ConflictError("这条通知已被处理，没有改动。请刷新列表。")
    _record(session, "delivery_cleared", delivery_id, person_id, now)


def revive_delivery(session: Session, delivery_id: int, person_id: int, now: dt.datetime) -> None:
    """Let a dead message be sent again within another day."""
    if not claims.revive(session, Delivery, delivery_id, now):
        raise ConflictError("这条通知不在未送达之列，没有重发。请刷新列表。")
    session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id)
        .values(state=DeliveryState.PENDING.value, expires_at=now + dt.timedelta(hours=24))
        .execution_options(synchronize_session=False)
    )
    claims.notify(session, "delivery")
    _record(session, "delivery_revived", delivery_id, person_id, now)


def _record(
    session: Session, action: str, delivery_id: int, person_id: int, now: dt.datetime
) -> None:
    event = audit.AuditEvent(f"person:{person_id}", action, "delivery", str(delivery_id))
    audit.record(session, event, now)
