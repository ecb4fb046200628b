"""Where a browser goes after a form was sent."""

from http import HTTPStatus

from flask import redirect
from werkzeug.wrappers import Response


def see_other(address: str) -> Response:
    """Send the browser on with GET, so that a reload does not send the form again."""
    return redirect(address, HTTPStatus.SEE_OTHER)
