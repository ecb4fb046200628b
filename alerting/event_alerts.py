"""Which alerts and cases an event has."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from alerting.cases import CaseState
from alerting.document_alerts import DocumentAlert, document_alert
from core.database.models.alerting import Alert, Case, Match
from core.database.models.collecting import Document

CASE_STATE_LABELS = {
    CaseState.OPEN: "已建卡",
    CaseState.ASSESSED: "已研判",
    CaseState.SUBMITTED: "已报送",
}
MOST_ALERTS = 20


@dataclass(frozen=True, slots=True)
class EventCase:
    id: int
    number: str
    title: str
    state_label: str
    alert_id: int | None
    opened_at: dt.datetime
    closed_at: dt.datetime | None


def alerts_of_event(session: Session, event_id: int) -> tuple[DocumentAlert, ...]:
    """List the alerts raised for the event or by its documents, newest first."""
    matched = (
        select(Match.alert_id)
        .join(Document, Document.id == Match.document_id)
        .where(Document.event_id == event_id, Match.alert_id.is_not(None))
    )
    alerts = session.scalars(
        select(Alert)
        .where(or_(Alert.event_id == event_id, Alert.id.in_(matched)))
        .order_by(Alert.opened_at.desc(), Alert.id.desc())
        .limit(MOST_ALERTS)
    )
    return tuple(document_alert(alert) for alert in alerts)


def cases_of_event(
    session: Session, event_id: int, alerts: tuple[DocumentAlert, ...]
) -> tuple[EventCase, ...]:
    """List the cases opened for the event or for its alerts, newest first."""
    cases = session.scalars(
        select(Case)
        .where(or_(Case.event_id == event_id, Case.alert_id.in_([alert.id for alert in alerts])))
        .order_by(Case.opened_at.desc(), Case.id.desc())
        .limit(MOST_ALERTS)
    )
    return tuple(
        EventCase(
            id=case.id,
            number=case.number,
            title=case.title,
            state_label="已办结"
            if case.closed_at
            else CASE_STATE_LABELS.get(CaseState(case.state), case.state),
            alert_id=case.alert_id,
            opened_at=case.opened_at,
            closed_at=case.closed_at,
        )
        for case in cases
    )
