"""One's own messages; and in the drill the mails that went out."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, url_for
from flask.typing import ResponseReturnValue

from alerting.inbox import mark_read, messages
from webui import mailbox
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.page import render
from webui.permissions import Permission

blueprint = Blueprint("inbox", __name__, url_prefix="/inbox")

SEE_OTHER = 303
NOT_FOUND = 404


@blueprint.get("")
@require(Permission.OWN)
def index() -> Response:
    return render("inbox/page.html", messages=messages(reading(), viewer().id))


@blueprint.post("/<int:delivery_id>/read")
@require(Permission.OWN)
def read(delivery_id: int) -> ResponseReturnValue:
    with writing() as session:
        mark_read(session, viewer().id, delivery_id, console().clock.now())
    return redirect(url_for("inbox.index"), SEE_OTHER)


@blueprint.post("/read-all")
@require(Permission.OWN)
def read_all() -> ResponseReturnValue:
    now = console().clock.now()
    with writing() as session:
        for message in messages(session, viewer().id):
            mark_read(session, viewer().id, message.delivery_id, now)
    return redirect(url_for("inbox.index"), SEE_OTHER)


@blueprint.get("/mailbox")
@require(Permission.OWN)
def mails() -> Response:
    _only_in_drill()
    return render("inbox/mailbox.html", mails=mailbox.list_mails(console().settings.home))


@blueprint.get("/mailbox/<name>")
@require(Permission.OWN)
def mail(name: str) -> Response:
    _only_in_drill()
    found = mailbox.read_mail(console().settings.home, name)
    if found is None:
        abort(NOT_FOUND)
    return render("inbox/mail.html", mail=found)


def _only_in_drill() -> None:
    # A real installation hands its mails to a real server and keeps none.
    if not console().settings.demo:
        abort(NOT_FOUND)
