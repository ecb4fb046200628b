"""Who did what, when; and whether anybody tampered with the record."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core import audit as audit_chain
from core import audit_log
from core.audit import AuditEvent
from core.audit_log import AuditFilter
from webui import audit_words, typed
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.page import is_fragment, render, tell
from webui.permissions import Permission

blueprint = Blueprint("audit", __name__, url_prefix="/audit")

SEE_OTHER = 303
FIELDS = ("actor", "action", "object_type", "object_id", "since", "until")


@blueprint.get("")
@require(Permission.AUDIT_VIEW)
def index() -> Response:
    before = typed.whole_number(request.args.get("before"))
    found = audit_log.list_entries(reading(), _filter(), before=before)
    chosen = {name: request.args.get(name, "") for name in FIELDS}
    context: dict[str, object] = {
        "rows": found.rows,
        "words": audit_words,
        "chosen": chosen,
        "is_filtered": any(chosen.values()),
        "older": _address(chosen, found.before) if found.before else None,
        "newest": _address(chosen, None) if before else None,
    }
    if is_fragment():
        return render("audit/_entries.html", 200, **context)
    session = reading()
    return render(
        "audit/page.html",
        200,
        people=[*audit_log.people(session), ("system", "系统"), ("anonymous", "未登录者")],
        actions=[(code, audit_words.action(code)) for code in audit_log.actions(session)],
        objects=[(code, audit_words.object_type(code)) for code in audit_log.object_types(session)],
        **context,
    )


@blueprint.post("/verify")
@require(Permission.AUDIT_VIEW)
def verify() -> ResponseReturnValue:
    broken = audit_chain.verify(reading())
    outcome = "done" if broken is None else "failed"
    with writing() as session:
        event = AuditEvent(viewer().actor, "audit.verify", "audit", None, outcome)
        audit_chain.record(session, event, console().clock.now())
    if broken is None:
        tell("审计链完整：没有发现被改动、插入或删除的记录。")
    else:
        tell(
            f"审计链在第 {broken} 条断开：这条记录或它前面的记录被改动过。"
            "请保留数据库现场，并报告本单位网络安全负责人。",
            "error",
        )
    return redirect(url_for("audit.index"), SEE_OTHER)


def _filter() -> AuditFilter:
    args = request.args
    until = typed.day(args.get("until", ""))
    return AuditFilter(
        actor=args.get("actor", ""),
        action=args.get("action", ""),
        object_type=args.get("object_type", ""),
        object_id=args.get("object_id", "").strip(),
        since=typed.midnight(typed.day(args.get("since", ""))),
        until=typed.midnight(until + dt.timedelta(days=1) if until else None),
    )


def _address(chosen: dict[str, str], before: int | None) -> str:
    pairs = {name: value for name, value in chosen.items() if value}
    if before is not None:
        pairs["before"] = str(before)
    return f"{url_for('audit.index')}?{urlencode(pairs)}" if pairs else url_for("audit.index")
