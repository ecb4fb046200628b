"""Lists of sources in YAML: looked at before they are taken in, given out again, and the shipped one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import yaml
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from config.sources import Endpoints, SourceEntry, load_sources, read_entries
from core.crypto.keyring import Keyring
from core.database.models.collecting import Source, SourceState
from core.errors import InvalidOptionsError
from core.options import parse_options, secret_names
from core.outbound.address_policy import AddressPolicy
from crawlers.source_keys import HEADER, VALUE
from crawlers.source_types import SOURCE_TYPES
from crawlers.source_types.own_comments import OwnComments
from crawlers.sources import (
    UNTRIED,
    SourceDraft,
    checked_options,
    create_source,
    draft_of,
    edit_source,
)

SECRETS_LEFT_OUT = "# 密钥没有导出；导入到别处后要在那里重新填写。"
KEY_IS_MISSING = "清单里没有密钥；导入后请打开这个数据源填写，填写之前采集不到。"
_LABELS = {
    "kind": "类型", "url": "网址", "platform": "平台", "level": "层级", "legal_basis": "合规依据",
    "adcode": "地区代码", "interval_s": "采集间隔", "interval_floor_s": "最短间隔",
    "interval_ceiling_s": "最长间隔", "needs_browser": "用浏览器", "options": "选项",
}  # fmt: skip


class EntryFate(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PlannedEntry:
    """``details`` are Chinese: what changes, or why the entry is refused."""

    line: int
    name: str
    fate: EntryFate
    details: tuple[str, ...] = ()
    draft: SourceDraft | None = None
    source_id: int | None = None
    unverified: bool = False
    paused: bool = False


@dataclass(frozen=True, slots=True)
class ListPlan:
    """One row for each entry, by line; an entry is taken in whole or not at all."""

    rows: tuple[PlannedEntry, ...] = ()

    def count(self, fate: EntryFate) -> int:
        return sum(row.fate is fate for row in self.rows)

    @property
    def has_work(self) -> bool:
        return any(row.fate in {EntryFate.ADDED, EntryFate.CHANGED} for row in self.rows)


def plan_import(session: Session, text: str, *, policy: AddressPolicy) -> ListPlan:
    """Say what taking a list in would do; changes nothing."""
    found = read_entries(text)
    names = [entry.name for entry in found.entries]
    known = {
        source.name: source for source in session.scalars(select(Source).where(Source.name.in_(names)))
    }  # fmt: skip
    rows = [_planned(entry, known.get(entry.name), policy) for entry in found.entries]
    refused: dict[tuple[str, int], list[str]] = {}
    for fault in found.faults:
        # The faults of one entry stand together; without a name each stands alone.
        key = (fault.name, 0) if fault.name else ("", fault.line)
        refused.setdefault(key, []).append(str(fault))
    lines = {(fault.name, 0) if fault.name else ("", fault.line): fault.line
             for fault in reversed(found.faults)}  # fmt: skip
    rows += [
        PlannedEntry(lines[key], key[0], EntryFate.REFUSED, tuple(texts))
        for key, texts in refused.items()
    ]
    return ListPlan(tuple(sorted(rows, key=lambda row: row.line)))


def import_list(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    text: str,
    *,
    policy: AddressPolicy,
    now: dt.datetime,
    actor: str,
    created_by: int | None = None,
    keyring: Keyring | None = None,
) -> ListPlan:
    """Take in every entry that can be; gives what was done. A changed source keeps its state."""
    plan = plan_import(session, text, policy=policy)
    for row in plan.rows:
        if row.draft is None:
            continue
        if row.fate is EntryFate.ADDED:
            create_source(
                session, row.draft, policy=policy, now=now, actor=actor, created_by=created_by,
                state=SourceState.PAUSED if row.paused else SourceState.ACTIVE,
                needs_trial=row.unverified, keyring=keyring,
            )  # fmt: skip
        elif row.fate is EntryFate.CHANGED and row.source_id is not None:
            edit_source(
                session, row.source_id, row.draft, policy=policy, now=now, actor=actor,
                keyring=keyring,
            )  # fmt: skip
    return plan


def _planned(entry: SourceEntry, source: Source | None, policy: AddressPolicy) -> PlannedEntry:
    draft = _draft(entry, source)
    try:
        draft = replace(draft, options=checked_options(draft, policy))
    except InvalidOptionsError as error:
        faults = tuple(f"第 {entry.line} 行：{fault}" for fault in error.faults.values())
        return PlannedEntry(entry.line, entry.name, EntryFate.REFUSED, faults)
    missing = _missing_key(draft)
    if source is None:
        return PlannedEntry(
            entry.line, entry.name, EntryFate.ADDED, missing, draft, None, entry.unverified,
            entry.paused,
        )  # fmt: skip
    changes = tuple(_changes(draft_of(source), draft, policy))
    fate = EntryFate.CHANGED if changes else EntryFate.UNCHANGED
    return PlannedEntry(entry.line, entry.name, fate, changes + missing, draft, source.id)


def _missing_key(draft: SourceDraft) -> tuple[str, ...]:
    has_key = bool(draft.options.get(VALUE)) or draft.sealed_options is not None
    return (KEY_IS_MISSING,) if draft.options.get(HEADER) and not has_key else ()


def _draft(entry: SourceEntry, source: Source | None) -> SourceDraft:
    """Turn an entry into a draft; secrets that the list leaves out stay as they are stored."""
    kept = source.sealed_options if source is not None and source.kind == entry.kind else None
    return SourceDraft(
        name=entry.name, kind=entry.kind, url=entry.url, platform=entry.platform,
        level=entry.level, options=dict(entry.options), legal_basis=entry.legal_basis,
        interval_s=entry.interval_s, interval_floor_s=entry.interval_floor_s,
        interval_ceiling_s=entry.interval_ceiling_s, adcode=entry.adcode,
        needs_browser=entry.needs_browser, sealed_options=kept,
    )  # fmt: skip


def _changes(old: SourceDraft, new: SourceDraft, policy: AddressPolicy) -> list[str]:
    found = []
    for name, label in _LABELS.items():
        before, after = getattr(old, name), getattr(new, name)
        if name == "options":
            before = _filled(_checked(old, policy))
            after = _filled(new.options)
        if name in {"interval_floor_s", "interval_ceiling_s"} and after is None:
            after = new.interval_s
        if (before or None) != (after or None):
            shown = "" if name == "options" else f"：{_words(before)} → {_words(after)}"
            found.append(f"{label}{shown}")
    return found


def _checked(draft: SourceDraft, policy: AddressPolicy) -> Mapping[str, object]:
    try:
        return checked_options(draft, policy)
    except InvalidOptionsError:
        return draft.options


def _filled(options: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in options.items() if value not in (None, "", [])}


def _words(value: object) -> str:
    if value is None or value == "":
        return "（空）"
    return {True: "是", False: "否"}[value] if isinstance(value, bool) else str(value)


def export_list(session: Session, ids: Collection[int] | None = None) -> str:
    """Write sources as a list that ``import_list`` reads; ``ids`` None means all. Secrets are left out.

    So are the sources of our own comments: they belong to the accounts of this installation.
    """
    statement = select(Source).where(Source.kind != OwnComments.name).order_by(Source.name)
    if ids is not None:
        statement = statement.where(Source.id.in_(ids))
    has_secrets = False
    entries: list[dict[str, object]] = []
    for source in session.scalars(statement):
        secret: frozenset[str] = frozenset()
        if source.kind in SOURCE_TYPES:
            secret = secret_names(SOURCE_TYPES.load(source.kind).options)
        has_secrets |= source.sealed_options is not None
        entries.append(_exported(source, secret))
    text = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=200)
    head = "# 职声的数据源清单；用「导入」或 zhisheng source import 读回。\n"
    return head + (f"{SECRETS_LEFT_OUT}\n" if has_secrets else "") + (text if entries else "[]\n")


def _exported(source: Source, secret: frozenset[str]) -> dict[str, object]:
    entry: dict[str, object] = {
        "name": source.name, "kind": source.kind, "url": source.url, "platform": source.platform,
        "level": source.level, "adcode": source.adcode, "interval_s": source.interval_s,
        "interval_floor_s": source.interval_floor_s,
        "interval_ceiling_s": source.interval_ceiling_s, "legal_basis": source.legal_basis,
        "needs_browser": source.needs_browser or None, "unverified": source.needs_trial or None,
        "paused": (source.state == SourceState.PAUSED and not source.needs_trial) or None,
    }  # fmt: skip
    options = {name: value for name, value in _filled(source.options).items() if name not in secret}
    if source.interval_floor_s > source.interval_s or source.interval_ceiling_s < source.interval_s:
        # An interval that has been driven beyond its bounds would be refused on the way back.
        entry["interval_s"] = min(
            max(source.interval_s, source.interval_floor_s), source.interval_ceiling_s
        )
    return {name: value for name, value in entry.items() if value is not None} | (
        {"options": options} if options else {}
    )


def install_starter_sources(session: Session, endpoints: Endpoints, now: dt.datetime) -> int:
    """Add the shipped list, paused until tried, and tell how many were new; safe to repeat."""
    statement = insert(Source).on_conflict_do_nothing(index_elements=["name"]).returning(Source.id)
    count = 0
    for starter in load_sources(endpoints):
        options = parse_options(SOURCE_TYPES.load(starter.kind).options, starter.options)
        created = session.scalar(
            statement.values(
                name=starter.name, kind=starter.kind, url=starter.url, platform=starter.platform,
                level=starter.level, adcode=starter.adcode, options=dict(options),
                legal_basis=starter.legal_basis, interval_s=starter.interval_s,
                interval_floor_s=starter.interval_s,
                interval_ceiling_s=max(starter.interval_s, 86_400), due_at=now,
                needs_browser=starter.needs_browser, state=SourceState.PAUSED.value,
                needs_trial=True, failure_reason=UNTRIED,
            )
        )  # fmt: skip
        count += created is not None
    return count
