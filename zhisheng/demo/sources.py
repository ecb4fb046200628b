"""The demo's four sources."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import claims
from core.database.base import JsonObject
from core.database.models.collecting import Source, SourceLevel
from zhisheng.demo.ports import DemoPorts
from zhisheng.demo.posts import NAMES, Site

VISIT_EVERY_S = 2

# Per site: source type, platform, standing, address, and what the type needs to know.
PLANS: dict[Site, tuple[str, str, SourceLevel, str, JsonObject]] = {
    Site.NEWS: (
        "list_page",
        "新闻网站",
        SourceLevel.CITY,
        "/news/",
        {"link_selector": "ul.news-list a"},
    ),
    Site.FORUM: (
        "forum",
        "论坛",
        SourceLevel.PUBLIC,
        "/forum/",
        {
            "link_selector": "a.thread",
            "post_selector": "article",
            "text_selector": ".content",
            "author_selector": ".author",
            "time_selector": "time",
        },
    ),
    Site.HOTLIST: (
        "trending_list",
        "热榜",
        SourceLevel.COMMERCIAL,
        "/hotlist/api.json",
        {"items": "data", "heat_field": "hot", "time_field": "time"},
    ),
    Site.FEED: ("feed", "资讯", SourceLevel.CITY, "/feed/rss.xml", {}),
}


def open_sources(session: Session, now: dt.datetime) -> None:
    """Make the sources due: called once their sites answer."""
    session.execute(
        update(Source)
        .where(Source.is_demo)
        .values(due_at=now, dead_at=None, failures=0, failure_reason=None)
    )
    claims.notify(session, "source")


def install_sources(session: Session, ports: DemoPorts) -> None:
    """Make the sources, or point them at this run's port; nothing is due before their sites are open."""
    base = f"http://127.0.0.1:{ports.sites}"
    for site, (kind, platform, level, path, options) in PLANS.items():
        source = session.scalar(select(Source).where(Source.name == NAMES[site]))
        if source is None:
            source = Source(
                name=NAMES[site],
                kind=kind,
                platform=platform,
                level=level.value,
                legal_basis="演练用的本机网站",
                interval_s=VISIT_EVERY_S,
                interval_floor_s=VISIT_EVERY_S,
                interval_ceiling_s=VISIT_EVERY_S * 5,
                is_demo=True,
            )
            session.add(source)
        source.url = base + path
        source.options = options
