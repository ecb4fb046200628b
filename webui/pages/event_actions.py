"""What people do with events. Every deed is a plain POST; a stale one answers 409 with the present state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from http import HTTPStatus

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import event_decisions as decisions
from core.clock import parse_time
from core.errors import ConflictError, IllegalTransitionError, InvalidOptionsError
from core.event_decisions import Seen
from webui.access import require, viewer
from webui.console import console, writing
from webui.event_view import find, show_event
from webui.formats import short_time
from webui.page import is_fragment, tell, toast
from webui.permissions import Permission
from webui.redirection import see_other
from webui.typed import whole_number, whole_numbers

blueprint = Blueprint("event_actions", __name__, url_prefix="/events")

Deed = Callable[[Session, Seen, dt.datetime], str]
LONGEST_SILENCE = dt.timedelta(days=90)


def perform(event_id: int, action: str, deed: Deed) -> ResponseReturnValue:
    """Do one thing to one event in one transaction; the deed answers what to say.

    409 with the event as it is now when the button was stale, 422 with what was typed when it was incomplete.
    """
    seen = Seen(event_id, whole_number(request.form.get("version")) or 0)
    status, faults = HTTPStatus.OK, {}
    try:
        with writing() as session:
            said = deed(session, seen, console().clock.now())
    except (ConflictError, IllegalTransitionError) as error:
        status, problem = HTTPStatus.CONFLICT, f"{error}没有做任何改动。"
    except InvalidOptionsError as error:
        status, faults = HTTPStatus.UNPROCESSABLE_ENTITY, error.faults
        problem = f"{error}。没有做任何改动。"
    if status is not HTTPStatus.OK:
        kept = {"action": action, "typed": request.form, "faults": faults, "problem": problem}
        return show_event(find(event_id), status, **kept)
    if is_fragment():
        return toast(show_event(find(event_id)), said)
    tell(said)
    return see_other(url_for("events.detail", event_id=event_id))


def text_of(name: str, complaint: str) -> str:
    """Read what must be written; raises InvalidOptionsError with the complaint."""
    text = request.form.get(name, "").strip()
    if not text:
        raise InvalidOptionsError({name: complaint})
    return text


def moment_of(name: str, now: dt.datetime) -> dt.datetime:
    """Read until when to keep silent; raises InvalidOptionsError."""
    try:
        until = parse_time(request.form.get(name, ""))
    except ValueError:
        raise InvalidOptionsError({name: "请选择静默到什么时候"}) from None
    if not now < until <= now + LONGEST_SILENCE:
        raise InvalidOptionsError({name: "静默的截止时间要在现在之后、90 天之内"})
    return until


def seen_events() -> list[Seen]:
    """Read the events of a form with several, as ``id:version``."""
    pairs = (text.partition(":") for text in request.form.getlist("seen"))
    numbers = (whole_numbers([id_, version]) for id_, _, version in pairs)
    return [Seen(*pair) for pair in numbers if len(pair) == 2]  # noqa: PLR2004 (id and version)


@blueprint.post("/choose")
@require(Permission.EVENT_HANDLE)
def choose() -> ResponseReturnValue:
    """Act on the events ticked in the list: lead to the page that says what will happen."""
    if "own" in request.form:
        return _own_from_list()
    chosen = whole_numbers(request.form.getlist("event"))
    deed = "silence" if request.form.get("deed") == "silence" else "merge"
    if len(chosen) < (2 if deed == "merge" else 1):
        least = "至少两件" if deed == "merge" else "至少一件"
        tell(f"请先勾选{least}事件，现在勾选了 {len(chosen)} 件，没有做任何改动。", "info")
        return see_other(_back())
    return see_other(url_for(f"event_forms.{deed}", event=chosen))


def _back() -> str:
    back = request.form.get("back", "")
    return back if back.startswith("/events") else url_for("events.index")


def _own_from_list() -> ResponseReturnValue:
    pair = whole_numbers(request.form["own"].split(":", 1))
    try:
        if len(pair) != 2:  # noqa: PLR2004 (id and version)
            raise InvalidOptionsError({"own": "没有说明认领哪件事件"})
        with writing() as session:
            decisions.assign(
                session,
                Seen(*pair),
                owner_id=viewer().id,
                actor=viewer().actor,
                now=console().clock.now(),
            )
        tell("已认领，由您负责跟进。")
    except (ConflictError, IllegalTransitionError) as error:
        tell(f"{error}没有认领。", "warn")
    return see_other(_back())


@blueprint.post("/<int:event_id>/own")
@require(Permission.EVENT_HANDLE)
def own(event_id: int) -> ResponseReturnValue:
    def deed(session: Session, seen: Seen, now: dt.datetime) -> str:
        decisions.assign(session, seen, owner_id=viewer().id, actor=viewer().actor, now=now)
        return "已认领，由您负责跟进。"

    return perform(event_id, "own", deed)


@blueprint.post("/<int:event_id>/assign")
@require(Permission.EVENT_HANDLE)
def assign(event_id: int) -> ResponseReturnValue:
    def deed(session: Session, seen: Seen, now: dt.datetime) -> str:
        owner = whole_number(request.form.get("person"))
        decisions.assign(session, seen, owner_id=owner, actor=viewer().actor, now=now)
        return "已指派责任人。" if owner is not None else "已取消责任人。"

    return perform(event_id, "assign", deed)


@blueprint.post("/<int:event_id>/silence")
@require(Permission.EVENT_HANDLE)
def silence_one(event_id: int) -> ResponseReturnValue:
    def deed(session: Session, seen: Seen, now: dt.datetime) -> str:
        return _silenced(session, [seen], now)

    return perform(event_id, "silence", deed)


def _silenced(session: Session, events: Sequence[Seen], now: dt.datetime) -> str:
    until, reason = moment_of("until", now), text_of("reason", "请写明静默的理由")
    for seen in events:
        decisions.silence(session, seen, until=until, reason=reason, actor=viewer().actor, now=now)
    return f"已静默到 {short_time(until)}，期间不列入热点；新内容照常归入。"


@blueprint.post("/<int:event_id>/end-silence")
@require(Permission.EVENT_HANDLE)
def end_silence(event_id: int) -> ResponseReturnValue:
    def deed(session: Session, seen: Seen, now: dt.datetime) -> str:
        decisions.end_silence(session, seen, actor=viewer().actor, now=now)
        return "已解除静默，重新列入热点。"

    return perform(event_id, "end_silence", deed)


@blueprint.post("/<int:event_id>/rename")
@require(Permission.EVENT_HANDLE)
def rename(event_id: int) -> ResponseReturnValue:
    def deed(session: Session, seen: Seen, now: dt.datetime) -> str:
        title = request.form.get("title", "")
        decisions.rename(session, seen, title, actor=viewer().actor, now=now)
        return "已改名，之后的内容不会改动它。" if title.strip() else "名称改由系统选取。"

    return perform(event_id, "rename", deed)


@blueprint.post("/<int:event_id>/close")
@require(Permission.EVENT_HANDLE)
def close(event_id: int) -> ResponseReturnValue:
    def deed(session: Session, seen: Seen, now: dt.datetime) -> str:
        outcome = text_of("outcome", "请写明事情怎样了结")
        decisions.close(session, seen, outcome, actor=viewer().actor, now=now)
        return "已办结；再次明显升温时会作为反弹重新列出。"

    return perform(event_id, "close", deed)


@blueprint.post("/<int:event_id>/reopen")
@require(Permission.EVENT_HANDLE)
def reopen(event_id: int) -> ResponseReturnValue:
    def deed(session: Session, seen: Seen, now: dt.datetime) -> str:
        decisions.reopen(session, seen, actor=viewer().actor, now=now)
        return "已重新打开。"

    return perform(event_id, "reopen", deed)


@blueprint.post("/<int:event_id>/note")
@require(Permission.EVENT_HANDLE)
def note(event_id: int) -> ResponseReturnValue:
    def deed(session: Session, seen: Seen, now: dt.datetime) -> str:
        text = text_of("text", "批注不能为空")
        decisions.add_note(session, seen.event_id, text, actor=viewer().actor, now=now)
        return "批注已记入处置记录。"

    return perform(event_id, "note", deed)


@blueprint.post("/<int:event_id>/undo/<int:decision_id>")
@require(Permission.EVENT_HANDLE)
def undo(event_id: int, decision_id: int) -> ResponseReturnValue:
    def deed(session: Session, _seen: Seen, now: dt.datetime) -> str:
        decisions.undo(session, decision_id, actor=viewer().actor, now=now)
        return "已撤销，稿件回到原来的事件。"

    return perform(event_id, "undo", deed)
