"""The page of all components, for whoever changes them; only in debug mode."""

from http import HTTPStatus

from flask import Blueprint, Response, abort, current_app

from webui.access import public
from webui.console import console
from webui.page import render
from webui.styleguide import sample

blueprint = Blueprint("styleguide", __name__)


@blueprint.get("/styleguide")
@public
def index() -> Response:
    if not current_app.debug:
        abort(HTTPStatus.NOT_FOUND)
    return render("styleguide.html", sample=sample(console().clock.now()))
