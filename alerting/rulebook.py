"""The live rules of one process: parsed, compiled into one matcher, swapped when any rule changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerting.rule import LiveRule
from alerting.rule_types import RULE_TYPES
from alerting.rules import RuleLanguage
from core.database.models.alerting import Rule
from core.database.models.understanding import SynonymGroup
from core.errors import InvalidOptionsError
from core.expression import Expression, ExpressionError, Field, Matcher
from core.expression.references import folded_name
from core.expression.syntax import Group, Near, leaves
from core.options import parse_options

log = structlog.get_logger(__name__)

Stamp = tuple[object, ...]
Mark = tuple[int, dt.datetime]
Groups = Mapping[str, Sequence[str]]
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Rulebook:
    """``rules`` by id; ``unusable`` holds the Chinese reason for each rule that could not be loaded.

    ``unconditional`` are those without an expression. ``marks`` say which state of each rule was read, ``groups`` which words the synonym groups had.
    """

    stamp: Stamp
    rules: Mapping[int, LiveRule]
    unconditional: tuple[int, ...]
    matcher: Matcher
    unusable: Mapping[int, str]
    marks: Mapping[int, Mark]
    groups: Groups

    def concerned(self, matched: Iterable[int]) -> Iterator[LiveRule]:
        """Yield the rules that may admit a document, by id: those it meets, and those without an expression."""
        return (self.rules[id_] for id_ in sorted({*self.unconditional, *matched}))


def stamp(session: Session) -> Stamp:
    """Give a value that differs whenever a rule or a synonym group has changed."""
    rules = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(Rule.version), 0),
            func.max(Rule.changed_at),
            func.count().filter(Rule.is_enabled),
            func.coalesce(func.sum(Rule.id).filter(Rule.is_enabled), 0),
        )
    ).one()
    groups = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(SynonymGroup.version), 0),
            func.max(SynonymGroup.changed_at),
        )
    ).one()
    return (*rules, *groups)


def load(
    session: Session,
    names: Mapping[Field, Mapping[str, str]] | None = None,
    *,
    former: Rulebook | None = None,
) -> Rulebook:
    """Compile every enabled rule; one that cannot be read is set aside, never the others with it.

    What ``former`` holds and nobody changed since is taken over: among ten thousand rules, an edit costs
    what one rule costs. Both must have been loaded with the same ``names``.
    """
    taken = stamp(session)
    language = RuleLanguage.load(session, names)
    marks: dict[int, Mark] = {
        id_: (version, changed_at)
        for id_, version, changed_at in session.execute(
            select(Rule.id, Rule.version, Rule.changed_at).where(Rule.is_enabled).order_by(Rule.id)
        )
    }
    kept = {} if former is None else _unchanged(former, marks, language.groups)
    read, unusable = _read(session, language, [id_ for id_ in marks if id_ not in kept])
    rules = {id_: rule for id_ in marks if (rule := kept.get(id_) or read.get(id_)) is not None}
    expressions = {
        id_: rule.expression for id_, rule in rules.items() if rule.expression is not None
    }
    matcher = Matcher(expressions, former=former.matcher if former else None)
    return Rulebook(
        stamp=taken,
        rules=rules,
        unconditional=tuple(id_ for id_, rule in rules.items() if rule.expression is None),
        matcher=matcher,
        unusable=unusable,
        marks=marks,
        groups=language.groups,
    )


def _unchanged(former: Rulebook, marks: Mapping[int, Mark], groups: Groups) -> dict[int, LiveRule]:
    changed = {
        folded_name(name)
        for name in {*former.groups, *groups}
        if former.groups.get(name) != groups.get(name)
    }
    return {
        id_: rule
        for id_, rule in former.rules.items()
        if former.marks.get(id_) == marks.get(id_)
        and (not changed or rule.expression is None or changed.isdisjoint(_names(rule.expression)))
    }


def _names(expression: Expression) -> Iterator[str]:
    """Yield the folded names of the synonym groups in an expression."""
    for leaf in leaves(expression):
        sides = (*leaf.left, *leaf.right) if isinstance(leaf, Near) else (leaf,)
        yield from (side.name for side in sides if isinstance(side, Group))


def _read(
    session: Session, language: RuleLanguage, ids: Sequence[int]
) -> tuple[dict[int, LiveRule], dict[int, str]]:
    rules: dict[int, LiveRule] = {}
    unusable: dict[int, str] = {}
    for start in range(0, len(ids), _AT_ONCE):
        part = select(Rule).where(Rule.id.in_(ids[start : start + _AT_ONCE])).order_by(Rule.id)
        for rule in session.scalars(part):
            try:
                rules[rule.id] = _live(rule, language)
            except (ExpressionError, InvalidOptionsError) as error:
                unusable[rule.id] = f"规则「{rule.name}」没有生效：{error}"
                log.warning("rule_unusable", rule_id=rule.id, version=rule.version)
    return rules, unusable


def _live(rule: Rule, language: RuleLanguage) -> LiveRule:
    rule_type = RULE_TYPES.load(rule.kind)
    return LiveRule(
        id=rule.id,
        name=rule.name,
        kind=rule.kind,
        version=rule.version,
        severity=rule.severity,
        group_by=rule.group_by,
        expression=language.parse(rule.expression) if rule.expression else None,
        options=parse_options(rule_type.options, rule.options),
    )
