"""Which rules and standing topics name a synonym group, and what a change of it would do to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import audit
from core.database.models.alerting import Rule, RuleVersion
from core.database.models.understanding import StandingTopic
from core.errors import ConflictError
from core.expression import ExpressionError, Field, parse
from core.expression.references import folded_name, group_references, renamed
from core.standing_topics import EDITED as TOPIC_EDITED
from core.standing_topics import TopicRefusedError, read_topic

Groups = Mapping[str, Sequence[str]]
Names = Mapping[Field, Mapping[str, str]]
_HOLDS_BRACE = "[{｛]"


class UseKind(StrEnum):
    RULE = "rule"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Use:
    """A rule or standing topic whose expressions name a group; only a live one is at work now.

    A rule has one expression; a topic has what it looks for and what it leaves out, which may be empty.
    """

    kind: UseKind
    id: int
    name: str
    expressions: tuple[str, ...]
    version: int
    is_live: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does to one use: ``problem`` says why it could not be read any more, None where it can."""

    use: Use
    problem: str | None

    @property
    def forbids(self) -> bool:
        return self.use.is_live and self.problem is not None


def uses_by_group(session: Session) -> dict[str, tuple[Use, ...]]:
    """Map the folded names of groups to what uses them; rules come first, each kind by name."""
    found: dict[str, list[Use]] = {}
    for use in (*_rules(session), *_topics(session)):
        names = {one.name for text in use.expressions for one in group_references(text)}
        for name in names:
            found.setdefault(name, []).append(use)
    return {name: tuple(uses) for name, uses in found.items()}


def uses_of(session: Session, name: str) -> tuple[Use, ...]:
    return uses_by_group(session).get(folded_name(name), ())


def _rules(session: Session) -> Iterator[Use]:
    statement = select(Rule).where(Rule.expression.regexp_match(_HOLDS_BRACE)).order_by(Rule.name)
    for rule in session.scalars(statement):
        yield Use(
            UseKind.RULE,
            rule.id,
            rule.name,
            (rule.expression or "",),
            rule.version,
            rule.is_enabled,
        )


def _topics(session: Session) -> Iterator[Use]:
    statement = (
        select(StandingTopic)
        .where(
            StandingTopic.expression.regexp_match(_HOLDS_BRACE)
            | StandingTopic.excludes.regexp_match(_HOLDS_BRACE)
        )
        .order_by(StandingTopic.name)
    )
    for topic in session.scalars(statement):
        texts, is_live = (topic.expression, topic.excludes), topic.archived_at is None
        yield Use(UseKind.TOPIC, topic.id, topic.name, texts, topic.version, is_live)


def effects(
    uses: Sequence[Use], *, before: Groups, after: Groups, names: Names, rename: tuple[str, str]
) -> tuple[Effect, ...]:
    """Judge each use as if ``after`` were the groups and the first name of ``rename`` written as the second.

    A use that cannot be read as it is now is no worse for the change.
    """
    return tuple(Effect(use, _new_problem(use, before, after, names, rename)) for use in uses)


def _new_problem(
    use: Use, before: Groups, after: Groups, names: Names, rename: tuple[str, str]
) -> str | None:
    texts = tuple(renamed(text, *rename) for text in use.expressions)
    problem = _problem(use.kind, texts, after, names)
    return problem if problem and not _problem(use.kind, use.expressions, before, names) else None


def _problem(kind: UseKind, texts: tuple[str, ...], groups: Groups, names: Names) -> str | None:
    try:
        if kind is UseKind.TOPIC:
            expression, excludes = texts
            read_topic(expression, excludes, lambda text: parse(text, groups=groups, names=names))
        else:
            parse(texts[0], groups=groups, names=names)
    except TopicRefusedError as error:
        return "；".join(one.expected for one in error.expressions.values())
    except ExpressionError as error:
        return error.expected
    return None


def rewrite(
    session: Session, use: Use, old: str, new: str, *, person_id: int | None, now: dt.datetime
) -> None:
    """Write a group's new name into a use, as a new version of it; raises ConflictError when it has changed."""
    if use.kind is UseKind.RULE:
        _rewrite_rule(session, use, renamed(use.expressions[0], old, new), person_id, now)
    else:
        _rewrite_topic(session, use, old, new, now)
    actor = "system" if person_id is None else f"person:{person_id}"
    action = "rule_edited" if use.kind is UseKind.RULE else TOPIC_EDITED
    object_type = "rule" if use.kind is UseKind.RULE else "standing_topic"
    detail = {"reason": "synonym_group_renamed", "before": old, "after": new}
    event = audit.AuditEvent(actor, action, object_type, str(use.id), detail=detail)
    audit.record(session, event, now)


def _rewrite_rule(
    session: Session, use: Use, expression: str, person_id: int | None, now: dt.datetime
) -> None:
    changed = session.scalar(
        update(Rule)
        .where(Rule.id == use.id, Rule.version == use.version)
        .values(
            expression=expression, version=Rule.version + 1, changed_at=now, changed_by=person_id
        )
        .returning(Rule.version)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        raise _meanwhile(use)
    last = session.scalar(
        select(RuleVersion.content).where(
            RuleVersion.rule_id == use.id, RuleVersion.version == use.version
        )
    )
    session.add(
        RuleVersion(
            rule_id=use.id,
            version=changed,
            content={**(last or {}), "expression": expression},
            changed_at=now,
            changed_by=person_id,
        )
    )
    session.flush()


def _rewrite_topic(session: Session, use: Use, old: str, new: str, now: dt.datetime) -> None:
    topic = session.get(StandingTopic, use.id)
    if topic is None:
        raise _meanwhile(use)
    changed = session.scalar(
        update(StandingTopic)
        .where(StandingTopic.id == use.id, StandingTopic.version == use.version)
        .values(
            expression=renamed(topic.expression, old, new),
            excludes=renamed(topic.excludes, old, new),
            version=StandingTopic.version + 1,
            changed_at=now,
        )
        .returning(StandingTopic.version)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        raise _meanwhile(use)


def _meanwhile(use: Use) -> ConflictError:
    return ConflictError(f"“{use.name}”刚刚被别人改过，词组没有改名。请刷新后再试。")
