"""The form of one source: tried, saved, and shown again with everything typed when refused."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.database.models.collecting import Source
from core.errors import InvalidOptionsError
from crawlers import sources
from crawlers.proposal.trial import SourceTrial, try_source
from crawlers.source_listing import source_row
from crawlers.source_types import SOURCE_TYPES
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.page import render, tell
from webui.pages.source_fields import (
    PREFIX,
    drafted,
    drawing,
    robots_words,
    shown_samples,
    stored_secrets,
    values_of,
)
from webui.permissions import Permission
from webui.source_words import HEALTH_LABELS

blueprint = Blueprint("source_forms", __name__, url_prefix="/sources")

SEE_OTHER = 303
MANAGE = Permission.SOURCE_MANAGE


@blueprint.get("/new/<kind>")
@require(MANAGE)
def new(kind: str) -> ResponseReturnValue:
    if kind not in SOURCE_TYPES:
        return redirect(url_for("source_proposals.index"))
    values: dict[str, object] = {"interval_s": 600, "platform": "网站", "level": "public"}
    values |= {"url": request.args.get("url", "")}
    values |= {PREFIX + spec.name: spec.default for spec in SOURCE_TYPES.load(kind).options}
    return _form(kind, None, values, {})


@blueprint.post("/new/<kind>")
@require(MANAGE)
def create(kind: str) -> ResponseReturnValue:
    if kind not in SOURCE_TYPES:
        return redirect(url_for("source_proposals.index"), SEE_OTHER)
    draft = drafted(kind)
    if request.form.get("do") == "try":
        return _form(kind, None, request.form, {}, trial=_tried(draft))
    try:
        with writing() as session:
            sources.create_source(
                session,
                draft,
                policy=console().policy,
                now=console().clock.now(),
                actor=viewer().actor,
                created_by=viewer().id,
                keyring=console().keyring,
            )
    except InvalidOptionsError as error:
        return _form(kind, None, request.form, error.faults, status=422)
    if SOURCE_TYPES.load(kind).needs_url:
        tell("数据源已保存，几秒后开始第一次采集。")
    else:
        tell("数据源已保存。")
    return redirect(url_for("sources.index"), SEE_OTHER)


@blueprint.get("/<int:source_id>")
@require(MANAGE)
def edit(source_id: int) -> ResponseReturnValue:
    source = reading().get(Source, source_id)
    if source is None:
        return _gone()
    return _form(source.kind, source, values_of(sources.draft_of(source)), {})


@blueprint.post("/<int:source_id>")
@require(MANAGE)
def save(source_id: int) -> ResponseReturnValue:
    source = reading().get(Source, source_id)
    if source is None:
        return _gone()
    draft = drafted(source.kind, source.sealed_options)
    if request.form.get("do") == "try":
        trial = _tried(draft)
        if sources.collects_alike(draft, sources.draft_of(source), console().policy):
            _record(source_id, trial)
        return _form(source.kind, source, request.form, {}, trial=trial)
    try:
        with writing() as session:
            sources.edit_source(
                session,
                source_id,
                draft,
                policy=console().policy,
                now=console().clock.now(),
                actor=viewer().actor,
                keyring=console().keyring,
            )
    except InvalidOptionsError as error:
        return _form(source.kind, source, request.form, error.faults, status=422)
    tell("数据源已保存。" if source.needs_trial else "数据源已保存，马上重新采集。")
    return redirect(url_for("sources.index"), SEE_OTHER)


@blueprint.post("/<int:source_id>/trial")
@require(MANAGE)
def trial(source_id: int) -> ResponseReturnValue:
    """Try the source as it is stored."""
    source = reading().get(Source, source_id)
    if source is None:
        return _gone()
    draft = sources.draft_of(source)
    tried = _tried(draft)
    _record(source_id, tried)
    return _form(source.kind, source, values_of(draft), {}, trial=tried)


def _tried(draft: sources.SourceDraft) -> SourceTrial:
    return try_source(
        draft,
        http=console().http,
        policy=console().policy,
        user_agent=console().http.user_agent,
        now=console().clock.now(),
        keyring=console().keyring,
    )


def _record(source_id: int, tried: SourceTrial) -> None:
    with writing() as session:
        sources.record_trial(
            session,
            source_id,
            succeeded=tried.fault is None,
            now=console().clock.now(),
            actor=viewer().actor,
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
    row = None
    if source is not None:
        # A trial may just have changed the row in a transaction of its own.
        reading().rollback()
        row = source_row(reading(), source.id, console().clock.now())
    return render(
        "sources/form.html",
        status,
        **drawing(kind),
        row=row,
        source=source,
        public_url=console().settings.public_url,
        values={**values, **stored_secrets(kind, source)},
        faults=faults,
        trial=trial,
        samples=shown_samples(trial.items if trial else ()),
        robots=robots_words(trial.robots_finding if trial else None),
        health_labels=HEALTH_LABELS,
    )


def _gone() -> ResponseReturnValue:
    tell("这个数据源已经不在了。", "warn")
    return redirect(url_for("sources.index"), SEE_OTHER)
