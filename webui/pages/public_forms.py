"""Our own public form: anybody may write to the union."""

from __future__ import annotations

from flask import Blueprint, Response, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.crypto.author_hash import AuthorHasher
from core.errors import InvalidOptionsError
from crawlers import public_forms
from crawlers.public_forms import Letter, OpenForm, TooOftenError
from webui.access import public
from webui.console import console, reading, writing
from webui.page import render

blueprint = Blueprint("public_forms", __name__, url_prefix="/voice")

SEE_OTHER = 303
TOO_MANY = 429
NOT_VALID = 422


@blueprint.get("/<int:source_id>")
@public
def form(source_id: int) -> Response:
    return _page(_found(source_id), {})


@blueprint.post("/<int:source_id>")
@public
def send(source_id: int) -> ResponseReturnValue:
    found = _found(source_id)
    typed = request.form
    # People do not see this field; programs that fill every field get thanks and no receipt.
    if typed.get("website"):
        return redirect(url_for("public_forms.thanks", source_id=source_id), SEE_OTHER)
    letter = Letter(
        text=typed.get("text", ""),
        has_consented=typed.get("consent") == "1",
        title=typed.get("title", ""),
        employer=typed.get("employer", ""),
        place=typed.get("place", ""),
        contact=typed.get("contact", ""),
    )
    now = console().clock.now()
    try:
        with writing() as session:
            receipt = public_forms.take_in(
                session, found, letter, address=request.remote_addr or "",
                public_url=console().settings.public_url, keyring=console().keyring,
                hasher=AuthorHasher(console().sessions, console().keyring), now=now,
            )  # fmt: skip
    except InvalidOptionsError as error:
        return _page(found, error.faults, status=NOT_VALID)
    except TooOftenError as error:
        return _page(found, {"": str(error)}, status=TOO_MANY)
    return redirect(url_for("public_forms.thanks", source_id=source_id, receipt=receipt), SEE_OTHER)


@blueprint.get("/<int:source_id>/thanks")
@public
def thanks(source_id: int) -> Response:
    found = _found(source_id)
    receipt = request.args.get("receipt", "")
    shown = receipt if receipt.isascii() and receipt.isalnum() else ""
    return render("voice/thanks.html", form=found, receipt=shown[:20])


def _found(source_id: int) -> OpenForm:
    # A reader of the public page is nobody to the console, even with a session in the same browser.
    g.is_bare = True
    found = public_forms.find_form(reading(), source_id)
    if found is None:
        abort(404)
    return found


def _page(found: OpenForm, faults: dict[str, str], *, status: int = 200) -> Response:
    return render("voice/form.html", status, form=found, typed=request.form, faults=faults)
