"""The ways to reach people: configured, tested, switched on and off."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from alerting import channels_config
from alerting.channels import CHANNELS
from alerting.channels.base import Transport
from alerting.channels_config import CONSOLE, ChannelDraft, ChannelRow
from core.errors import InvalidOptionsError
from core.options import FieldKind, FieldSpec
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.page import render, tell
from webui.permissions import Permission

blueprint = Blueprint("channels", __name__, url_prefix="/channels")

SEE_OTHER = 303
MANAGE = Permission.CHANNEL_MANAGE
PREFIX = "option."


@blueprint.get("")
@require(MANAGE)
def index() -> Response:
    rows = channels_config.list_channels(reading())
    kinds = [(kind, CHANNELS.load(kind).label) for kind in CHANNELS if kind != CONSOLE]
    has_console = any(row.name == CONSOLE for row in rows)
    return render(
        "channels/page.html",
        rows=rows,
        shown={row.name: _shown_options(row) for row in rows},
        kinds=kinds,
        console_name=CONSOLE,
        has_console=has_console,
    )


def _shown_options(row: ChannelRow) -> list[tuple[str, str]]:
    """Name what is set, in the order of the form and in the words of its choices."""
    specs = CHANNELS.load(row.kind).options if row.kind in CHANNELS else ()
    shown = [(spec, row.options.get(spec.name)) for spec in specs]
    return [
        (spec.label, dict(spec.choices).get(str(value), str(value)))
        for spec, value in shown
        if value not in {None, ""}
    ]


@blueprint.get("/new/<kind>")
@require(MANAGE)
def new(kind: str) -> ResponseReturnValue:
    if kind not in CHANNELS or kind == CONSOLE:
        return redirect(url_for("channels.index"))
    taken = {row.name for row in channels_config.list_channels(reading())}
    values = {spec.name: spec.default for spec in CHANNELS.load(kind).options}
    return _form(kind, "" if kind in taken else kind, values, {}, is_new=True)


@blueprint.get("/edit")
@require(MANAGE)
def edit() -> ResponseReturnValue:
    row = _find(request.args.get("name", ""))
    if row is None:
        return redirect(url_for("channels.index"))
    values: dict[str, object] = dict(row.options)
    for spec in CHANNELS.load(row.kind).options:
        if spec.kind is FieldKind.SECRET:
            # The form says that one is stored; the secret itself never leaves the database.
            values[spec.name] = row.has_secret or None
    return _form(row.kind, row.name, values, {}, is_new=False)


@blueprint.post("/save/<kind>")
@require(MANAGE)
def save(kind: str) -> ResponseReturnValue:
    form = request.form
    if kind not in CHANNELS or kind == CONSOLE:
        return redirect(url_for("channels.index"), SEE_OTHER)
    specs = CHANNELS.load(kind).options
    name, is_new = form.get("name", "").strip(), form.get("is_new") == "1"
    try:
        if is_new:
            _refuse_taken(name)
        with writing() as session:
            channels_config.save_channel(
                session,
                ChannelDraft(name=name, kind=kind, options=_raw_options(specs)),
                keyring=console().keyring,
                person_id=viewer().id,
                now=console().clock.now(),
            )
    except InvalidOptionsError as error:
        return _form(kind, name, _raw_options(specs), error.faults, is_new=is_new, status=422)
    tell(f"渠道「{name}」已保存，请点“发送测试”确认它可用。")
    return redirect(url_for("channels.index"), SEE_OTHER)


@blueprint.post("/test")
@require(MANAGE)
def test() -> ResponseReturnValue:
    name = request.form.get("name", "")
    with writing() as session:
        result = channels_config.send_test(
            session,
            name,
            viewer().id,
            now=console().clock.now(),
            transport=Transport(console().http, console().policy),
            keyring=console().keyring,
        )
    tell(result, "ok" if result.startswith("测试消息已") else "error")
    return redirect(url_for("channels.index"), SEE_OTHER)


@blueprint.post("/enable")
@require(MANAGE)
def enable() -> ResponseReturnValue:
    name, now = request.form.get("name", ""), console().clock.now()
    with writing() as session:
        channels_config.enable_channel(session, name, person_id=viewer().id, now=now)
    tell(f"渠道「{name}」已启用。")
    return redirect(url_for("channels.index"), SEE_OTHER)


@blueprint.post("/disable")
@require(MANAGE)
def disable() -> ResponseReturnValue:
    name, now = request.form.get("name", ""), console().clock.now()
    with writing() as session:
        channels_config.disable_channel(session, name, person_id=viewer().id, now=now)
    tell(f"渠道「{name}」已停用，预警会改走其他渠道。", "warn")
    return redirect(url_for("channels.index"), SEE_OTHER)


def _find(name: str) -> ChannelRow | None:
    rows = channels_config.list_channels(reading())
    return next((row for row in rows if row.name == name and name != CONSOLE), None)


def _refuse_taken(name: str) -> None:
    if _find(name) is not None:
        raise InvalidOptionsError({"name": f"已经有名为「{name}」的渠道，请换一个名称"})


def _raw_options(specs: tuple[FieldSpec, ...]) -> dict[str, object]:
    form = request.form
    return {
        # An unticked box sends nothing; that means no, and not the default.
        spec.name: form.get(PREFIX + spec.name, "0" if spec.kind is FieldKind.BOOLEAN else "")
        for spec in specs
    }


def _form(
    kind: str,
    name: str,
    values: Mapping[str, object],
    faults: Mapping[str, str],
    *,
    is_new: bool,
    status: int = 200,
) -> Response:
    plugin = CHANNELS.load(kind)
    return render(
        "channels/form.html",
        status,
        kind=kind,
        label=plugin.label,
        specs=plugin.options,
        name=name,
        values=values,
        faults=faults,
        is_new=is_new,
        prefix=PREFIX,
    )
