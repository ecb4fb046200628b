"""What raises an alert: rules, their versions, and how often they hit."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from alerting import rules
from alerting.levels import SEVERITY_LABELS
from alerting.rule_types import RULE_TYPES
from alerting.rules import GROUPINGS, RuleDraft, RuleLanguage, RuleNotFoundError, RuleRow
from config.purposes import PURPOSES
from core.database.models.alerting import Severity
from core.errors import ConflictError, InvalidOptionsError
from core.expression import ExpressionError
from core.options import FieldKind
from core.synonym_groups import hold_groups
from webui import people
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.expression_problem import problem_of
from webui.page import is_fragment, render, tell
from webui.permissions import Permission
from webui.vocabulary import expression_names

blueprint = Blueprint("rules", __name__, url_prefix="/rules")

SEE_OTHER = 303
PREFIX = "option."


@blueprint.get("")
@require(Permission.RULE_VIEW)
def index() -> Response:
    rows = rules.list_rules(reading(), console().clock.now())
    state, q = request.args.get("state", ""), request.args.get("q", "").strip()
    shown = [row for row in rows if state in {"", "on" if row.is_enabled else "off"}]
    shown = [row for row in shown if q.lower() in f"{row.name}{row.expression or ''}".lower()]
    return render(
        "rules/_list.html" if is_fragment() else "rules/page.html",
        rows=shown,
        total=len(rows),
        state=state,
        q=q,
        kinds=_kinds(),
    )


@blueprint.get("/new/<kind>")
@require(Permission.RULE_MANAGE)
def new(kind: str) -> ResponseReturnValue:
    if kind not in RULE_TYPES:
        return redirect(url_for("rules.index"))
    values: dict[str, object] = {"severity": Severity.YELLOW.value, "group_by": "event"}
    values |= {PREFIX + spec.name: spec.default for spec in RULE_TYPES.load(kind).options}
    return _form(kind, None, values, {})


@blueprint.post("/new/<kind>")
@require(Permission.RULE_MANAGE)
def create(kind: str) -> ResponseReturnValue:
    if kind not in RULE_TYPES:
        return redirect(url_for("rules.index"), SEE_OTHER)
    try:
        with writing() as session:
            hold_groups(session)
            rules.create_rule(
                session,
                _draft(kind),
                person_id=viewer().id,
                now=console().clock.now(),
                language=RuleLanguage.load(session, expression_names()),
            )
    except (InvalidOptionsError, ExpressionError) as error:
        return _refused(kind, None, error)
    tell("规则已保存并启用，下一次检查起生效。")
    return redirect(url_for("rules.index"), SEE_OTHER)


@blueprint.get("/<int:rule_id>")
@require(Permission.RULE_VIEW)
def edit(rule_id: int) -> ResponseReturnValue:
    row = _find(rule_id)
    if row is None:
        return _gone()
    values: dict[str, object] = {
        "name": row.name,
        "expression": row.expression,
        "severity": row.severity.value,
        "group_by": row.group_by,
        "purpose": row.purpose,
        "advice": row.advice,
        "as_of_version": row.version,
    }
    values |= {PREFIX + name: value for name, value in row.options.items()}
    return _form(row.kind, row, values, {})


@blueprint.post("/<int:rule_id>")
@require(Permission.RULE_MANAGE)
def save(rule_id: int) -> ResponseReturnValue:
    row = _find(rule_id)
    if row is None:
        return _gone()
    try:
        with writing() as session:
            hold_groups(session)
            version = rules.edit_rule(
                session,
                rule_id,
                _draft(row.kind, row.policy_id),
                person_id=viewer().id,
                now=console().clock.now(),
                language=RuleLanguage.load(session, expression_names()),
                as_of_version=request.form.get("as_of_version", 0, type=int),
            )
    except (InvalidOptionsError, ExpressionError) as error:
        return _refused(row.kind, row, error)
    except ConflictError as error:
        # What was typed stays on the page. Saving once more means having seen the newer version.
        text = f"{error}您填的内容还在下面；再保存一次就以您的内容为准。"
        values = _typed(row.kind) | {"as_of_version": row.version}
        return _form(row.kind, row, values, {"": text}, status=409)
    tell(f"规则已保存为第 {version} 版，下一次检查起生效。")
    return redirect(url_for("rules.edit", rule_id=rule_id), SEE_OTHER)


@blueprint.post("/<int:rule_id>/enable")
@require(Permission.RULE_MANAGE)
def enable(rule_id: int) -> ResponseReturnValue:
    now = console().clock.now()
    with writing() as session:
        rules.enable_rule(session, rule_id, person_id=viewer().id, now=now)
    tell("规则已启用。")
    return redirect(url_for("rules.index"), SEE_OTHER)


@blueprint.post("/<int:rule_id>/disable")
@require(Permission.RULE_MANAGE)
def disable(rule_id: int) -> ResponseReturnValue:
    now = console().clock.now()
    with writing() as session:
        rules.disable_rule(session, rule_id, person_id=viewer().id, now=now)
    tell("规则已停用，不再产生预警；已有预警不受影响。", "warn")
    return redirect(url_for("rules.index"), SEE_OTHER)


def _draft(kind: str, policy_id: int | None = None) -> RuleDraft:
    form = request.form
    return RuleDraft(
        name=form.get("name", ""),
        kind=kind,
        severity=form.get("severity", 0, type=int),
        purpose=form.get("purpose", ""),
        expression=form.get("expression"),
        options={
            # An unticked box sends nothing; that means no, and not the default.
            spec.name: form.get(PREFIX + spec.name, "0" if spec.kind is FieldKind.BOOLEAN else "")
            for spec in RULE_TYPES.load(kind).options
        },
        group_by=form.get("group_by", ""),
        advice=form.get("advice"),
        policy_id=policy_id,
    )


def _typed(kind: str) -> dict[str, object]:
    typed: dict[str, object] = dict(request.form)
    return typed | {"kind": kind}


def _refused(
    kind: str, row: RuleRow | None, error: InvalidOptionsError | ExpressionError
) -> Response:
    values = _typed(kind)
    if isinstance(error, InvalidOptionsError):
        return _form(kind, row, values, error.faults, status=422)
    problem = problem_of(request.form.get("expression", "").strip(), error)
    faults = {"expression": f"表达式有误：{error.expected}"}
    return _form(kind, row, values | {"problem": problem}, faults, status=422)


def _form(
    kind: str,
    row: RuleRow | None,
    values: Mapping[str, object],
    faults: Mapping[str, str],
    *,
    status: int = 200,
) -> Response:
    rule_type = RULE_TYPES.load(kind)
    return render(
        "rules/form.html",
        status,
        kind=kind,
        kind_label=rule_type.label,
        needs_expression=rule_type.needs_expression,
        specs=rule_type.options,
        row=row,
        versions=rules.rule_versions(reading(), row.id) if row else (),
        names=people.names(reading()) if row else {},
        severities=[(level.value, label) for level, label in SEVERITY_LABELS.items()],
        groupings=list(GROUPINGS.items()),
        purposes=[(purpose, purpose) for purpose in PURPOSES],
        values=values,
        faults=faults,
        prefix=PREFIX,
        may_manage=viewer().may(Permission.RULE_MANAGE),
    )


def _find(rule_id: int) -> RuleRow | None:
    try:
        return rules.rule_detail(reading(), rule_id, console().clock.now())
    except RuleNotFoundError:
        return None


def _kinds() -> list[tuple[str, str]]:
    return [(kind, RULE_TYPES.load(kind).label) for kind in RULE_TYPES]


def _gone() -> ResponseReturnValue:
    tell("这条规则已经不在了。", "warn")
    return redirect(url_for("rules.index"), SEE_OTHER)
