"""Which documents of an alert are kept as evidence, and asking for it in the alert's own transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy.orm import Session

from core.database.models.alerting import Alert, Severity
from core.evidence_requests import EvidenceRequest, request_evidence

GRAVE = frozenset({Severity.RED, Severity.ORANGE})
MOST_OF_A_GRAVE_ALERT = 200


def keep_evidence(
    session: Session, alert: Alert, document_ids: Sequence[int], now: dt.datetime
) -> int:
    """Ask for evidence of what the alert shows; of a red or orange one of every document, up to a limit.

    Documents that have evidence already are left alone, so this is called whenever an alert changes.
    """
    listed = alert.evidence.get("documents")
    shown = [item.get("id") for item in listed] if isinstance(listed, list) else []
    wanted = [id_ for id_ in shown if isinstance(id_, int)]
    if alert.severity in GRAVE:
        wanted += document_ids[:MOST_OF_A_GRAVE_ALERT]
    reason = EvidenceRequest(reason=f"预警 {alert.number}", actor="system", alert_id=alert.id)
    return request_evidence(session, wanted, reason, now)
