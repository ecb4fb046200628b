"""Security headers of every answer (ASVS V3.4)."""

import secrets

from flask import Response, g, request

ONE_YEAR_S = 31_536_000


def make_nonce() -> None:
    g.csp_nonce = secrets.token_urlsafe(16)


def secure(response: Response) -> Response:
    """Add the headers; pages are never cached, built files for ever."""
    nonce = g.get("csp_nonce", "")
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; "
        f"script-src 'self' 'nonce-{nonce}'; "
        "style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if g.get("request_id"):
        response.headers["X-Request-Id"] = g.request_id
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR_S}"
    if not response.headers.get("Cache-Control"):
        response.headers["Cache-Control"] = "no-store"
    response.vary.add("HX-Request")
    return response
