"""试跑: what a draft of a rule or of a standing topic would have found in the last days. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from alerting import rules
from alerting import trial as rule_trial
from alerting.rule import LiveRule
from alerting.rule_types import RULE_TYPES
from alerting.rules import RuleDraft, RuleNotFoundError, RuleRow
from core.database.models.understanding import StandingTopic
from core.errors import InvalidOptionsError
from core.expression import Expression, ExpressionError
from core.expression.syntax import negation
from core.options import FieldKind
from core.search.base import SearchQuery
from core.search.selection import selection
from core.trial import PERIODS, TrialDraft, try_out
from core.trial_terms import joined
from webui.access import require
from webui.console import console, reading
from webui.document_view import language
from webui.expression_problem import ExpressionProblem, problem_of
from webui.page import is_fragment, render
from webui.permissions import Permission
from webui.trial_view import TrialView, trial_view
from webui.trial_words import alert_sentence, judged_sentences
from webui.typed import whole_number, whole_numbers

blueprint = Blueprint("trials", __name__, url_prefix="/trials")

DEFAULT_DAYS = 7
PREFIX = "option."
# What the panel itself sends, and what the page draws as fields that can be edited.
_OWN = frozenset({"csrf_token", "without", "days", "expression", "excludes"})
_LOST = "保存的版本现在读不懂了（{}），没有比较差别。"


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field; ``problem`` says where, if the fault is in an expression."""

    field: str
    label: str
    text: str
    problem: ExpressionProblem | None = None


class _RefusedDraftError(Exception):
    def __init__(self, faults: Sequence[FieldFault]) -> None:
        super().__init__()
        self.faults = faults


@blueprint.post("")
@require(Permission.TOPIC_MANAGE)
def topic() -> ResponseReturnValue:
    try:
        wanted = _read("expression", "表达式", _expression_text())
        unwanted = _read("excludes", "排除", request.form.get("excludes", "").strip())
    except _RefusedDraftError as error:
        return _refused(error.faults)
    if wanted is None:
        return _refused([FieldFault("expression", "表达式", "要写表达式，才能试跑")])
    sources = whole_numbers(request.form.getlist("sources"))
    draft = TrialDraft(wanted, _scope(unwanted, sources))
    saved, notes = _saved_topic()
    now = console().clock.now()
    trial = try_out(console().reader, draft, days=_days(), now=now, saved=saved)
    return _shown(trial_view(trial, draft, saved, is_rule=False, notes=notes))


@blueprint.post("/rules")
@require(Permission.RULE_MANAGE)
def rule() -> ResponseReturnValue:
    row = _row()
    kind = row.kind if row else request.form.get("trial_kind", "")
    if kind not in RULE_TYPES:
        return _refused(
            [FieldFault("trial_kind", "规则类型", "没有这种规则，请从“规则”页重新打开")]
        )
    typed = _expression_text()
    try:
        tried = rule_trial.tried_rule(_rule_draft(kind, typed), language())
    except ExpressionError as error:
        return _refused([_expression_fault("expression", "表达式", typed, error)])
    except InvalidOptionsError as error:
        labels = {spec.name: spec.label for spec in RULE_TYPES.load(kind).options}
        return _refused([_option_fault(name, text, labels) for name, text in error.faults.items()])
    return _rule_trial(tried, row)


def _rule_trial(tried: LiveRule, row: RuleRow | None) -> Response:
    now = console().clock.now()
    draft = rule_trial.trial_draft(tried)
    saved, notes = _saved_rule(row)
    trial = try_out(console().reader, draft, days=_days(), now=now, saved=saved)
    estimate = rule_trial.estimate_alerts(reading(), tried, trial)
    rule_id = row.id if row else None
    judged = rule_trial.judged_hits(reading(), draft.whole, since=trial.since, rule_id=rule_id)
    before = (
        rule_trial.judged_hits(reading(), saved.whole, since=trial.since, rule_id=rule_id)
        if saved
        else None
    )
    return _shown(
        trial_view(
            trial,
            draft,
            saved,
            is_rule=True,
            notes=notes,
            wide=rule_trial.too_wide(trial, estimate),
            alerts=alert_sentence(estimate, trial),
            estimate=estimate,
            judged=judged_sentences(judged, before, is_own=row is not None),
        )
    )


def _expression_text() -> str:
    """Give the draft, or the one that lacks a term which somebody pressed to take away."""
    return (request.form.get("without") or request.form.get("expression", "")).strip()


def _days() -> int:
    days = whole_number(request.form.get("days"))
    return days if days in PERIODS else DEFAULT_DAYS


def _read(name: str, label: str, typed: str) -> Expression | None:
    try:
        return language().parse(typed) if typed else None
    except ExpressionError as error:
        raise _RefusedDraftError([_expression_fault(name, label, typed, error)]) from error


def _scope(unwanted: Expression | None, sources: Sequence[int]) -> Expression | None:
    excluded = None if unwanted is None else negation(unwanted)
    return joined(excluded, selection(SearchQuery(source_ids=tuple(sources))))


def _saved_topic() -> tuple[TrialDraft | None, tuple[str, ...]]:
    topic_id = whole_number(request.form.get("topic_id"))
    stored = None if topic_id is None else reading().get(StandingTopic, topic_id)
    if stored is None:
        return None, ()
    try:
        wanted = language().parse(stored.expression)
        unwanted = language().parse(stored.excludes) if stored.excludes else None
    except ExpressionError as error:
        return None, (_LOST.format(error.expected),)
    return TrialDraft(wanted, _scope(unwanted, stored.sources)), ()


def _row() -> RuleRow | None:
    rule_id = whole_number(request.form.get("rule_id"))
    if rule_id is None:
        return None
    try:
        return rules.rule_detail(reading(), rule_id, console().clock.now())
    except RuleNotFoundError:
        return None


def _saved_rule(row: RuleRow | None) -> tuple[TrialDraft | None, tuple[str, ...]]:
    if row is None:
        return None, ()
    stored = RuleDraft(
        name=row.name,
        kind=row.kind,
        severity=row.severity,
        purpose=row.purpose,
        expression=row.expression,
        options=row.options,
        group_by=row.group_by,
    )
    try:
        return rule_trial.trial_draft(rule_trial.tried_rule(stored, language())), ()
    except (ExpressionError, InvalidOptionsError) as error:
        return None, (_LOST.format(error),)


def _rule_draft(kind: str, typed: str) -> RuleDraft:
    form = request.form
    return RuleDraft(
        name=form.get("name", ""),
        kind=kind,
        severity=form.get("severity", 0, type=int),
        purpose=form.get("purpose", ""),
        expression=typed,
        options={
            spec.name: form.get(PREFIX + spec.name, "0" if spec.kind is FieldKind.BOOLEAN else "")
            for spec in RULE_TYPES.load(kind).options
        },
        group_by=form.get("group_by", ""),
    )


def _expression_fault(name: str, label: str, typed: str, error: ExpressionError) -> FieldFault:
    return FieldFault(name, label, error.expected, problem_of(typed, error))


def _option_fault(name: str, text: str, labels: dict[str, str]) -> FieldFault:
    known = {"expression": "表达式", "group_by": "归并成一条预警"}
    if name in known:
        return FieldFault(name, known[name], text)
    return FieldFault(PREFIX + name, labels.get(name, name), text)


def _shown(view: TrialView) -> Response:
    return _answer(HTTPStatus.OK, view=view)


def _refused(faults: Sequence[FieldFault]) -> Response:
    return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, faults=faults)


def _answer(status: HTTPStatus, **context: object) -> Response:
    """Answer the panel of a form with a fragment, and a browser without scripts with a page of its own."""
    form = request.form
    response = render(
        "trials/_result.html" if is_fragment() else "trials/page.html",
        status,
        trial_action=request.path,
        trial_form="trial-form" if not is_fragment() else form.get("trial_form", ""),
        days=_days(),
        periods=PERIODS,
        expression=_expression_text(),
        excludes=form.get("excludes"),
        kept=[(name, value) for name, value in form.items(multi=True) if name not in _OWN],
        **context,
    )
    response.headers["Vary"] = "HX-Request"
    return response
