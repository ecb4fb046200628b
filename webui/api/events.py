"""An event as the API tells it: the figures of its page, without authors and without texts of posts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from core.event_breakdowns import EventBreakdowns, event_breakdowns
from core.event_list import EventRow
from core.event_record import EventLogLine, EventRecord, event_log
from core.event_spread import KeyPost, SpreadStory, key_posts, spread_stories
from webui.console import reading
from webui.event_explanation import (
    ForecastFigures,
    HotnessExplanation,
    SummaryText,
    forecast_of,
    hotness_of,
    summary_of,
)


@dataclass(frozen=True, slots=True)
class EventResource:
    """``merged_into_id`` names the event that has the stories now; figures of fewer than five authors are null."""

    row: EventRow
    employers: tuple[str, ...]
    merged_into_id: int | None
    silence_reason: str | None
    closed_at: dt.datetime | None
    refreshed_at: dt.datetime | None
    summary: SummaryText
    hotness: HotnessExplanation | None
    forecast: ForecastFigures | None
    breakdowns: EventBreakdowns
    stories: tuple[SpreadStory, ...]
    posts: tuple[KeyPost, ...]
    log: tuple[EventLogLine, ...]


def event_resource(event: EventRecord) -> EventResource:
    session, id_ = reading(), event.row.id
    return EventResource(
        row=event.row,
        employers=event.employers,
        merged_into_id=event.merged_into_id,
        silence_reason=event.silence_reason,
        closed_at=event.closed_at,
        refreshed_at=event.refreshed_at,
        summary=summary_of(event.detail, event.summary),
        hotness=hotness_of(event.detail),
        forecast=forecast_of(event.detail),
        breakdowns=event_breakdowns(session, id_),
        stories=tuple(spread_stories(session, id_)),
        posts=tuple(key_posts(session, id_)),
        log=tuple(event_log(session, id_)),
    )
