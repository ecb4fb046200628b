"""The ledger of one source: what it should have given, what it gave, and what stood in the way."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, abort, request

from core.expression.names import LEVEL_LABELS
from crawlers.source_listing import source_row
from crawlers.visiting.host_table import resting_hosts
from webui.access import require
from webui.console import console, reading
from webui.page import is_fragment, render
from webui.permissions import Permission
from webui.source_ledger_view import LedgerStep, ledger_view
from webui.source_words import HEALTH_LABELS, lasting

blueprint = Blueprint("source_coverage", __name__, url_prefix="/sources")

STEPS = ((LedgerStep.HOUR, "近 48 小时"), (LedgerStep.DAY, "近 30 天"))


@blueprint.get("/<int:source_id>/coverage")
@require(Permission.SOURCE_VIEW)
def detail(source_id: int) -> Response:
    session, now = reading(), console().clock.now()
    row = source_row(session, source_id, now)
    if row is None:
        abort(HTTPStatus.NOT_FOUND, "找不到这个数据源，它可能已被删除。")
    asked = request.args.get("by", "")
    step = LedgerStep(asked) if asked in set(LedgerStep) else LedgerStep.HOUR
    return render(
        "sources/_ledger.html" if is_fragment() else "sources/coverage.html",
        row=row,
        view=ledger_view(session, source_id, step, now),
        steps=STEPS,
        resting=resting_hosts(session, [row.url], now).get(row.url) if row.url else None,
        health_labels=HEALTH_LABELS,
        level_labels=LEVEL_LABELS,
        lasting=lasting,
    )
