"""Built front-end files: hashed names, kept for a year, sent compressed."""

from typing import cast

from flask import Blueprint, Response, current_app, request

from webui.access import public
from webui.assets import Assets

blueprint = Blueprint("assets", __name__)


@blueprint.get("/static/<path:name>")
@public
def static_file(name: str) -> Response:
    return cast("Assets", current_app.extensions["assets"]).respond(name, request)
