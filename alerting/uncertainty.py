"""What an alert does not know: how much of it is reprints, how few sources it has, who has confirmed it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from alerting.evidence import member_ids
from core.database.models.alerting import Alert
from core.database.models.collecting import Document, SourceLevel

_INSTITUTIONS = (
    SourceLevel.NATIONAL.value,
    SourceLevel.PROVINCIAL.value,
    SourceLevel.CITY.value,
)


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """``pieces`` are the different texts among ``documents``; ``institutions`` counts media and public bodies."""

    documents: int
    pieces: int
    sources: int
    institutions: int
    doubtful_times: int

    @property
    def reprints(self) -> int:
        return self.documents - self.pieces


def uncertainty(session: Session, alert_id: int) -> Uncertainty:
    alert = session.get_one(Alert, alert_id)
    ids = member_ids(session, alert.id, alert.rule_id, alert.group_key)
    is_institution = Document.level.in_(_INSTITUTIONS)
    row = session.execute(
        select(
            func.count(),
            func.count(distinct(func.coalesce(Document.story_id, -Document.id))),
            func.count(distinct(Document.source_id)),
            func.count(distinct(Document.source_id)).filter(is_institution),
            func.count().filter(Document.has_bad_time),
        ).where(Document.id.in_(ids))
    ).one()
    return Uncertainty(*row)
