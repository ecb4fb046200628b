"""What a site's robots.txt allows, by RFC 9309."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from protego import Protego

LARGEST_ROBOTS = 500 * 1024
KEPT_FOR_S = 24 * 3600
# Visits of a failing source grow rarer by themselves; this only bounds how stale a refusal may be.
RETRIED_AFTER_S = 20
LONGEST_DELAY_S = 120.0
# Every rule counts once for each agent that it is for: half a megabyte could hold a hundred million.
MOST_RULES = 200_000
_TOO_MANY_REQUESTS = 429


class RobotsVerdict(StrEnum):
    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """The rules of one origin; without ``rules`` the verdict is the same for every address."""

    blanket: RobotsVerdict = RobotsVerdict.ALLOWED
    rules: Protego | None = field(default=None, repr=False)

    @property
    def kept_for_s(self) -> float:
        return RETRIED_AFTER_S if self.blanket is RobotsVerdict.UNAVAILABLE else KEPT_FOR_S

    def verdict(self, url: str, user_agent: str) -> RobotsVerdict:
        if self.rules is None:
            return self.blanket
        allowed = self.rules.can_fetch(url, product_token(user_agent))
        return RobotsVerdict.ALLOWED if allowed else RobotsVerdict.FORBIDDEN

    def crawl_delay_s(self, user_agent: str) -> float:
        asked = self.rules.crawl_delay(product_token(user_agent)) if self.rules else None
        return min(float(asked or 0), LONGEST_DELAY_S)


UNAVAILABLE = RobotsRules(RobotsVerdict.UNAVAILABLE)


def rules_of(status: int, body: bytes) -> RobotsRules:
    """Read an answer: 4xx allows everything, 5xx and "too many requests" forbid for now."""
    if 200 <= status < 300:  # noqa: PLR2004 (the 2xx class)
        text = body[:LARGEST_ROBOTS].decode("utf-8-sig", errors="replace").replace("\0", "")
        if _is_endless(text):
            return UNAVAILABLE
        return RobotsRules(rules=Protego.parse(text))
    if 400 <= status < 500 and status != _TOO_MANY_REQUESTS:  # noqa: PLR2004 (the 4xx class)
        return RobotsRules(RobotsVerdict.ALLOWED)
    return UNAVAILABLE


def _is_endless(text: str) -> bool:
    """Tell whether reading the groups would take minutes: many rules, each for many agents."""
    rules = agents = 0
    names_go_on = False
    for line in text.splitlines():
        name = line.lstrip()[:10].lower()
        if name.startswith(("user-agent", "useragent", "user agent")):
            agents = agents + 1 if names_go_on else 1
            names_go_on = True
        elif name.startswith(("allow:", "disallow:")):
            # Whatever else stands between two names may not end the group for the parser.
            names_go_on = False
        rules += agents
        if rules > MOST_RULES:
            return True
    return False


def robots_url(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/robots.txt"


def product_token(user_agent: str) -> str:
    return user_agent.split("/", 1)[0].split(" ", 1)[0]
