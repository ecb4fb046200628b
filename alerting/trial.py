"""Trying a rule on what was collected before: how often it would have alerted, and what people had judged."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from alerting.evaluation import group_of, subject_of
from alerting.rule import Finding, LiveRule, Member, Subject
from alerting.rule_types import RULE_TYPES
from alerting.rules import GROUPINGS, RuleDraft, RuleLanguage, check_expression
from alerting.windows import bucket_of
from core.clock import SHANGHAI
from core.database.models.alerting import Alert, Match, Verdict
from core.database.models.collecting import Document
from core.documents import read_documents
from core.errors import InvalidOptionsError
from core.expression import Expression, Matcher
from core.options import Options, parse_options
from core.search.base import SearchQuery
from core.search.selection import selection
from core.trial import Trial, TrialDraft

MOST_JUDGED = 300
WIDE_SHARE = 0.2
FEWEST_FOR_WIDE = 50
MOST_ALERTS_A_DAY = 50
_KEY = 1
_TRUE_VERDICTS = (Verdict.VALID, Verdict.LEVEL_TOO_HIGH, Verdict.LEVEL_TOO_LOW)
_COLUMNS = (
    Document.id,
    Document.source_id,
    Document.author_hash,
    Document.topics,
    Document.regions,
    Document.polarity,
    Document.event_id,
    Document.published_at,
    Document.ingested_at,
    Document.has_bad_time,
)


@dataclass(frozen=True, slots=True)
class AlertEstimate:
    """How many alerts the hits would have made, one for each group that satisfied the rule.

    ``documents`` of ``total`` hits were looked at. ``busiest`` is the Shanghai day on which most groups first
    did. ``findings`` are the first windows that crossed their thresholds, of a rule that counts in windows.
    """

    documents: int
    total: int
    alerts: int
    busiest: tuple[dt.date, int] | None
    findings: tuple[Finding, ...]
    has_windows: bool


@dataclass(frozen=True, slots=True)
class JudgedHits:
    """Of the documents whose alerts were judged right or false: how many the draft finds again."""

    right: int
    right_found: int
    false: int
    false_found: int


def tried_rule(draft: RuleDraft, language: RuleLanguage) -> LiveRule:
    """Make a rule of a form that may not be complete.

    Raises ExpressionError, and InvalidOptionsError naming the fields that say what is counted.
    """
    rule_type = RULE_TYPES.load(draft.kind)
    typed = (draft.expression or "").strip()
    faults: dict[str, str] = {}
    options: Options = {}
    if rule_type.needs_expression and not typed:
        faults["expression"] = f"「{rule_type.label}」规则要写表达式，才能试跑"
    if draft.group_by not in GROUPINGS:
        faults["group_by"] = f"归并方式只能是：{'、'.join(GROUPINGS.values())}"
    try:
        options = parse_options(rule_type.options, draft.options)
    except InvalidOptionsError as error:
        faults.update(error.faults)
    if faults:
        raise InvalidOptionsError(faults)
    return LiveRule(
        id=0,
        name=draft.name.strip() or "试跑的规则",
        kind=draft.kind,
        version=0,
        severity=draft.severity,
        group_by=draft.group_by,
        expression=check_expression(typed, language) if typed else None,
        options=options,
    )


def trial_draft(rule: LiveRule) -> TrialDraft:
    """Say what the rule counts, its topics and polarities among it, as the index can be asked."""
    filters = SearchQuery(topics=_values(rule, "topics"), polarities=_values(rule, "polarities"))
    return TrialDraft(rule.expression, selection(filters))


def _values(rule: LiveRule, name: str) -> tuple[str, ...]:
    value = rule.options.get(name)
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def too_wide(trial: Trial, estimate: AlertEstimate | None) -> str | None:
    """Say in Chinese why a live rule like this would bury the people on duty; None when it would not."""
    share, everything = trial.share, trial.everything or 0
    if share is not None and share > WIDE_SHARE and everything >= FEWEST_FOR_WIDE:
        return f"同期每 100 条信息里它命中 {share * 100:.0f} 条，等于没有筛选"
    if estimate is not None and estimate.alerts > MOST_ALERTS_A_DAY * trial.days:
        return f"平均每天约 {estimate.alerts / trial.days:.0f} 件预警，值班员处理不过来"
    return None


def estimate_alerts(session: Session, rule: LiveRule, trial: Trial) -> AlertEstimate:
    """Group the newest hits as the live engine does and judge them with the rule's own code."""
    rule_type = RULE_TYPES.load(rule.kind)
    length = rule_type.window(rule)
    groups: dict[str, list[Subject]] = defaultdict(list)
    for document in _documents(session, trial.newest):
        subject = subject_of(document, rule, ())
        if rule_type.admits(rule, subject):
            groups[group_of(rule, document)].append(subject)
    firsts: list[dt.datetime] = []
    crossed: list[Finding] = []
    for subjects in groups.values():
        if length is None:
            firsts.append(min(subject.published_at for subject in subjects))
        elif findings := list(_window_findings(rule, subjects, length)):
            firsts.append(min(_end(finding) for finding in findings))
            crossed += findings
    days = Counter(moment.astimezone(SHANGHAI).date() for moment in firsts)
    busiest = max(days.items(), key=lambda day: (day[1], day[0]), default=None)
    crossed.sort(key=_end, reverse=True)
    return AlertEstimate(
        documents=len(trial.newest),
        total=trial.total,
        alerts=len(firsts),
        busiest=busiest,
        findings=tuple(crossed),
        has_windows=length is not None,
    )


def _documents(session: Session, ids: Sequence[int]) -> Iterator[Document]:
    if ids:
        wanted = select(Document).options(load_only(*_COLUMNS)).where(Document.id.in_(ids))
        yield from session.scalars(wanted.order_by(Document.id))


def _window_findings(
    rule: LiveRule, subjects: Sequence[Subject], length: dt.timedelta
) -> Iterator[Finding]:
    """Judge every bucket of a group with the members that the live engine would count in it."""
    by_bucket: dict[dt.datetime, list[Member]] = defaultdict(list)
    for one in subjects:
        member = Member(one.document_id, one.published_at, one.source_id, one.author_hash)
        by_bucket[bucket_of(one.published_at, length)].append(member)
    rule_type = RULE_TYPES.load(rule.kind)
    for bucket in sorted(by_bucket):
        members = [*by_bucket[bucket], *by_bucket.get(bucket + length, ())]
        yield from rule_type.window_findings(rule, bucket, members)


def _end(finding: Finding) -> dt.datetime:
    # A finding of a window names it.
    assert finding.window is not None  # noqa: S101 (as above)
    return finding.window[1]


def judged_hits(
    session: Session,
    whole: Expression | None,
    *,
    since: dt.datetime,
    rule_id: int | None = None,
) -> JudgedHits:
    """Match the documents whose alerts people have judged since; of one rule, or of all rules.

    A recent time range counts back from when each document arrived, as it does for a live rule.
    """
    statement = (
        select(Match.document_id, Alert.verdict)
        .join(Alert, Alert.id == Match.alert_id)
        .where(
            Match.document_id.is_not(None),
            Match.created_at >= since,
            Alert.verdict.in_([*_TRUE_VERDICTS, Verdict.FALSE_ALARM]),
        )
        .order_by(Match.id.desc())
        .limit(MOST_JUDGED)
    )
    if rule_id is not None:
        statement = statement.where(Match.rule_id == rule_id)
    verdicts: dict[int, bool] = {}
    for document_id, verdict in session.execute(statement):
        assert document_id is not None  # noqa: S101 (what the statement selects)
        is_right = verdict != Verdict.FALSE_ALARM.value
        verdicts[document_id] = verdicts.get(document_id, False) or is_right
    counts: Counter[tuple[bool, bool]] = Counter()
    matcher = Matcher({} if whole is None else {_KEY: whole})
    for document in read_documents(session, list(verdicts)):
        is_found = whole is None or bool(matcher.match(document, now=document.ingested_at))
        counts[verdicts[document.id], is_found] += 1
    return JudgedHits(
        right=counts[True, True] + counts[True, False],
        right_found=counts[True, True],
        false=counts[False, True] + counts[False, False],
        false_found=counts[False, True],
    )
