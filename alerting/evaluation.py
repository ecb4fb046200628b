"""New documents against all live rules: work items in, matches and window members out, in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from alerting import windows
from alerting.grouping import group_key
from alerting.rule import Finding, LiveRule, Subject
from alerting.rule_types import RULE_TYPES
from alerting.rulebook import Rulebook
from core import claims
from core.database.base import JsonObject
from core.database.models.alerting import Match
from core.database.models.collecting import Document, DocumentBody, Source
from core.database.models.operations import Queue, WorkItem
from core.database.sessions import Sessions
from core.expression import MatchDocument, Span
from core.faults import fault_point

log = structlog.get_logger(__name__)

BATCH = 200
LEASE = dt.timedelta(minutes=2)
LATE_AFTER = dt.timedelta(hours=48)
MAX_SPANS = 40


@dataclass(frozen=True, slots=True)
class _Loaded:
    row: Document
    matchable: MatchDocument


def evaluate_due(sessions: Sessions, rulebook: Rulebook, *, owner: str, now: dt.datetime) -> int:
    """Evaluate up to 200 due documents; returns how many were taken.

    Claim, matches and removal share a transaction: a crash leaves the items due as they were.
    """
    with sessions.begin() as session:
        taken = claims.take(
            session,
            WorkItem,
            owner=owner,
            now=now,
            lease=LEASE,
            limit=BATCH,
            where=(WorkItem.queue == Queue.EVALUATE.value,),
        )
        if not taken:
            return 0
        ids = [claim.id for claim in taken]
        subjects = session.scalars(select(WorkItem.subject_id).where(WorkItem.id.in_(ids)))
        matched = _evaluate(session, rulebook, sorted(subjects), now)
        # Nobody else can have changed the rows: this transaction has held them since it took them.
        session.execute(delete(WorkItem).where(WorkItem.id.in_(ids)))
        if matched:
            claims.notify(session, "engine")
        fault_point("eval.before_commit")
    fault_point("eval.after_commit")
    log.info("documents_evaluated", documents=len(taken), matches=matched)
    return len(taken)


def _evaluate(
    session: Session, rulebook: Rulebook, document_ids: Sequence[int], now: dt.datetime
) -> int:
    matches: list[JsonObject] = []
    members: list[windows.NewMember] = []
    for document in _documents(session, document_ids):
        found = {
            match.key: match.spans for match in rulebook.matcher.match(document.matchable, now=now)
        }
        for rule in rulebook.concerned(found):
            subject = subject_of(document.row, rule, found.get(rule.id))
            rule_type = RULE_TYPES.load(rule.kind)
            if not rule_type.admits(rule, subject):
                continue
            key = group_of(rule, document.row)
            window = rule_type.window(rule)
            if window is not None:
                members.append(windows.NewMember(rule, key, subject, window))
            matches.extend(
                _match(rule, document.row, key, finding, now)
                for finding in rule_type.document_findings(rule, subject)
            )
    inserted = 0
    if matches:
        statement = insert(Match).on_conflict_do_nothing().returning(Match.id)
        inserted = len(session.execute(statement, matches).all())
    windows.add_members(session, members, now)
    return inserted + len(members)


def _documents(session: Session, document_ids: Sequence[int]) -> Iterator[_Loaded]:
    rows = session.execute(
        select(Document, DocumentBody.title, DocumentBody.text, Source.name)
        .join(Source, Source.id == Document.source_id)
        .join(
            DocumentBody,
            (DocumentBody.document_id == Document.id)
            & (DocumentBody.ingested_at == Document.ingested_at),
        )
        .where(Document.id.in_(document_ids))
        .order_by(Document.id)
    )
    for row, title, text, source_name in rows:
        yield _Loaded(
            row,
            MatchDocument(
                title=title,
                text=text,
                published_at=effective_time(row, row.ingested_at),
                platform=row.platform,
                source_id=row.source_id,
                source_name=source_name,
                level=row.level,
                regions=tuple(row.regions),
                topics=tuple(row.topics),
                polarity=row.polarity,
                relevant=row.relevant,
                our_union=row.our_union,
                employers=tuple(row.employers),
                event_id=row.event_id,
                story_id=row.story_id,
                reposts=row.reposts,
                comments=row.comments,
                views=row.views,
            ),
        )


def effective_time(document: Document, ingested_at: dt.datetime) -> dt.datetime:
    """Give when a document counts as published: a time that cannot be true is replaced by its arrival."""
    earliest = dt.datetime(1995, 1, 1, tzinfo=dt.UTC)
    latest = ingested_at + dt.timedelta(minutes=10)
    is_bad = document.has_bad_time or not earliest <= document.published_at <= latest
    return ingested_at if is_bad else document.published_at


def subject_of(document: Document, rule: LiveRule, spans: tuple[Span, ...] | None) -> Subject:
    """Give what a rule judges; ``spans`` is None where its expression was not met."""
    return Subject(
        document_id=document.id,
        published_at=effective_time(document, document.ingested_at),
        source_id=document.source_id,
        author_hash=document.author_hash,
        topics=tuple(document.topics),
        polarity=document.polarity,
        spans=(spans or ())[:MAX_SPANS],
        has_expression_match=rule.expression is None or spans is not None,
    )


def group_of(rule: LiveRule, document: Document) -> str:
    return group_key(
        rule,
        event_id=document.event_id,
        topics=document.topics,
        regions=document.regions,
        source_id=document.source_id,
    )


def _match(
    rule: LiveRule, document: Document, key: str, finding: Finding, now: dt.datetime
) -> JsonObject:
    published_at = effective_time(document, document.ingested_at)
    return {
        "rule_id": rule.id,
        "rule_version": rule.version,
        "document_id": document.id,
        "group_key": key,
        "severity": rule.severity,
        "evidence": {
            "why": finding.why,
            "spans": [[span.field.value, span.start, span.end] for span in finding.spans],
        },
        "is_late": now - published_at > LATE_AFTER,
        "created_at": now,
    }
