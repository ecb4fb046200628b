"""Sources as a test adds them."""

from __future__ import annotations

import datetime as dt

from core.clock import SystemClock
from core.database.models.collecting import Source
from core.database.sessions import Sessions
from core.outbound.address_policy import AddressPolicy
from crawlers.sources import SourceDraft, create_source

LOOPBACK = AddressPolicy.allowing(["127.0.0.0/8"])


def add_source(
    sessions: Sessions,
    url: str,
    *,
    kind: str = "list_page",
    interval_s: int = 3600,
    name: str = "河湾新闻网",
    now: dt.datetime | None = None,
    **options: object,
) -> Source:
    with sessions.begin() as session:
        return create_source(
            session,
            SourceDraft(name, kind, url, "news", "city", options, "公开网页", interval_s),
            policy=LOOPBACK,
            now=now or SystemClock().now(),
            actor="system",
        )
