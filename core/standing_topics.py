"""Standing topics as people keep them: an expression, what it excludes, sources, an owner, subscribers.

A topic is never deleted, only archived, so that what was counted under its name stays explicable.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from config.purposes import PURPOSES
from core.audit import AuditEvent, record
from core.database.base import JsonObject
from core.database.models.collecting import Document, Source
from core.database.models.operations import Queue, WorkItem
from core.database.models.organisation import Person, Role
from core.database.models.understanding import StandingTopic, StandingTopicReader
from core.errors import AccessDeniedError, ConflictError, InvalidOptionsError, WorkflowError
from core.expression import Expression, ExpressionError, print_expression
from core.expression.limits import is_positive
from core.expression.syntax import conjunction, negation

LONGEST_NAME = 40
TICK = dt.timedelta(milliseconds=1)
"""The index keeps times in whole milliseconds."""

CREATED = "standing_topic.created"
EDITED = "standing_topic.edited"
ARCHIVED = "standing_topic.archived"
RESTORED = "standing_topic.restored"
SUBSCRIBED = "standing_topic.subscribed"
UNSUBSCRIBED = "standing_topic.unsubscribed"
_OBJECT = "standing_topic"
# Names are unique, so writers of definitions take turns for the rest of their transaction.
_NAMES_LOCK = 7_305_112_041

Parse = Callable[[str], Expression]
"""Reads an expression with the synonym groups and names of the moment; raises ExpressionError."""


class StandingTopicNotFoundError(WorkflowError):
    pass


class TopicRefusedError(InvalidOptionsError):
    """``expressions`` holds, by field, those faults that point at a character."""

    def __init__(self, faults: dict[str, str], expressions: Mapping[str, ExpressionError]) -> None:
        super().__init__(faults)
        self.expressions = expressions


@dataclass(frozen=True, slots=True)
class TopicActor:
    """Who changes a topic. Its owner may, and so may leaders."""

    person_id: int
    is_leader: bool = False

    @classmethod
    def of(cls, person_id: int, roles: tuple[str, ...]) -> TopicActor:
        return cls(person_id, Role.LEADER.value in roles)

    def may_change(self, owner_id: int) -> bool:
        return self.is_leader or self.person_id == owner_id


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicDraft:
    """What the form holds; empty ``sources`` mean every source."""

    name: str
    expression: str
    excludes: str = ""
    purpose: str
    sources: tuple[int, ...] = ()
    owner_id: int


def topic_expression(expression: Expression, excludes: Expression | None) -> Expression:
    """Say ``(expression) AND NOT (excludes)``: what is excluded is excluded from this topic alone."""
    return expression if excludes is None else conjunction((expression, negation(excludes)))


def read_topic(expression: str, excludes: str, parse: Parse) -> Expression:
    """Read both texts of a topic; raises TopicRefusedError for what is wrong in either."""
    errors: dict[str, ExpressionError] = {}
    wanted = _read("expression", expression, parse, errors)
    unwanted = _read("excludes", excludes, parse, errors) if excludes.strip() else None
    if wanted is not None and not is_positive(wanted):
        text = "专题至少要有一个肯定的条件；要排除的写到“排除”里"
        errors["expression"] = ExpressionError(0, text)
    if wanted is None or errors:
        raise _refused(errors)
    return topic_expression(wanted, unwanted)


def _check_together(whole: Expression, excludes: str, parse: Parse) -> None:
    """Refuse what is within the limits of the language only in parts: a topic can be opened in the search."""
    try:
        parse(print_expression(whole))
    except ExpressionError as error:
        text = f"和上面的表达式合起来超出了上限：{error.expected}"
        field = "excludes" if excludes.strip() else "expression"
        raise _refused({field: ExpressionError(0, text)}) from error


def _refused(errors: Mapping[str, ExpressionError]) -> TopicRefusedError:
    return TopicRefusedError({field: str(error) for field, error in errors.items()}, errors)


def _read(
    field: str, text: str, parse: Parse, errors: dict[str, ExpressionError]
) -> Expression | None:
    try:
        return parse(text.strip())
    except ExpressionError as error:
        errors[field] = error
        return None


def create_topic(
    session: Session, draft: TopicDraft, *, parse: Parse, person_id: int, now: dt.datetime
) -> int:
    """Save a new topic that its maker subscribes to; raises TopicRefusedError."""
    values = _checked(session, draft, parse, topic_id=None)
    topic = StandingTopic(**values, version=1, created_at=now, changed_at=now)
    session.add(topic)
    session.flush()
    _record(session, person_id, CREATED, topic.id, now, {"after": _content(topic)})
    subscribe(session, topic.id, person_id=person_id, now=now)
    return topic.id


def edit_topic(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    topic_id: int,
    draft: TopicDraft,
    *,
    parse: Parse,
    actor: TopicActor,
    as_of_version: int,
    now: dt.datetime,
) -> int:
    """Save a new version and give its number.

    Raises TopicRefusedError, AccessDeniedError, and ConflictError when somebody changed it meanwhile.
    """
    before = _content(_changeable(session, topic_id, actor))
    values = _checked(session, draft, parse, topic_id=topic_id)
    version = session.scalar(
        update(StandingTopic)
        .where(
            StandingTopic.id == topic_id,
            StandingTopic.version == as_of_version,
            StandingTopic.archived_at.is_(None),
        )
        .values(**values, version=StandingTopic.version + 1, changed_at=now)
        .returning(StandingTopic.version)
        .execution_options(synchronize_session=False)
    )
    if version is None:
        raise _changed_meanwhile(session, topic_id, as_of_version)
    after = _content(session.get_one(StandingTopic, topic_id, populate_existing=True))
    _record(session, actor.person_id, EDITED, topic_id, now, {"before": before, "after": after})
    return version


def _changed_meanwhile(session: Session, topic_id: int, as_of_version: int) -> ConflictError:
    topic = session.get_one(StandingTopic, topic_id, populate_existing=True)
    if topic.archived_at is not None:
        return ConflictError("这个专题已归档，没有保存。请先恢复再修改。")
    return ConflictError(
        f"这个专题已有新版本（第 {topic.version} 版），您改的是第 {as_of_version} 版，没有保存。"
    )


def archive_topic(session: Session, topic_id: int, *, actor: TopicActor, now: dt.datetime) -> None:
    """Put a topic away: it is counted no more, its definition and history stay."""
    _set_archived(session, topic_id, actor, now, is_archived=True)


def restore_topic(session: Session, topic_id: int, *, actor: TopicActor, now: dt.datetime) -> None:
    _set_archived(session, topic_id, actor, now, is_archived=False)


def _set_archived(
    session: Session, topic_id: int, actor: TopicActor, now: dt.datetime, *, is_archived: bool
) -> None:
    topic = _changeable(session, topic_id, actor)
    present = StandingTopic.archived_at
    changed = session.scalar(
        update(StandingTopic)
        .where(
            StandingTopic.id == topic_id,
            present.is_(None) if is_archived else present.is_not(None),
        )
        .values(
            archived_at=now if is_archived else None,
            version=StandingTopic.version + 1,
            changed_at=now,
        )
        .returning(StandingTopic.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        state = "已经归档" if is_archived else "没有归档"
        raise ConflictError(f"专题“{topic.name}”{state}，什么也没有改动。请刷新看最新状态。")
    action = ARCHIVED if is_archived else RESTORED
    detail = {
        "before": {"is_archived": not is_archived},
        "after": {"is_archived": is_archived},
        "purpose": topic.purpose,
    }
    _record(session, actor.person_id, action, topic_id, now, detail)


def subscribe(session: Session, topic_id: int, *, person_id: int, now: dt.datetime) -> None:
    """Follow a topic; who follows it already stays as they are."""
    _present(session, topic_id)
    reader = insert(StandingTopicReader).values(
        topic_id=topic_id, person_id=person_id, subscribed_at=now
    )
    done = session.scalar(
        reader.on_conflict_do_update(
            index_elements=["topic_id", "person_id"],
            set_={"subscribed_at": now},
            where=StandingTopicReader.subscribed_at.is_(None),
        ).returning(StandingTopicReader.topic_id)
    )
    if done is not None:
        _record(session, person_id, SUBSCRIBED, topic_id, now, {})


def unsubscribe(session: Session, topic_id: int, *, person_id: int, now: dt.datetime) -> None:
    _present(session, topic_id)
    done = session.scalar(
        update(StandingTopicReader)
        .where(
            StandingTopicReader.topic_id == topic_id,
            StandingTopicReader.person_id == person_id,
            StandingTopicReader.subscribed_at.is_not(None),
        )
        .values(subscribed_at=None)
        .returning(StandingTopicReader.topic_id)
        .execution_options(synchronize_session=False)
    )
    if done is not None:
        _record(session, person_id, UNSUBSCRIBED, topic_id, now, {})


def mark_seen(session: Session, topic_id: int, *, person_id: int, now: dt.datetime) -> None:
    """Remember that a person has seen what the index shows now; what waits for it will be new to them."""
    at = _complete_until(session, now)
    reader = insert(StandingTopicReader).values(topic_id=topic_id, person_id=person_id, seen_at=at)
    seen = func.greatest(StandingTopicReader.seen_at, reader.excluded.seen_at)
    session.execute(
        reader.on_conflict_do_update(
            index_elements=["topic_id", "person_id"], set_={"seen_at": seen}
        )
    )


def _complete_until(session: Session, now: dt.datetime) -> dt.datetime:
    """Give the last time up to which everything that came in can be found."""
    oldest = session.scalar(
        select(func.min(Document.ingested_at))
        .join(WorkItem, WorkItem.subject_id == Document.id)
        .where(
            WorkItem.queue.in_([Queue.ANALYSE.value, Queue.INDEX.value]),
            WorkItem.dead_at.is_(None),
            Document.indexed_at.is_(None),
        )
    )
    return now if oldest is None else min(oldest - TICK, now)


def _changeable(session: Session, topic_id: int, actor: TopicActor) -> StandingTopic:
    topic = _present(session, topic_id)
    if not actor.may_change(topic.owner_id):
        raise AccessDeniedError("只有专题的负责人和分管领导能改动它，什么也没有改动；您可以订阅。")
    return topic


def _present(session: Session, topic_id: int) -> StandingTopic:
    topic = session.get(StandingTopic, topic_id, populate_existing=True)
    if topic is None:
        raise StandingTopicNotFoundError(f"没有编号为 {topic_id} 的专题，什么也没有改动。")
    return topic


def _checked(
    session: Session, draft: TopicDraft, parse: Parse, *, topic_id: int | None
) -> dict[str, object]:
    session.execute(select(func.pg_advisory_xact_lock(_NAMES_LOCK)))
    faults = dict(_faults(session, draft, topic_id))
    expressions: Mapping[str, ExpressionError] = {}
    try:
        whole = read_topic(draft.expression, draft.excludes, parse)
        _check_together(whole, draft.excludes, parse)
    except TopicRefusedError as error:
        faults |= error.faults
        expressions = error.expressions
    if faults:
        raise TopicRefusedError(faults, expressions)
    return {
        "name": draft.name.strip(),
        "expression": draft.expression.strip(),
        "excludes": draft.excludes.strip(),
        "purpose": draft.purpose,
        "sources": sorted(set(draft.sources)),
        "owner_id": draft.owner_id,
    }


def _faults(session: Session, draft: TopicDraft, topic_id: int | None) -> Iterator[tuple[str, str]]:
    name = draft.name.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        yield "name", f"专题名称要有 1 到 {LONGEST_NAME} 个字，现在有 {len(name)} 个"
    elif session.scalar(
        select(StandingTopic.id).where(
            StandingTopic.name == name, StandingTopic.id != (topic_id or 0)
        )
    ):
        yield "name", f"已有名为“{name}”的专题（也可能已归档），请换一个名称"
    if draft.purpose not in PURPOSES:
        yield "purpose", f"请从列表中选择用途：{'、'.join(PURPOSES)}"
    known = set(session.scalars(select(Source.id).where(Source.id.in_(draft.sources))))
    if missing := set(draft.sources) - known:
        yield "sources", f"有 {len(missing)} 个信源已经不在了，请重新选择"
    owner = session.get(Person, draft.owner_id)
    if owner is None or not owner.is_active:
        yield "owner_id", "请选择一位在用的负责人"


def _content(topic: StandingTopic) -> JsonObject:
    return {
        "name": topic.name,
        "expression": topic.expression,
        "excludes": topic.excludes,
        "purpose": topic.purpose,
        "sources": list(topic.sources),
        "owner_id": topic.owner_id,
        "version": topic.version,
    }


def _record(
    session: Session,
    person_id: int,
    action: str,
    topic_id: int,
    now: dt.datetime,
    detail: Mapping[str, object],
) -> None:
    event = AuditEvent(f"person:{person_id}", action, _OBJECT, str(topic_id), detail=detail)
    record(session, event, now)
