"""Which line of a robots.txt decides about an address, so that a person can check the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

MOST_LINES = 5000
LONGEST_RULE = 300


@dataclass(frozen=True, slots=True)
class RobotsRule:
    """``line`` counts from 1."""

    line: int
    text: str
    allows: bool


def deciding_rule(robots: str, url: str, token: str) -> RobotsRule | None:
    """Find the longest rule of our group that fits the address, as RFC 9309 §2.2.2 asks; None without one."""
    parts = urlsplit(url)
    target = _normal(parts.path or "/") + (f"?{_normal(parts.query)}" if parts.query else "")
    best: tuple[int, bool, RobotsRule] | None = None
    for pattern, rule in _rules_for(robots, token):
        if not _fits(pattern, target):
            continue
        # Of two equally long ones the one that allows wins.
        weight = (len(pattern), rule.allows, rule)
        if best is None or weight[:2] > best[:2]:
            best = weight
    return best[2] if best else None


def _rules_for(robots: str, token: str) -> list[tuple[str, RobotsRule]]:
    """Give the rules of all groups that name us; where none does, those for everybody."""
    named: list[tuple[str, RobotsRule]] = []
    everybody: list[tuple[str, RobotsRule]] = []
    is_named = is_for_all = names_go_on = False
    for line, name, value in _directives(robots):
        if name == "user-agent":
            if not names_go_on:
                is_named = is_for_all = False
            names_go_on = True
            is_named |= value.lower() == token.lower()
            is_for_all |= value == "*"
            continue
        names_go_on = False
        if name not in {"allow", "disallow"} or not value:
            continue
        entry = (_normal(value), RobotsRule(line, f"{name.title()}: {value}", name == "allow"))
        if is_named:
            named.append(entry)
        if is_for_all:
            everybody.append(entry)
    return named or everybody


def _directives(robots: str) -> Iterator[tuple[int, str, str]]:
    for line, text in enumerate(robots.splitlines()[:MOST_LINES], start=1):
        name, colon, value = text.partition("#")[0].partition(":")
        if colon:
            yield line, name.strip().lower(), value.strip()[:LONGEST_RULE]


def _normal(text: str) -> str:
    return quote(unquote(text), safe="/*$?=&%:@!'(),;+~-._")


def _fits(pattern: str, target: str) -> bool:
    """Match without a regular expression: a pattern of many stars must not take long."""
    is_anchored = pattern.endswith("$")
    pieces = pattern.removesuffix("$").split("*")
    if not target.startswith(pieces[0]):
        return False
    at = len(pieces[0])
    for piece in pieces[1:-1]:
        at = target.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    last = pieces[-1]
    if len(pieces) == 1:
        return not is_anchored or target == last
    if is_anchored:
        return target.endswith(last) and len(target) - len(last) >= at
    return target.find(last, at) >= 0
