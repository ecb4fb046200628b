"""Which alert a match belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from alerting.rule import LiveRule

UNKNOWN = "-"
_CITY_DIGITS = 4
_CODE_DIGITS = 6


def group_key(
    rule: LiveRule,
    *,
    event_id: int | None,
    topics: Sequence[str],
    regions: Sequence[str],
    source_id: int,
) -> str:
    """Name the group: the event when it is known, else topic and region, or as the rule asks.

    ``regions`` are adcodes with their ancestors; the group takes the city of the most precise one.
    """
    match rule.group_by:
        case "rule":
            return "rule"
        case "source":
            return f"source:{source_id}"
        case "region":
            return f"region:{_city(regions)}"
        case "event" if event_id is not None:
            return f"event:{event_id}"
        case _:
            return f"topic:{_topic(rule, topics)}|region:{_city(regions)}"


def _topic(rule: LiveRule, topics: Sequence[str]) -> str:
    """Prefer the subject of the rule itself, which keeps a matter together whatever its posts touch."""
    own = rule.options.get("topic")
    if isinstance(own, str) and own:
        return own
    wanted = rule.options.get("topics")
    if isinstance(wanted, list) and wanted:
        return next((topic for topic in topics if topic in wanted), str(wanted[0]))
    return topics[0] if topics else UNKNOWN


def _city(regions: Sequence[str]) -> str:
    if not regions:
        return UNKNOWN
    code = max(regions, key=lambda region: (len(region.rstrip("0")), region))
    if len(code) != _CODE_DIGITS:
        return code
    return code[:_CITY_DIGITS] + "00"
