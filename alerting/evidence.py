"""What an alert rests on: its documents, counted exactly, and the ones worth reading first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, union
from sqlalchemy.orm import Session

from alerting.severity import SeverityFacts
from core.database.base import JsonObject
from core.database.models.alerting import Alert, Match, WindowMember
from core.database.models.collecting import Document, DocumentBody

TOP_DOCUMENTS = 10
_TEXT_LOOKED_AT = 3000
_NEWEST = 50


@dataclass(frozen=True, slots=True)
class Gathered:
    """The state of an alert's documents; ``first_id`` is the one that was published first."""

    document_ids: tuple[int, ...]
    sources: int
    topics: tuple[str, ...]
    regions: tuple[str, ...]
    first_published_at: dt.datetime | None
    first_title: str
    event_id: int | None
    is_demo: bool
    facts: SeverityFacts
    content: JsonObject


def member_ids(session: Session, alert_id: int, rule_id: int, group_key: str) -> list[int]:
    """List the distinct documents: matched ones, and what its windows have counted since the first."""
    matched = select(Match.document_id).where(
        Match.alert_id == alert_id, Match.document_id.is_not(None)
    )
    window_start = session.scalar(
        select(func.min(Match.evidence["window"][0].astext)).where(
            Match.alert_id == alert_id, Match.bucket.is_not(None)
        )
    )
    if window_start is None:
        return sorted(set(filter(None, session.scalars(matched))))
    counted = select(WindowMember.document_id).where(
        WindowMember.rule_id == rule_id,
        WindowMember.group_key == group_key,
        WindowMember.published_at >= dt.datetime.fromisoformat(window_start),
    )
    return sorted(filter(None, session.scalars(union(matched, counted))))


def gather(session: Session, alert: Alert) -> Gathered:
    """Read the documents of an alert and count, order and sum them up."""
    ids = member_ids(session, alert.id, alert.rule_id, alert.group_key)
    documents = list(
        session.scalars(
            select(Document)
            .where(Document.id.in_(ids))
            .order_by(Document.published_at, Document.id)
        )
    )
    texts = _texts(session, [document.id for document in documents[-_NEWEST:]] + ids[:1])
    first = documents[0] if documents else None
    topics = _in_order(topic for document in documents for topic in document.topics)
    regions = _in_order(region for document in documents for region in document.regions)
    facts = SeverityFacts(
        text="\n".join(texts.values()),
        topics=frozenset(topics),
        levels=frozenset(document.level for document in documents),
        regions=frozenset(regions),
        documents=len(documents),
        sources=len({document.source_id for document in documents}),
        reposts=max((document.reposts or 0 for document in documents), default=0),
    )
    return Gathered(
        document_ids=tuple(document.id for document in documents),
        sources=facts.sources,
        topics=topics,
        regions=regions,
        first_published_at=first.published_at if first else None,
        first_title=_title(session, first) if first else "",
        event_id=next((item.event_id for item in documents if item.event_id is not None), None),
        is_demo=any(document.is_demo for document in documents),
        facts=facts,
        content=_content(session, alert, documents),
    )


def _texts(session: Session, ids: Sequence[int]) -> dict[int, str]:
    rows = session.execute(
        select(
            DocumentBody.document_id,
            DocumentBody.title,
            func.left(DocumentBody.text, _TEXT_LOOKED_AT),
        ).where(_bodies(ids))
    )
    return {id_: f"{title}\n{text}" for id_, title, text in rows}


def _bodies(ids: Sequence[int]) -> ColumnElement[bool]:
    return DocumentBody.document_id.in_(ids)


def _title(session: Session, document: Document) -> str:
    row = session.execute(
        select(DocumentBody.title, func.left(DocumentBody.text, 60)).where(_bodies([document.id]))
    ).first()
    return (row[0] or row[1]) if row else ""


def _in_order(items: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))  # type: ignore[call-overload]


def _content(session: Session, alert: Alert, documents: Sequence[Document]) -> JsonObject:
    matches = list(
        session.scalars(
            select(Match).where(Match.alert_id == alert.id).order_by(Match.id.desc()).limit(200)
        )
    )
    spans = {match.document_id: match.evidence.get("spans", []) for match in matches}
    measured = next((match for match in matches if match.bucket is not None), None)
    newest = next(iter(matches), None)
    by_weight = sorted(
        documents, key=lambda item: (-(item.reposts or 0) - (item.comments or 0), item.published_at)
    )
    top = list(
        dict.fromkeys([*(item.id for item in documents[:1]), *(item.id for item in by_weight)])
    )
    source = measured or newest
    return {
        "why": source.evidence.get("why", "") if source else "",
        "measures": measured.evidence.get("measures", []) if measured else [],
        "documents": [{"id": id_, "spans": spans.get(id_, [])} for id_ in top[:TOP_DOCUMENTS]],
        "is_late": bool(matches) and all(match.is_late for match in matches),
    }
