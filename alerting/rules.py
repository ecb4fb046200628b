"""Rules as people write them: checked, versioned, switched on and off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from alerting.levels import SEVERITIES, SEVERITY_LABELS
from alerting.rule_types import RULE_TYPES
from alerting.timeline import person_actor
from config.alerting_defaults import AlertingDefaults
from config.purposes import PURPOSES
from core import audit
from core.claims import notify
from core.database.base import JsonObject
from core.database.models.alerting import Alert, AlertState, Match, Rule, RuleVersion, Severity
from core.database.models.understanding import SynonymGroup
from core.errors import ConflictError, InvalidOptionsError, WorkflowError
from core.expression import Expression, Field, parse
from core.expression.known_groups import KnownGroups
from core.expression.limits import require_positive
from core.options import parse_options

TOPIC = "rules"
LONGEST_NAME = 60
GROUPINGS: Mapping[str, str] = {
    "event": "同一事件（事件未知时按主题和地区）",
    "topic_region": "同一主题和地区",
    "region": "同一地区",
    "source": "同一信源",
    "rule": "不分组（整条规则一条预警）",
}


class RuleNotFoundError(WorkflowError):
    pass


@dataclass(frozen=True, slots=True)
class RuleLanguage:
    """Synonym groups and field names that expressions may use."""

    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    names: Mapping[Field, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def load(cls, session: Session, names: Mapping[Field, Mapping[str, str]] | None = None) -> Self:
        rows = session.execute(select(SynonymGroup.name, SynonymGroup.words))
        groups = {name: words for name, words in rows}  # noqa: C416 (rows are no pairs to mypy)
        return cls(groups=KnownGroups(groups), names=names or {})

    def parse(self, text: str) -> Expression:
        return parse(text, groups=self.groups, names=self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """What the form holds; ``options`` are raw values for the rule type's fields."""

    name: str
    kind: str
    severity: int
    purpose: str
    expression: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    group_by: str = "event"
    advice: str | None = None
    policy_id: int | None = None


@dataclass(frozen=True, slots=True)
class RuleRow:
    id: int
    name: str
    kind: str
    kind_label: str
    expression: str | None
    options: JsonObject
    severity: Severity
    severity_label: str
    group_by: str
    purpose: str
    advice: str | None
    policy_id: int | None
    version: int
    is_enabled: bool
    flagged_reason: str | None
    matches_7d: int
    open_alerts: int
    changed_at: dt.datetime


def check_expression(text: str, language: RuleLanguage) -> Expression:
    """Parse an expression for a live rule; raises ExpressionError, also when it only excludes."""
    expression = language.parse(text)
    require_positive(expression)
    return expression


def create_rule(
    session: Session,
    draft: RuleDraft,
    *,
    person_id: int | None,
    now: dt.datetime,
    language: RuleLanguage,
) -> int:
    """Save a new, enabled rule; raises ExpressionError or InvalidOptionsError (fields → sentences)."""
    values = _checked(session, draft, language, rule_id=None)
    rule = Rule(**values, version=1, changed_at=now, changed_by=person_id)
    session.add(rule)
    session.flush()
    _keep_version(session, rule, now, person_id)
    _record(session, rule.id, "rule_created", now, person_id)
    return rule.id


def edit_rule(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    rule_id: int,
    draft: RuleDraft,
    *,
    person_id: int | None,
    now: dt.datetime,
    language: RuleLanguage,
    as_of_version: int,
) -> int:
    """Save a new version and return its number; raises ConflictError when somebody saved one meanwhile."""
    values = _checked(session, draft, language, rule_id=rule_id)
    version = session.scalar(
        update(Rule)
        .where(Rule.id == rule_id, Rule.version == as_of_version)
        .values(
            **values,
            version=Rule.version + 1,
            flagged_reason=None,
            changed_at=now,
            changed_by=person_id,
        )
        .returning(Rule.version)
        .execution_options(synchronize_session=False)
    )
    if version is None:
        current = session.scalar(select(Rule.version).where(Rule.id == rule_id))
        if current is None:
            raise RuleNotFoundError(f"没有编号为 {rule_id} 的规则，可能已被删除。")
        raise ConflictError(
            f"这条规则已有新版本（第 {current} 版），您改的是第 {as_of_version} 版，没有保存。请刷新后重新修改。"
        )
    rule = session.get_one(Rule, rule_id, populate_existing=True)
    _keep_version(session, rule, now, person_id)
    _record(session, rule_id, "rule_edited", now, person_id)
    return version


def enable_rule(session: Session, rule_id: int, *, person_id: int, now: dt.datetime) -> None:
    _switch(session, rule_id, is_enabled=True, person_id=person_id, now=now)


def disable_rule(session: Session, rule_id: int, *, person_id: int, now: dt.datetime) -> None:
    """Stop the rule from matching; its alerts stay as they are."""
    _switch(session, rule_id, is_enabled=False, person_id=person_id, now=now)


def _switch(
    session: Session, rule_id: int, *, is_enabled: bool, person_id: int, now: dt.datetime
) -> None:
    changed = session.scalar(
        update(Rule)
        .where(Rule.id == rule_id)
        .values(is_enabled=is_enabled, changed_at=now, changed_by=person_id)
        .returning(Rule.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        raise RuleNotFoundError(f"没有编号为 {rule_id} 的规则，可能已被删除。")
    _record(session, rule_id, "rule_enabled" if is_enabled else "rule_disabled", now, person_id)


def install_default_rules(
    session: Session, defaults: AlertingDefaults, *, now: dt.datetime, language: RuleLanguage
) -> int:
    """Add the shipped rules whose names are not taken; a rule that somebody changed is never touched."""
    present = set(session.scalars(select(Rule.name)))
    missing = [rule for rule in defaults.rules if rule.name not in present]
    for rule in missing:
        draft = RuleDraft(
            name=rule.name,
            kind=rule.kind,
            severity=SEVERITIES[rule.severity],
            purpose=rule.purpose,
            expression=rule.expression,
            options=rule.options,
            group_by=rule.group_by,
            advice=rule.advice,
        )
        create_rule(session, draft, person_id=None, now=now, language=language)
    return len(missing)


def _checked(
    session: Session, draft: RuleDraft, language: RuleLanguage, *, rule_id: int | None
) -> dict[str, object]:
    rule_type = RULE_TYPES.load(draft.kind)
    name, expression = draft.name.strip(), (draft.expression or "").strip() or None
    faults = dict(_faults(session, draft, name, rule_id=rule_id))
    if rule_type.needs_expression and expression is None:
        faults["expression"] = f"「{rule_type.label}」规则要写表达式"
    options: Mapping[str, object] = {}
    try:
        options = parse_options(rule_type.options, draft.options)
    except InvalidOptionsError as error:
        faults.update(error.faults)
    if faults:
        raise InvalidOptionsError(faults)
    if expression is not None:
        check_expression(expression, language)
    return {
        "name": name,
        "kind": draft.kind,
        "expression": expression,
        "options": dict(options),
        "severity": int(draft.severity),
        "group_by": draft.group_by,
        "purpose": draft.purpose,
        "advice": (draft.advice or "").strip() or None,
        "policy_id": draft.policy_id,
    }


def _faults(
    session: Session, draft: RuleDraft, name: str, *, rule_id: int | None
) -> Iterator[tuple[str, str]]:
    if not 1 <= len(name) <= LONGEST_NAME:
        yield "name", f"规则名称要有 1 到 {LONGEST_NAME} 个字，现在有 {len(name)} 个"
    elif session.scalar(select(Rule.id).where(Rule.name == name, Rule.id != (rule_id or 0))):
        yield "name", f"已有名为「{name}」的规则，请换一个名称"
    if draft.purpose not in PURPOSES:
        yield "purpose", f"请从列表中选择用途：{'、'.join(PURPOSES)}"
    if draft.severity not in set(Severity):
        yield "severity", "级别只能是红、橙、黄、蓝"
    if draft.group_by not in GROUPINGS:
        yield "group_by", f"归并方式只能是：{'、'.join(GROUPINGS.values())}"


def _keep_version(session: Session, rule: Rule, now: dt.datetime, person_id: int | None) -> None:
    content: JsonObject = {
        "name": rule.name,
        "kind": rule.kind,
        "expression": rule.expression,
        "options": rule.options,
        "severity": rule.severity,
        "group_by": rule.group_by,
        "purpose": rule.purpose,
        "advice": rule.advice,
        "policy_id": rule.policy_id,
    }
    session.add(
        RuleVersion(
            rule_id=rule.id,
            version=rule.version,
            content=content,
            changed_at=now,
            changed_by=person_id,
        )
    )
    session.flush()


def _record(
    session: Session, rule_id: int, action: str, now: dt.datetime, person_id: int | None
) -> None:
    actor = "system" if person_id is None else person_actor(person_id)
    audit.record(session, audit.AuditEvent(actor, action, "rule", str(rule_id)), now)
    notify(session, TOPIC)


def list_rules(session: Session, now: dt.datetime) -> tuple[RuleRow, ...]:
    """List all rules, the gravest first, with how often they matched in the last seven days."""
    since = now - dt.timedelta(days=7)
    matches = dict(
        session.execute(
            select(Match.rule_id, func.count())
            .where(Match.created_at >= since)
            .group_by(Match.rule_id)
        ).all()
    )
    live = dict(
        session.execute(
            select(Alert.rule_id, func.count())
            .where(Alert.state.in_([AlertState.OPEN, AlertState.ACKNOWLEDGED]))
            .group_by(Alert.rule_id)
        ).all()
    )
    rules = session.scalars(select(Rule).order_by(Rule.severity, Rule.name))
    return tuple(_row(rule, matches.get(rule.id, 0), live.get(rule.id, 0)) for rule in rules)


def rule_detail(session: Session, rule_id: int, now: dt.datetime) -> RuleRow:
    for row in list_rules(session, now):
        if row.id == rule_id:
            return row
    raise RuleNotFoundError(f"没有编号为 {rule_id} 的规则，可能已被删除。")


def rule_versions(session: Session, rule_id: int) -> tuple[RuleVersion, ...]:
    """List what the rule said at each version, the newest first."""
    statement = select(RuleVersion).where(RuleVersion.rule_id == rule_id)
    return tuple(session.scalars(statement.order_by(RuleVersion.version.desc())))


def _row(rule: Rule, matches: int, live: int) -> RuleRow:
    severity = Severity(rule.severity)
    return RuleRow(
        id=rule.id,
        name=rule.name,
        kind=rule.kind,
        kind_label=RULE_TYPES.load(rule.kind).label if rule.kind in RULE_TYPES else rule.kind,
        expression=rule.expression,
        options=rule.options,
        severity=severity,
        severity_label=SEVERITY_LABELS[severity],
        group_by=rule.group_by,
        purpose=rule.purpose,
        advice=rule.advice,
        policy_id=rule.policy_id,
        version=rule.version,
        is_enabled=rule.is_enabled,
        flagged_reason=rule.flagged_reason,
        matches_7d=matches,
        open_alerts=live,
        changed_at=rule.changed_at,
    )
