"""Where documents come from: is collecting alive, and on what basis."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.database.models.collecting import Source
from core.errors import InvalidOptionsError
from core.expression.names import LEVEL_LABELS
from core.masking import mask
from core.options import FieldKind
from core.source_health import SourceHealth
from crawlers import sources
from crawlers.source_listing import list_sources, source_row
from crawlers.source_trial import SourceTrial, try_source
from crawlers.source_types import SOURCE_TYPES
from crawlers.sources import SourceDraft
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.page import is_fragment, render, tell
from webui.permissions import Permission

blueprint = Blueprint("sources", __name__, url_prefix="/sources")

SEE_OTHER = 303
MANAGE = Permission.SOURCE_MANAGE
PREFIX = "option."
EXCERPT = 120
HEALTH_LABELS: Mapping[SourceHealth, str] = {
    SourceHealth.OK: "正常",
    SourceHealth.FAILING: "异常",
    SourceHealth.SILENT: "静默",
    SourceHealth.PAUSED: "已暂停",
}


@blueprint.get("")
@require(Permission.SOURCE_VIEW)
def index() -> Response:
    rows = list_sources(reading(), console().clock.now())
    wanted, q = request.args.get("health", ""), request.args.get("q", "").strip()
    shown = [row for row in rows if row.health.value == wanted or not wanted]
    shown = [row for row in shown if q.lower() in row.name.lower()]
    return render(
        "sources/_list.html" if is_fragment() else "sources/page.html",
        rows=shown,
        total=len(rows),
        wanted=wanted,
        q=q,
        health_labels=HEALTH_LABELS,
        healths=[(health.value, label) for health, label in HEALTH_LABELS.items()],
        level_labels=LEVEL_LABELS,
        kinds=_kinds(),
    )


@blueprint.get("/new")
@require(MANAGE)
def choose() -> Response:
    return render("sources/choose.html", kinds=_kinds())


@blueprint.get("/new/<kind>")
@require(MANAGE)
def new(kind: str) -> ResponseReturnValue:
    if kind not in SOURCE_TYPES:
        return redirect(url_for("sources.choose"))
    values: dict[str, object] = {"interval_s": 600, "platform": "网站", "level": "public"}
    values |= {PREFIX + spec.name: spec.default for spec in SOURCE_TYPES.load(kind).options}
    return _form(kind, None, values, {})


@blueprint.post("/new/<kind>")
@require(MANAGE)
def create(kind: str) -> ResponseReturnValue:
    if kind not in SOURCE_TYPES:
        return redirect(url_for("sources.choose"), SEE_OTHER)
    if request.form.get("do") == "try":
        return _form(kind, None, request.form, {}, trial=_trial(kind))
    try:
        with writing() as session:
            sources.create_source(
                session,
                _draft(kind),
                policy=console().policy,
                now=console().clock.now(),
                actor=viewer().actor,
                created_by=viewer().id,
            )
    except InvalidOptionsError as error:
        return _form(kind, None, request.form, error.faults, status=422)
    tell("数据源已保存，几秒后开始第一次采集。")
    return redirect(url_for("sources.index"), SEE_OTHER)


@blueprint.get("/<int:source_id>")
@require(MANAGE)
def edit(source_id: int) -> ResponseReturnValue:
    source = reading().get(Source, source_id)
    if source is None:
        return _gone()
    values: dict[str, object] = {
        "name": source.name,
        "url": source.url,
        "platform": source.platform,
        "level": source.level,
        "legal_basis": source.legal_basis,
        "interval_s": source.interval_s,
        "interval_floor_s": source.interval_floor_s,
        "interval_ceiling_s": source.interval_ceiling_s,
    }
    values |= {PREFIX + name: value for name, value in source.options.items()}
    return _form(source.kind, source, values, {})


@blueprint.post("/<int:source_id>")
@require(MANAGE)
def save(source_id: int) -> ResponseReturnValue:
    source = reading().get(Source, source_id)
    if source is None:
        return _gone()
    if request.form.get("do") == "try":
        return _form(source.kind, source, request.form, {}, trial=_trial(source.kind))
    try:
        with writing() as session:
            sources.edit_source(
                session,
                source_id,
                _draft(source.kind),
                policy=console().policy,
                now=console().clock.now(),
                actor=viewer().actor,
            )
    except InvalidOptionsError as error:
        return _form(source.kind, source, request.form, error.faults, status=422)
    tell("数据源已保存，马上重新采集。")
    return redirect(url_for("sources.index"), SEE_OTHER)


@blueprint.post("/<int:source_id>/pause")
@require(MANAGE)
def pause(source_id: int) -> ResponseReturnValue:
    with writing() as session:
        sources.pause_source(session, source_id, now=console().clock.now(), actor=viewer().actor)
    return _done("数据源已暂停，不再采集；已有信息不受影响。", "warn")


@blueprint.post("/<int:source_id>/resume")
@require(MANAGE)
def resume(source_id: int) -> ResponseReturnValue:
    with writing() as session:
        sources.resume_source(session, source_id, now=console().clock.now(), actor=viewer().actor)
    return _done("数据源已恢复，马上采集一次。")


@blueprint.post("/<int:source_id>/visit")
@require(MANAGE)
def visit(source_id: int) -> ResponseReturnValue:
    with writing() as session:
        sources.visit_now(session, source_id, now=console().clock.now(), actor=viewer().actor)
    return _done("已排到最前，几秒后采集。")


def _draft(kind: str) -> SourceDraft:
    form = request.form
    return SourceDraft(
        name=form.get("name", ""),
        kind=kind,
        url=form.get("url", "").strip() or None,
        platform=form.get("platform", ""),
        level=form.get("level", ""),
        options=_raw_options(kind),
        legal_basis=form.get("legal_basis", ""),
        interval_s=form.get("interval_s", 0, type=int),
        interval_floor_s=form.get("interval_floor_s", type=int),
        interval_ceiling_s=form.get("interval_ceiling_s", type=int),
    )


def _raw_options(kind: str) -> dict[str, object]:
    return {
        # An unticked box sends nothing; that means no, and not the default.
        spec.name: request.form.get(
            PREFIX + spec.name, "0" if spec.kind is FieldKind.BOOLEAN else ""
        )
        for spec in SOURCE_TYPES.load(kind).options
    }


def _trial(kind: str) -> SourceTrial:
    return try_source(
        _draft(kind),
        http=console().http,
        policy=console().policy,
        user_agent=console().http.user_agent,
        now=console().clock.now(),
    )


def _form(
    kind: str,
    source: Source | None,
    values: Mapping[str, object],
    faults: Mapping[str, str],
    *,
    trial: SourceTrial | None = None,
    status: int = 200,
) -> Response:
    source_type = SOURCE_TYPES.load(kind)
    samples = [
        (item.published_at, mask(item.title).text, mask(item.text[:EXCERPT]).text)
        for item in (trial.items if trial else ())
    ]
    row = source_row(reading(), source.id, console().clock.now()) if source else None
    return render(
        "sources/form.html",
        status,
        kind=kind,
        kind_label=source_type.label,
        needs_url=source_type.needs_url,
        specs=source_type.options,
        levels=list(LEVEL_LABELS.items()),
        row=row,
        values=values,
        faults=faults,
        prefix=PREFIX,
        trial=trial,
        samples=samples,
        health_labels=HEALTH_LABELS,
    )


def _kinds() -> list[tuple[str, str]]:
    return [(kind, SOURCE_TYPES.load(kind).label) for kind in SOURCE_TYPES]


def _gone() -> ResponseReturnValue:
    tell("这个数据源已经不在了。", "warn")
    return redirect(url_for("sources.index"), SEE_OTHER)


def _done(text: str, level: str = "ok") -> ResponseReturnValue:
    tell(text, level)
    return redirect(url_for("sources.index"), SEE_OTHER)
