"""The level the machine proposes, from a table that the union edits, with its reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from alerting.levels import SEVERITIES, SEVERITY_LABELS
from config.alerting_defaults import SensitiveDates, SeverityRow, SeverityTable
from core.clock import SHANGHAI
from core.database.models.alerting import Severity


@dataclass(frozen=True, slots=True)
class SeverityFacts:
    """What the table looks at; ``text`` is title and text of the newest documents."""

    text: str
    topics: frozenset[str]
    levels: frozenset[str]
    regions: frozenset[str]
    documents: int
    sources: int
    reposts: int


@dataclass(frozen=True, slots=True)
class Proposal:
    severity: Severity
    reason: str


def propose(
    table: SeverityTable, facts: SeverityFacts, *, base: int, rule_name: str, at: dt.datetime
) -> Proposal:
    """Take the graver of the rule's own level and the gravest row that holds, then the sensitive marks."""
    proposal = Proposal(
        Severity(base), f"规则「{rule_name}」的级别为{SEVERITY_LABELS[Severity(base)]}"
    )
    for row in table.rows:
        severity = SEVERITIES[row.severity]
        if severity < proposal.severity and holds(row, facts):
            proposal = Proposal(severity, row.reason)
    mark = _sensitive_mark(table, facts, at)
    if mark is not None and proposal.severity > Severity.RED:
        severity = Severity(proposal.severity - 1)
        proposal = Proposal(severity, f"{proposal.reason}；{mark}，提高一级")
    return proposal


def holds(row: SeverityRow, facts: SeverityFacts) -> bool:
    """Tell whether every condition of the row holds."""
    return (
        (not row.topics or bool(facts.topics & set(row.topics)))
        and (not row.words or any(word in facts.text for word in row.words))
        and (not row.levels or bool(facts.levels & set(row.levels)))
        and (not row.regions or any(_is_in(region, row.regions) for region in facts.regions))
        and facts.documents >= row.documents
        and facts.sources >= row.sources
        and facts.reposts >= row.reposts
    )


def _sensitive_mark(table: SeverityTable, facts: SeverityFacts, at: dt.datetime) -> str | None:
    if any(_is_in(region, table.sensitive_regions) for region in facts.regions):
        return "属于重点关注地区"
    day = at.astimezone(SHANGHAI).strftime("%m-%d")
    return next(
        (f"正值{dates.name}" for dates in table.sensitive_dates if _covers(dates, day)), None
    )


def _covers(dates: SensitiveDates, day: str) -> bool:
    if dates.starts <= dates.ends:
        return dates.starts <= day <= dates.ends
    return day >= dates.starts or day <= dates.ends


def _is_in(region: str, listed: tuple[str, ...]) -> bool:
    return any(region.startswith(code.rstrip("0") or code) for code in listed)
