"""Who is on duty now, next, and on the coming days; and what they hand over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from alerting import handover as handovers
from alerting import roster as duty
from alerting.levels import LAYER_LABELS
from alerting.roster import ShiftDraft, ShiftRow
from core.clock import SHANGHAI, parse_time
from core.database.models.duty import Layer
from core.errors import InvalidOptionsError
from webui import people, typed
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.coverage_note import covered
from webui.page import render, tell
from webui.permissions import Permission

blueprint = Blueprint("roster", __name__, url_prefix="/roster")

SEE_OTHER = 303
SPANS: Mapping[str, tuple[str, int]] = {"week": ("周", 7), "month": ("月", 30)}
GAPS_SHOWN = 5
NEXT_WITHIN = dt.timedelta(days=30)
# What the one who takes over did not see.
A_SHIFT = dt.timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class DutyDay:
    """One line of the table; ``shifts`` maps each layer to who holds it on that day."""

    day: dt.date
    is_today: bool
    shifts: Mapping[Layer, Sequence[ShiftRow]]


@blueprint.get("")
@require(Permission.ROSTER_VIEW)
def index() -> Response:
    session, now = reading(), console().clock.now()
    span = request.args.get("span", "week")
    _, length = SPANS.get(span, SPANS["week"])
    today = now.astimezone(SHANGHAI).date()
    first = typed.day(request.args.get("from", "")) or today
    days = _days(first, length, today)
    current = duty.on_duty(session, now, layers=list(Layer))
    coming = [row for row in duty.shifts(session, now, now + NEXT_WITHIN) if row.starts_at > now]
    shown = [person.person_id for person in current] + [row.person_id for row in coming[:1]]
    return render(
        "roster/page.html",
        current=current,
        coming=coming[0] if coming else None,
        phones=people.phones(session, shown),
        layers=list(LAYER_LABELS.items()),
        layer_labels=LAYER_LABELS,
        days=days,
        span=span,
        spans=[(key, label) for key, (label, _) in SPANS.items()],
        first=first,
        earlier=first - dt.timedelta(days=length),
        later=first + dt.timedelta(days=length),
        gaps=duty.coverage_gaps(session, now)[:GAPS_SHOWN],
        handovers=handovers.latest_handovers(session, 5),
        names=people.names(session),
        colleagues=[pair for pair in _people() if pair[0] != str(viewer().id)],
        coverage=covered(now - A_SHIFT),
    )


@blueprint.get("/new")
@require(Permission.ROSTER_MANAGE)
def new() -> Response:
    start = console().clock.now().astimezone(SHANGHAI).replace(hour=8, minute=30)
    values = {
        "layer": request.args.get("layer", Layer.FIRST.value),
        "starts_at": start.strftime("%Y-%m-%dT%H:%M"),
        "ends_at": (start + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"),
    }
    return _form(values, {})


@blueprint.post("/new")
@require(Permission.ROSTER_MANAGE)
def create() -> ResponseReturnValue:
    now = console().clock.now()
    try:
        draft = _draft()
        with writing() as session:
            roster = duty.default_roster(session, viewer().organisation_id, now)
            assert roster is not None  # noqa: S101 (it is made when an organisation is given)
            duty.create_shift(session, draft, person_id=viewer().id, now=now)
    except InvalidOptionsError as error:
        return _form(request.form, error.faults, 422)
    tell("已排班。")
    return redirect(url_for("roster.index"), SEE_OTHER)


@blueprint.get("/shifts/<int:shift_id>")
@require(Permission.ROSTER_MANAGE)
def shift(shift_id: int) -> ResponseReturnValue:
    return _shift_page(shift_id, {})


@blueprint.post("/shifts/<int:shift_id>/replace")
@require(Permission.ROSTER_MANAGE)
def replace(shift_id: int) -> ResponseReturnValue:
    try:
        with writing() as session:
            duty.replace_shift(
                session,
                shift_id,
                with_person_id=request.form.get("person_id", 0, type=int),
                person_id=viewer().id,
                now=console().clock.now(),
            )
    except InvalidOptionsError as error:
        return _shift_page(shift_id, error.faults, 422)
    tell("已换班。")
    return redirect(url_for("roster.index"), SEE_OTHER)


@blueprint.post("/shifts/<int:shift_id>/cancel")
@require(Permission.ROSTER_MANAGE)
def cancel(shift_id: int) -> ResponseReturnValue:
    with writing() as session:
        duty.cancel_shift(session, shift_id, person_id=viewer().id, now=console().clock.now())
    tell("班次已取消，请看看有没有留下空档。", "warn")
    return redirect(url_for("roster.index"), SEE_OTHER)


@blueprint.post("/handovers")
@require(Permission.ALERT_HANDLE)
def hand_over() -> ResponseReturnValue:
    now = console().clock.now()
    with writing() as session:
        roster = duty.default_roster(session, viewer().organisation_id, now)
        assert roster is not None  # noqa: S101 (it is made when an organisation is given)
        handovers.write_handover(
            session,
            roster.id,
            from_person_id=viewer().id,
            to_person_id=request.form.get("to_person_id", type=int),
            note=request.form.get("note", ""),
            now=now,
        )
    tell("交接已签出，等接班人签收。")
    return redirect(url_for("roster.index"), SEE_OTHER)


@blueprint.post("/handovers/<int:handover_id>/accept")
@require(Permission.ALERT_HANDLE)
def take_over(handover_id: int) -> ResponseReturnValue:
    with writing() as session:
        handovers.accept_handover(session, handover_id, viewer().id, console().clock.now())
    tell("已接班。")
    return redirect(url_for("roster.index"), SEE_OTHER)


def _draft() -> ShiftDraft:
    form = request.form
    faults: dict[str, str] = {}
    moments: dict[str, dt.datetime] = {}
    for name, label in (("starts_at", "上班时间"), ("ends_at", "下班时间")):
        try:
            moments[name] = parse_time(form.get(name, ""))
        except ValueError:
            faults[name] = f"请填写{label}"
    if form.get("layer") not in set(Layer):
        faults["layer"] = "请选择班次"
    if faults:
        raise InvalidOptionsError(faults)
    person_id = form.get("person_id", 0, type=int)
    return ShiftDraft(Layer(form["layer"]), person_id, moments["starts_at"], moments["ends_at"])


def _form(values: Mapping[str, str], faults: Mapping[str, str], status: int = 200) -> Response:
    return render(
        "roster/form.html",
        status,
        values=values,
        faults=faults,
        people=_people(),
        layers=[(layer.value, label) for layer, label in LAYER_LABELS.items()],
    )


def _shift_page(shift_id: int, faults: Mapping[str, str], status: int = 200) -> ResponseReturnValue:
    row = duty.find_shift(reading(), shift_id)
    if row is None:
        tell("这个班次已被取消或替换。", "warn")
        return redirect(url_for("roster.index"))
    others = [pair for pair in _people() if pair[0] != str(row.person_id)]
    return render("roster/shift.html", status, shift=row, people=others, faults=faults)


def _people() -> list[tuple[str, str]]:
    return [(str(id_), name) for id_, name in people.names(reading(), at_work=True).items()]


def _days(first: dt.date, length: int, today: dt.date) -> list[DutyDay]:
    end = first + dt.timedelta(days=length)
    rows = duty.shifts(reading(), typed.midnight(first), typed.midnight(end))
    days = []
    for offset in range(length):
        day = first + dt.timedelta(days=offset)
        begins, ends = typed.midnight(day), typed.midnight(day + dt.timedelta(days=1))
        on_day = [row for row in rows if row.starts_at < ends and row.ends_at > begins]
        shifts = {layer: [row for row in on_day if row.layer is layer] for layer in Layer}
        days.append(DutyDay(day, day == today, shifts))
    return days
