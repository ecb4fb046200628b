"""Which alerts a collected document belongs to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerting.levels import STATE_LABELS
from core.database.models.alerting import Alert, AlertState, Match, Severity


@dataclass(frozen=True, slots=True)
class DocumentAlert:
    id: int
    number: str
    title: str
    severity: Severity
    state: AlertState
    state_label: str
    opened_at: dt.datetime


def alerts_of_document(
    session: Session, document_id: int, *, limit: int = 10
) -> tuple[DocumentAlert, ...]:
    """List the alerts that the document itself matched into, newest first."""
    alerts = session.scalars(
        select(Alert)
        .where(
            Alert.id.in_(
                select(Match.alert_id).where(
                    Match.document_id == document_id, Match.alert_id.is_not(None)
                )
            )
        )
        .order_by(Alert.opened_at.desc(), Alert.id.desc())
        .limit(limit)
    )
    return tuple(document_alert(alert) for alert in alerts)


def document_alert(alert: Alert) -> DocumentAlert:
    return DocumentAlert(
        id=alert.id,
        number=alert.number,
        title=alert.title,
        severity=Severity(alert.severity),
        state=AlertState(alert.state),
        state_label=STATE_LABELS[AlertState(alert.state)],
        opened_at=alert.opened_at,
    )
