"""Shipped rules, severity table, deadlines and escalation chain, checked when they are read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import resources

import yaml

from config.settings import SettingsError

LEVELS = ("red", "orange", "yellow", "blue")
LAYERS = ("first", "second", "leader")
RULE_KINDS = ("keyword", "threshold")
LONGEST_DISTANCE_S = 90 * 86_400


@dataclass(frozen=True, slots=True)
class DefaultRule:
    name: str
    kind: str
    severity: str
    purpose: str
    expression: str | None
    options: Mapping[str, object]
    advice: str | None
    group_by: str = "event"


@dataclass(frozen=True, slots=True)
class SeverityRow:
    """Holds when every condition holds; empty tuples and zeros ask for nothing."""

    severity: str
    reason: str
    topics: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    documents: int = 0
    sources: int = 0
    reposts: int = 0


@dataclass(frozen=True, slots=True)
class SensitiveDates:
    """Both days inclusive, as ``MM-DD``; ``starts`` after ``ends`` spans the new year."""

    name: str
    starts: str
    ends: str


@dataclass(frozen=True, slots=True)
class SeverityTable:
    rows: tuple[SeverityRow, ...]
    sensitive_regions: tuple[str, ...] = ()
    sensitive_dates: tuple[SensitiveDates, ...] = ()


@dataclass(frozen=True, slots=True)
class Timers:
    """Clocks of one level, in seconds; None means the level has no such clock."""

    acknowledge_s: int | None
    oral_s: int | None
    written_s: int | None
    follow_up_s: int | None
    final_s: int | None
    idle_reminder_s: int | None
    idle_unacknowledge_s: int | None
    group_wait_s: int
    group_interval_s: int
    repeat_s: int | None
    longest_silence_s: int


@dataclass(frozen=True, slots=True)
class EscalationStep:
    after_s: int
    layers: tuple[str, ...]
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EscalationDefaults:
    name: str
    steps: Mapping[str, tuple[EscalationStep, ...]]
    digest_at: tuple[dt.time, ...]
    digest_layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertingDefaults:
    rules: tuple[DefaultRule, ...]
    severity_table: SeverityTable
    deadlines: Mapping[str, Timers]
    escalation: EscalationDefaults


@dataclass(slots=True)
class _Faults:
    file: str = ""
    found: list[str] = field(default_factory=list)

    def add(self, place: str, what: str) -> None:
        self.found.append(f"数据文件 {self.file} 的「{place}」不对：{what}。")


def load_alerting_defaults() -> AlertingDefaults:
    """Read the four data files; raises SettingsError naming every fault at once."""
    faults = _Faults()
    loaded = AlertingDefaults(
        rules=_rules(_read("default_rules.yaml", faults), faults),
        severity_table=read_severity_table(_read("severity_table.yaml", faults), faults),
        deadlines=read_deadlines(_read("deadlines.yaml", faults), faults),
        escalation=_escalation(_read("escalation.yaml", faults), faults),
    )
    if faults.found:
        raise SettingsError(faults.found)
    return loaded


def _read(name: str, faults: _Faults) -> Mapping[str, object]:
    faults.file = name
    text = resources.files("config").joinpath("data", name).read_text(encoding="utf-8")
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        faults.add("全文", f"不是正确的 YAML（{error}）")
        return {}
    return _mapping(content)


def _mapping(value: object) -> Mapping[str, object]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _items(value: object) -> list[Mapping[str, object]]:
    return [_mapping(item) for item in value] if isinstance(value, list) else []


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _rules(content: Mapping[str, object], faults: _Faults) -> tuple[DefaultRule, ...]:
    rules = []
    for item in _items(content.get("rules")):
        expression = item.get("expression")
        rule = DefaultRule(
            name=str(item.get("name") or ""),
            kind=str(item.get("kind") or ""),
            severity=str(item.get("severity") or ""),
            purpose=str(item.get("purpose") or ""),
            expression=None if expression is None else str(expression),
            options=_mapping(item.get("options")),
            advice=None if item.get("advice") is None else str(item["advice"]),
            group_by=str(item.get("group_by") or "event"),
        )
        _check_rule(rule, faults)
        rules.append(rule)
    names = [rule.name for rule in rules]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.add(name, "规则名称重复")
    return tuple(rules)


def _check_rule(rule: DefaultRule, faults: _Faults) -> None:
    if not rule.name or not rule.purpose:
        faults.add(rule.name or "rules", "每条规则都要有名称和用途")
    if rule.kind not in RULE_KINDS:
        faults.add(rule.name, f"类型「{rule.kind}」不在 {'、'.join(RULE_KINDS)} 之中")
    if rule.severity not in LEVELS:
        faults.add(rule.name, f"级别「{rule.severity}」不在 {'、'.join(LEVELS)} 之中")
    if rule.kind == "keyword" and not rule.expression:
        faults.add(rule.name, "关键词规则要有表达式")


def read_severity_table(
    content: Mapping[str, object], faults: _Faults | None = None
) -> SeverityTable:
    """Read a table as the file or the console stores it; raises SettingsError without ``faults``."""
    gathered = faults or _Faults("severity_table.yaml")
    rows = []
    known = {spec.name for spec in fields(SeverityRow)}
    for position, item in enumerate(_items(content.get("rows")), 1):
        for name in sorted(set(item) - known):
            gathered.add(f"第 {position} 行", f"没有名为「{name}」的条件")
        row = SeverityRow(
            severity=str(item.get("severity") or ""),
            reason=str(item.get("reason") or ""),
            topics=_words(item.get("topics")),
            words=_words(item.get("words")),
            levels=_words(item.get("levels")),
            regions=_words(item.get("regions")),
            documents=_number(item.get("documents")),
            sources=_number(item.get("sources")),
            reposts=_number(item.get("reposts")),
        )
        if row.severity not in LEVELS or not row.reason:
            gathered.add(f"第 {position} 行", f"级别「{row.severity}」或理由「{row.reason}」不对")
        rows.append(row)
    dates = tuple(
        SensitiveDates(str(item.get("name")), str(item.get("starts")), str(item.get("ends")))
        for item in _items(content.get("sensitive_dates"))
    )
    if faults is None and gathered.found:
        raise SettingsError(gathered.found)
    return SeverityTable(tuple(rows), _words(content.get("sensitive_regions")), dates)


def read_deadlines(
    content: Mapping[str, object], faults: _Faults | None = None
) -> Mapping[str, Timers]:
    """Read the timers of all four levels; raises SettingsError without ``faults``."""
    gathered = faults or _Faults("deadlines.yaml")
    timers = {level: _timers(level, _mapping(content.get(level)), gathered) for level in LEVELS}
    if faults is None and gathered.found:
        raise SettingsError(gathered.found)
    return timers


def _timers(level: str, item: Mapping[str, object], faults: _Faults) -> Timers:
    required = {"group_wait_s", "group_interval_s", "longest_silence_s"}
    values: dict[str, int | None] = {}
    for spec in fields(Timers):
        value = item.get(spec.name)
        is_number = isinstance(value, int) and 0 <= value <= LONGEST_DISTANCE_S
        if not is_number and (value is not None or spec.name in required):
            faults.add(
                f"{level}.{spec.name}", f"要写 0 到 {LONGEST_DISTANCE_S} 秒，现在是「{value}」"
            )
        values[spec.name] = value if isinstance(value, int) else None
    return Timers(
        acknowledge_s=values["acknowledge_s"],
        oral_s=values["oral_s"],
        written_s=values["written_s"],
        follow_up_s=values["follow_up_s"],
        final_s=values["final_s"],
        idle_reminder_s=values["idle_reminder_s"],
        idle_unacknowledge_s=values["idle_unacknowledge_s"],
        group_wait_s=values["group_wait_s"] or 0,
        group_interval_s=values["group_interval_s"] or 0,
        repeat_s=values["repeat_s"],
        longest_silence_s=values["longest_silence_s"] or 0,
    )


def _escalation(content: Mapping[str, object], faults: _Faults) -> EscalationDefaults:
    steps = _mapping(content.get("steps"))
    read = {level: _steps(level, _items(steps.get(level)), faults) for level in LEVELS}
    slots = []
    for text in _words(content.get("digest_at")):
        try:
            slots.append(dt.time.fromisoformat(text))
        except ValueError:
            faults.add("digest_at", f"「{text}」不是时刻")
    return EscalationDefaults(
        name=str(content.get("name") or ""),
        steps=read,
        digest_at=tuple(slots),
        digest_layers=_words(content.get("digest_layers")),
    )


def _steps(
    level: str, items: list[Mapping[str, object]], faults: _Faults
) -> tuple[EscalationStep, ...]:
    steps = tuple(
        EscalationStep(
            _number(item.get("after_s")), _words(item.get("layers")), _words(item.get("channels"))
        )
        for item in items
    )
    for step in steps:
        for layer in (*step.layers, *(() if step.layers else ("（空）",))):
            if layer not in LAYERS:
                faults.add(f"steps.{level}", f"班次层「{layer}」不在 {'、'.join(LAYERS)} 之中")
    if [step.after_s for step in steps] != sorted({step.after_s for step in steps}):
        faults.add(f"steps.{level}", "各步的 after_s 要一步比一步晚")
    return steps
