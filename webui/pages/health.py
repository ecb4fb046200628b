"""Answers of the web process for supervisors and load balancers."""

from flask import Blueprint, Response, jsonify
from sqlalchemy import text

from webui.access import public
from webui.console import reading

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def readyz() -> Response:
    reading().execute(text("select 1"))
    return jsonify(status="ok")
