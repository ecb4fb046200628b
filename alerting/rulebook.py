"""The live rules of one process: parsed, compiled into one matcher, swapped when any rule changes."""

from __future__ import annotations

from collections.abc import Mapping
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
from core.options import parse_options

log = structlog.get_logger(__name__)

Stamp = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """``rules`` by id; ``unusable`` holds the Chinese reason for each rule that could not be loaded."""

    stamp: Stamp
    rules: Mapping[int, LiveRule]
    matcher: Matcher
    unusable: Mapping[int, str]


def stamp(session: Session) -> Stamp:
    """Give a value that differs whenever a rule or a synonym group has changed."""
    rules = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(Rule.version), 0),
            func.max(Rule.changed_at),
            func.count().filter(Rule.is_enabled),
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


def load(session: Session, names: Mapping[Field, Mapping[str, str]] | None = None) -> Rulebook:
    """Compile every enabled rule; one that cannot be read is set aside, never the others with it."""
    taken = stamp(session)
    language = RuleLanguage.load(session, names)
    rules: dict[int, LiveRule] = {}
    expressions: dict[int, Expression] = {}
    unusable: dict[int, str] = {}
    for rule in session.scalars(select(Rule).where(Rule.is_enabled).order_by(Rule.id)):
        try:
            live = _live(rule, language)
        except (ExpressionError, InvalidOptionsError) as error:
            unusable[rule.id] = f"规则「{rule.name}」没有生效：{error}"
            log.warning("rule_unusable", rule_id=rule.id, version=rule.version)
            continue
        rules[rule.id] = live
        if live.expression is not None:
            expressions[rule.id] = live.expression
    return Rulebook(taken, rules, Matcher(expressions), unusable)


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
