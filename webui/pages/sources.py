"""Where documents come from: is collecting alive, and on what basis."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.expression.names import LEVEL_LABELS
from crawlers import sources
from crawlers.sources import UntriedSourceError
from webui.access import require, viewer
from webui.console import console, writing
from webui.page import is_fragment, render, tell
from webui.pages.source_fields import kinds
from webui.permissions import Permission
from webui.source_list import SourceList, read_query, source_list
from webui.source_words import HEALTH_LABELS, IN_ORDER, lasting

blueprint = Blueprint("sources", __name__, url_prefix="/sources")

SEE_OTHER = 303
MANAGE = Permission.SOURCE_MANAGE


@blueprint.get("")
@require(Permission.SOURCE_VIEW)
def index() -> Response:
    listed = source_list(read_query(request.args))
    return render(
        "sources/_list.html" if is_fragment() else "sources/page.html",
        listed=listed,
        tabs=_tabs(listed),
        health_labels=HEALTH_LABELS,
        levels=list(LEVEL_LABELS.items()),
        kinds=kinds(),
        lasting=lasting,
    )


def _tabs(listed: SourceList) -> list[dict[str, object]]:
    """Give one tab for each health, with all of its sources counted, whatever else is asked for."""
    chosen = listed.query.health
    everything = {
        "label": "全部",
        "href": "/sources",
        "current": chosen is None,
        "count": listed.total,
    }
    return [everything] + [
        {
            "label": HEALTH_LABELS[health],
            "href": f"/sources?health={health}",
            "current": health is chosen,
            "count": listed.counts.get(health, 0),
        }
        for health in IN_ORDER
    ]


@blueprint.post("/<int:source_id>/pause")
@require(MANAGE)
def pause(source_id: int) -> ResponseReturnValue:
    with writing() as session:
        sources.pause_source(session, source_id, now=console().clock.now(), actor=viewer().actor)
    return _done("数据源已暂停，不再采集；已有信息不受影响。", "warn")


@blueprint.post("/<int:source_id>/resume")
@require(MANAGE)
def resume(source_id: int) -> ResponseReturnValue:
    try:
        with writing() as session:
            sources.resume_source(
                session, source_id, now=console().clock.now(), actor=viewer().actor
            )
    except UntriedSourceError as error:
        tell(str(error), "warn")
        return redirect(url_for("source_forms.edit", source_id=source_id), SEE_OTHER)
    return _done("数据源已恢复，马上采集一次。")


@blueprint.post("/<int:source_id>/visit")
@require(MANAGE)
def visit(source_id: int) -> ResponseReturnValue:
    with writing() as session:
        sources.visit_now(session, source_id, now=console().clock.now(), actor=viewer().actor)
    return _done("已排到最前，几秒后采集。")


def _done(text: str, level: str = "ok") -> ResponseReturnValue:
    tell(text, level)
    return redirect(url_for("sources.index"), SEE_OTHER)
