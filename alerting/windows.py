"""Windows of published time: members are kept exactly, dirty buckets are counted again.

A bucket begins at a whole multiple of the window length W and stands for the windows that begin in it,
so its count looks at ``[bucket, bucket + 2W)`` and no window that straddles a border is missed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from alerting.rule import Finding, LiveRule, Member, Subject
from alerting.rule_types import RULE_TYPES
from core.database.base import JsonObject
from core.database.models.alerting import Match, WindowBucket, WindowMember

log = structlog.get_logger(__name__)

RECOUNT_WITHIN = dt.timedelta(hours=48)
LATE_AFTER = dt.timedelta(hours=2)
BATCH = 200
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class NewMember:
    rule: LiveRule
    group_key: str
    subject: Subject
    window: dt.timedelta


def bucket_of(moment: dt.datetime, length: dt.timedelta) -> dt.datetime:
    return _EPOCH + (moment - _EPOCH) // length * length


def add_members(session: Session, members: Sequence[NewMember], now: dt.datetime) -> None:
    """Count documents in, and mark the buckets whose windows they can belong to as dirty."""
    if not members:
        return
    rows: list[JsonObject] = [
        {
            "rule_id": member.rule.id,
            "document_id": member.subject.document_id,
            "group_key": member.group_key,
            "published_at": member.subject.published_at,
            "source_id": member.subject.source_id,
            "author_hash": member.subject.author_hash,
        }
        for member in members
    ]
    statement = insert(WindowMember)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["rule_id", "document_id"],
            set_={
                "group_key": statement.excluded.group_key,
                "published_at": statement.excluded.published_at,
            },
        ),
        rows,
    )
    # Sorted, so that two copies evaluating at once lock the buckets in one order.
    dirty = sorted(
        {
            (member.rule.id, member.group_key, bucket)
            for member in members
            for bucket in _buckets(member.subject.published_at, member.window)
        }
    )
    buckets: list[JsonObject] = [
        {"rule_id": rule_id, "group_key": key, "bucket": bucket, "due_at": now}
        for rule_id, key, bucket in dirty
    ]
    session.execute(
        insert(WindowBucket).on_conflict_do_update(
            index_elements=["rule_id", "group_key", "bucket"], set_={"due_at": now}
        ),
        buckets,
    )


def _buckets(moment: dt.datetime, length: dt.timedelta) -> tuple[dt.datetime, dt.datetime]:
    own = bucket_of(moment, length)
    return own - length, own


def recount_due(session: Session, rules: Mapping[int, LiveRule], now: dt.datetime) -> int:
    """Count dirty buckets again and write a match for each that crosses its thresholds.

    A bucket older than 48 hours is counted for the reports but raises nothing.
    """
    dirty = session.scalars(
        select(WindowBucket)
        .where(WindowBucket.due_at <= now)
        .order_by(WindowBucket.due_at, WindowBucket.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for row in dirty:
        rule = rules.get(row.rule_id)
        values: JsonObject = {"due_at": None}
        if rule is not None:
            values |= _recount(session, rule, row, now)
        session.execute(update(WindowBucket).where(WindowBucket.id == row.id).values(**values))
    return len(dirty)


def _recount(session: Session, rule: LiveRule, row: WindowBucket, now: dt.datetime) -> JsonObject:
    rule_type = RULE_TYPES.load(rule.kind)
    length = rule_type.window(rule)
    if length is None:
        return {}
    members = _members(session, row, row.bucket + 2 * length)
    inside = [member for member in members if member.published_at < row.bucket + length]
    if now - (row.bucket + length) < RECOUNT_WITHIN:
        for finding in rule_type.window_findings(rule, row.bucket, members):
            _insert(session, rule, row.group_key, finding, now)
    return {
        "documents": len(inside),
        "sources": len({member.source_id for member in inside}),
    }


def _members(session: Session, row: WindowBucket, until: dt.datetime) -> list[Member]:
    found = session.execute(
        select(
            WindowMember.document_id,
            WindowMember.published_at,
            WindowMember.source_id,
            WindowMember.author_hash,
        ).where(
            WindowMember.rule_id == row.rule_id,
            WindowMember.group_key == row.group_key,
            WindowMember.published_at >= row.bucket,
            WindowMember.published_at < until,
        )
    )
    return [Member(*member) for member in found]


def _insert(session: Session, rule: LiveRule, key: str, finding: Finding, now: dt.datetime) -> None:
    window = finding.window
    evidence: JsonObject = {
        "why": finding.why,
        "measures": [
            {"label": measure.label, "value": measure.value, "threshold": measure.threshold}
            for measure in finding.measures
        ],
        "window": [moment.isoformat() for moment in window] if window else None,
        "documents": list(finding.document_ids),
    }
    session.execute(
        insert(Match)
        .values(
            rule_id=rule.id,
            rule_version=rule.version,
            bucket=finding.bucket,
            group_key=key,
            severity=rule.severity,
            evidence=evidence,
            is_late=window is not None and now - window[1] > LATE_AFTER,
            created_at=now,
        )
        .on_conflict_do_nothing()
    )
