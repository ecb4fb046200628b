"""Name, platform, standing and ground of a proposed source: guesses from its host, never invented facts."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from config.hosts import UNKNOWN, HostKind, HostStanding, standing_of
from core.clock import SHANGHAI
from crawlers.proposal.site_visit import RobotsFinding
from crawlers.robots import RobotsVerdict

LONGEST_NAME = 60
_UNION_LABEL = re.compile(r"^(?:\w*zgh|\w*gonghui|\w{2,8}ftu)$")
_PLATFORMS = {
    HostKind.GOVERNMENT: "政府网站",
    HostKind.UNION: "工会网站",
    HostKind.NEWS: "新闻网站",
    HostKind.FORUM: "论坛",
    HostKind.OTHER: "网站",
}
_PLATFORM_OF_KIND = {"trending_list": "热榜", "forum": "论坛", "message_board": "留言板"}
_GROUNDS = {
    HostKind.GOVERNMENT: "政府网站公开的信息",
    HostKind.UNION: "工会网站公开的信息",
    HostKind.NEWS: "新闻网站的公开页面",
}


def standing(host: str) -> HostStanding:
    """Judge a host by the shipped table; the names of many union sites follow a pattern."""
    found = standing_of(host)
    if found is UNKNOWN and any(_UNION_LABEL.match(label) for label in host.lower().split(".")):
        return HostStanding(HostKind.UNION, "city")
    return found


def proposed_platform(place: HostStanding, kind: str) -> str:
    if place.kind is HostKind.PLATFORM:
        return place.name
    return _PLATFORM_OF_KIND.get(kind) or _PLATFORMS[place.kind]


def proposed_basis(place: HostStanding, robots: RobotsFinding, now: dt.datetime) -> str:
    """Say what was seen, and when: the day is that of Shanghai."""
    ground = _GROUNDS.get(place.kind, "公开页面")
    day = now.astimezone(SHANGHAI).date().isoformat()
    if robots.is_missing:
        return f"{ground}，网站没有 robots.txt（{day} 查）"
    if robots.verdict is RobotsVerdict.ALLOWED:
        return f"{ground}，遵守 robots.txt（允许，{day} 查）"
    return ""


def proposed_name(host: str, place: HostStanding, names: Sequence[str]) -> str:
    """Join the site's name with the most particular part of the page's own names."""
    parts = [name for name in names if name]
    site = place.name or (parts[-1] if parts else host)
    section = parts[0] if parts else ""
    if not section or section in site:
        return site[:LONGEST_NAME]
    if site in section:
        return section[:LONGEST_NAME]
    return f"{site} {section}"[:LONGEST_NAME]
