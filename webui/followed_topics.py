"""The standing topics that a person follows, for the overview: what is new in each."""

from __future__ import annotations

from core.standing_topic_figures import figures
from core.standing_topic_list import TopicTab, list_topics
from webui.access import viewer
from webui.console import console, reading
from webui.document_view import language
from webui.standing_topic_view import cards

MOST = 6


def followed_topics() -> dict[str, object]:
    """Give the followed topics with the most new hits first; ``more`` counts those not shown."""
    rows = list_topics(reading(), TopicTab.FOLLOWED, person_id=viewer().id)
    parse, now = language().parse, console().clock.now()
    counted = figures(console().reader, rows, parse=parse, now=now)
    listed = cards(rows, counted)
    return {
        "followed": listed[:MOST],
        "followed_more": max(0, len(listed) - MOST),
        "followed_counted": counted.is_available,
    }
