"""What every page shows around its own content, and how a view answers."""

from __future__ import annotations

import datetime as dt
import json
from typing import cast

from flask import (
    Flask,
    Response,
    current_app,
    flash,
    g,
    get_flashed_messages,
    make_response,
    render_template,
    request,
)
from sqlalchemy import func, select

from core import exports
from core.database.models.alerting import Alert, AlertState
from core.database.models.collecting import Document
from core.database.models.media import Review
from core.database.models.organisation import Role
from core.source_health import SourceHealth, health_column, is_watched
from webui import navigation
from webui.access import Viewer
from webui.assets import Assets
from webui.console import console, reading
from webui.formats import clock_time, short_time
from webui.permissions import ROLE_LABELS, Permission
from webui.signin import csrf_token

LATE_AFTER = dt.timedelta(minutes=30)
# Within so long the hour alone says which day is meant.
TODAY = dt.timedelta(hours=20)


def is_fragment() -> bool:
    """Tell whether htmx asks for a part of the page (but not for a whole one from its history)."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def render(template: str, status: int = 200, **context: object) -> Response:
    """Render a page or fragment with the given context."""
    return make_response(render_template(template, **context), status)


def tell(text: str, level: str = "ok") -> None:
    """Keep a message for the next page: level ok, info, warn or error."""
    flash(text, level)


def toast(response: Response, text: str, level: str = "ok") -> Response:
    """Let a fragment's answer show a short message."""
    # Headers are latin-1, so the Chinese text travels as JSON escapes.
    response.headers["HX-Trigger"] = json.dumps({"toast": {"level": level, "text": text}})
    return response


def install(app: Flask) -> None:
    app.context_processor(_surroundings)
    # Flashes live in a signed cookie; the key may change at every start, a lost message is no loss.
    app.secret_key = console_secret(app)


def console_secret(app: Flask) -> bytes:
    """Derive the flash cookie's key from the master key, so that all web processes agree."""
    keyring = app.extensions["zhisheng"].keyring
    return cast("bytes", keyring.derive("flash-cookie"))


def _surroundings() -> dict[str, object]:
    assets = cast("Assets", current_app.extensions["assets"])
    viewer = cast("Viewer | None", g.get("viewer"))
    context: dict[str, object] = {
        "asset": assets.url,
        "csp_nonce": g.get("csp_nonce", ""),
        "csrf_token": csrf_token(),
        "demo": console().settings.demo,
        "flashes": [
            {"level": level, "text": text}
            # With categories, Flask gives pairs; its annotation says strings.
            for level, text in cast(
                "list[tuple[str, str]]", get_flashed_messages(with_categories=True)
            )
        ],
        "now": console().clock.now(),
        "now_iso": console().clock.now().isoformat(),
        "viewer": viewer,
        "Permission": Permission,
        "user": None,
        "nav": [],
        "freshness": None,
    }
    if viewer is not None and not is_fragment() and not g.get("is_bare"):
        context |= _signed_in(viewer)
    return context


def _signed_in(viewer: Viewer) -> dict[str, object]:
    labels = [ROLE_LABELS[Role(role)] for role in viewer.roles if role in set(Role)]
    version, waiting = alert_badge()
    return {
        "user": {"name": viewer.name, "role_labels": labels},
        "nav": navigation.menu(
            viewer,
            {
                "alerts.index": waiting,
                "reviews.index": _open_reviews(),
                "exports.index": _waiting_exports(viewer),
            },
        ),
        "freshness": freshness(),
        "badge_url": f"/alerts/badge?v={version}" if viewer.may(Permission.ALERT_VIEW) else None,
        "logout_url": "/logout",
        "profile_url": "/profile",
    }


def alert_badge() -> tuple[str, int]:
    """Give a version that changes with every alert change, and how many wait to be acknowledged."""
    row = (
        reading()
        .execute(
            select(
                func.count().filter(Alert.state == AlertState.OPEN.value),
                func.coalesce(func.sum(Alert.version), 0),
                func.coalesce(func.max(Alert.id), 0),
            ).where(Alert.state != AlertState.CLOSED.value)
        )
        .one()
    )
    return f"{row[0]}-{row[1]}-{row[2]}", row[0]


def _open_reviews() -> int:
    return (
        reading().scalar(select(func.count()).select_from(Review).where(Review.decision.is_(None)))
        or 0
    )


def _waiting_exports(viewer: Viewer) -> int:
    if not viewer.may(Permission.EXPORT_APPROVE):
        return 0
    return exports.waiting(reading(), console().clock.now())


def freshness() -> dict[str, str]:
    """Say how fresh and how complete the data is: silence must not look like calm."""
    said = cast("dict[str, str] | None", g.get("freshness"))
    if said is None:
        said = g.freshness = _freshness()
    return said


def _freshness() -> dict[str, str]:
    now = console().clock.now()
    is_ok = health_column(now) == SourceHealth.OK.value
    # One pass over a few thousand rows at most, and the end of an index: a few milliseconds, so nothing is cached.
    latest = select(func.max(Document.ingested_at)).scalar_subquery()
    counted = select(func.count(), func.count().filter(is_ok), latest).where(is_watched())
    total, healthy, newest = reading().execute(counted).one()
    # A subquery may be empty, which its type does not say.
    ingested_at: dt.datetime | None = newest
    if not total and ingested_at is None:
        return {"text": "没有启用的数据源", "state": "late"}
    share = f"{healthy}/{total} 个数据源正常"
    if ingested_at is None:
        return {"text": f"还没有采集到信息，{share}", "state": "late" if healthy else "down"}
    age = now - ingested_at
    if not total:
        share = "没有自动采集的数据源"
    shown = clock_time(ingested_at) if age < TODAY else short_time(ingested_at)
    state = "ok" if healthy == total and age < LATE_AFTER else "late"
    return {
        "text": f"数据更新于 {shown}，{share}",
        "state": state if healthy or not total else "down",
    }
