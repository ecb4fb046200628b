"""Is the system itself well: processes, queues, what was given up, notices, versions."""

from __future__ import annotations

import platform
from collections.abc import Mapping

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue

from alerting.alert_detail import clear_delivery as clear_message
from alerting.alert_detail import revive_delivery as resend_message
from alerting.alert_detail import troubled_deliveries
from alerting.inbox import delivery_counts
from core import leases, system_health
from core.search.base import SearchHealth
from core.search_lag import index_lag, lag_notice
from core.system_health import RoleState
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.page import freshness, is_fragment, render, tell
from webui.permissions import Permission
from webui.setup_steps import setup_steps
from webui.source_words import notice_link

blueprint = Blueprint("system", __name__, url_prefix="/system")

SEE_OTHER = 303
MANAGE = Permission.SYSTEM_MANAGE
ROLES: Mapping[str, str] = {
    "web": "控制台",
    "crawl": "采集",
    "understand": "分析",
    "index": "建索引",
    "engine": "预警判定",
    "send": "发送通知",
    "publish": "发布",
}
DEMO_ROLES: Mapping[str, str] = {"world": "演练世界"}
QUEUES: Mapping[str, str] = {
    "analyse": "待分析",
    "index": "待建索引",
    "evaluate": "待判定",
    "unindex": "待移出索引",
    "evidence": "待取证",
}


@blueprint.get("")
@require(Permission.SYSTEM_VIEW)
def index() -> Response:
    session, now = reading(), console().clock.now()
    labels = {**ROLES, **(DEMO_ROLES if console().settings.demo else {})}
    roles = system_health.role_lines(session, list(labels), now)
    steps = setup_steps(session, now)
    notices = system_health.live_notices(session)
    return render(
        "system/_health.html" if is_fragment() else "system/page.html",
        roles=roles,
        role_labels=labels,
        down=[labels[line.role] for line in roles if line.state is not RoleState.RUNNING],
        queues=system_health.queue_lines(session, now),
        queue_labels=QUEUES,
        dead_items=system_health.dead_items(session),
        deliveries=troubled_deliveries(session),
        delivery_counts=delivery_counts(session),
        notices=notices,
        notice_links={notice.id: notice_link(notice.key) for notice in notices},
        search=_search_health(),
        lag=lag_notice(index_lag(session, now)),
        database_mb=system_health.database_bytes(session) / 1_000_000,
        versions=_versions(),
        leader=leases.leader(session, "engine"),
        steps=steps if any(not step.is_done for step in steps) else [],
        data=freshness(),
    )


@blueprint.post("/work/<int:item_id>/retry")
@require(MANAGE)
def retry_work(item_id: int) -> ResponseReturnValue:
    with writing() as session:
        system_health.retry_item(session, item_id, actor=viewer().actor, now=console().clock.now())
    return _done("已重新排队，几秒后再试。")


@blueprint.post("/work/<int:item_id>/clear")
@require(MANAGE)
def clear_work(item_id: int) -> ResponseReturnValue:
    with writing() as session:
        system_health.clear_item(session, item_id, actor=viewer().actor, now=console().clock.now())
    return _done("已清除，这一项不会再处理。")


@blueprint.post("/deliveries/<int:delivery_id>/retry")
@require(MANAGE)
def retry_delivery(delivery_id: int) -> ResponseReturnValue:
    with writing() as session:
        resend_message(session, delivery_id, viewer().id, console().clock.now())
    return _done("已重新发送。")


@blueprint.post("/deliveries/<int:delivery_id>/clear")
@require(MANAGE)
def clear_delivery(delivery_id: int) -> ResponseReturnValue:
    with writing() as session:
        clear_message(session, delivery_id, viewer().id, console().clock.now())
    return _done("已清除，这条通知不会再发。")


@blueprint.post("/notices/<int:notice_id>/clear")
@require(MANAGE)
def clear_notice(notice_id: int) -> ResponseReturnValue:
    with writing() as session:
        system_health.clear_notice(
            session, notice_id, actor=viewer().actor, now=console().clock.now()
        )
    return _done("已清除；原因仍在时它会再次出现。")


def _done(text: str) -> ResponseReturnValue:
    tell(text)
    return redirect(url_for("system.index"), SEE_OTHER)


def _search_health() -> SearchHealth:
    return console().reader.health()


def _versions() -> list[tuple[str, str]]:
    return [
        ("职声", console().version),
        ("Python", platform.python_version()),
        ("PostgreSQL", system_health.database_version(reading())),
    ]
