"""What the page of an event shows, for reading it and for answering what was done on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus

from flask import Response, abort, request
from sqlalchemy import select

from alerting.assignees import assignees
from alerting.document_alerts import DocumentAlert
from alerting.event_alerts import alerts_of_event, cases_of_event
from alerting.levels import SEVERITY_LABELS
from core.database.models.understanding import Event
from core.event_breakdowns import FEWEST_AUTHORS, BreakdownPart, event_breakdowns
from core.event_list import EventRow
from core.event_past import PastEvent, past_event, past_events, stated_appeals
from core.event_record import (
    EventRecord,
    event_log,
    event_volume,
    find_event,
    open_decisions,
)
from core.event_spread import StoryCopy, key_posts, spread_stories, story_copies
from core.expression.fields import POLARITY_LABELS
from media_matrix.event_posts import OwnPost, own_posts
from nlp.appeals import Appeal, AppealKind, group_appeals, load_appeal_kinds
from nlp.similar_events import EventDescriptor, SimilarEvent, similar_events
from nlp.stories.kinship import kinship
from nlp.stories.sketch import sketches
from webui.access import viewer
from webui.console import console, reading
from webui.event_chart import event_chart
from webui.event_explanation import forecast_of, hotness_of, peak_of, summary_of
from webui.event_words import RELATION_LABELS, STATUS_LABELS
from webui.formats import form_time
from webui.page import is_fragment, render
from webui.permissions import ROLE_PERMISSIONS, Permission
from webui.spread_graph import spread_graph
from webui.vocabulary import PLATFORM_LABELS, narrow_regions, region_label, topic_label

FEW_DOCUMENTS = 10
MOST_PLACES = 6
USUAL_SILENCE = dt.timedelta(days=3)
HANDLERS = tuple(
    role.value for role, held in ROLE_PERMISSIONS.items() if Permission.EVENT_HANDLE in held
)


@dataclass(frozen=True, slots=True)
class Node:
    """``short`` names it on the chart, ``text`` in the timeline."""

    at: dt.datetime
    short: str
    text: str
    who: str | None = None
    tone: str = ""
    href: str | None = None


@dataclass(frozen=True, slots=True)
class AppealLine:
    """``documents`` is None where fewer than five authors ask for it."""

    label: str
    documents: int | None
    share: float | None
    example: str
    document_id: int


@dataclass(frozen=True, slots=True)
class SimilarLine:
    event: PastEvent
    likeness: float
    reasons: tuple[str, ...]
    days: int


def find(event_id: int) -> EventRecord:
    event = find_event(reading(), event_id)
    if event is None:
        abort(HTTPStatus.NOT_FOUND, "找不到这个事件，它可能已按保存期限删除。")
    return event


def show_event(
    event: EventRecord, status: HTTPStatus = HTTPStatus.OK, **context: object
) -> Response:
    """Answer with the whole page, or with what htmx asks for."""
    template = "events/_event.html" if is_fragment() else "events/detail.html"
    response = render(template, status, **(_whole(event) | context))
    response.headers["Vary"] = "HX-Request"
    return response


def _whole(event: EventRecord) -> dict[str, object]:
    session, now, row = reading(), console().clock.now(), event.row
    alerts = alerts_of_event(session, row.id) if viewer().may(Permission.ALERT_VIEW) else ()
    posts = own_posts(session, row.id, [alert.id for alert in alerts])
    nodes = _nodes(event, alerts, posts)
    volume = event_volume(session, row.id, row.first_published_at, now)
    return {
        "event": event,
        "row": row,
        "hotness": hotness_of(event.detail),
        "summary": summary_of(event.detail, event.summary),
        "chart": event_chart(
            volume,
            forecast_of(event.detail),
            [(node.at, node.short) for node in nodes if node.short],
        ),
        "timeline": sorted((*nodes, *_log(event)), key=lambda node: node.at),
        "posts": key_posts(session, row.id),
        "appeals": appeal_lines(row.id),
        "breakdowns": _breakdowns(row.id),
        "alerts": alerts,
        "cases": cases_of_event(session, row.id, alerts),
        "similar": _similar(row.id, now),
        "is_small": row.documents < FEW_DOCUMENTS,
        "decisions": open_decisions(session, row.id),
        "may_handle": viewer().may(Permission.EVENT_HANDLE),
        "colleagues": [(str(one.id), one.name) for one in assignees(session, HANDLERS)],
        "places": narrow_regions(list(row.regions))[:MOST_PLACES],
        "usual_silence": form_time(now + USUAL_SILENCE),
        "polarity_name": polarity_name,
        "platform_name": platform_name,
        "action": "",
        "typed": {},
        "faults": {},
        "problem": None,
        **words(),
        **spread(row),
    }


def polarity_name(value: str) -> str:
    return POLARITY_LABELS.get(value, "未判定")


def platform_name(value: str) -> str:
    return PLATFORM_LABELS.get(value, value)


def words() -> dict[str, object]:
    """Give the names that templates of events need."""
    return {
        "status_labels": STATUS_LABELS,
        "relation_labels": RELATION_LABELS,
        "topic_label": topic_label,
        "region_label": region_label,
    }


def spread(row: EventRow) -> dict[str, object]:
    """Give the stories with their copies, as a table or, those that were copied, as trees."""
    session = reading()
    stories = spread_stories(session, row.id)
    copies = story_copies(session, [story.id for story in stories])
    likeness = _likeness(copies)
    is_graph = request.args.get("spread") == "graph"
    copied = {story.id for story in stories if story.documents > 1}
    drawn = [copy for copy in copies if copy.story_id in copied]
    return {
        "stories": [
            (story, [copy for copy in copies if copy.story_id == story.id]) for story in stories
        ],
        "likeness": likeness,
        "is_graph": is_graph,
        "graph": spread_graph(drawn, likeness, row.documents - len(drawn)) if is_graph else None,
        "spread_note": f"{row.stories} 篇稿件，转载和改写 {row.documents - row.stories} 篇",
    }


def _likeness(copies: Sequence[StoryCopy]) -> dict[int, float]:
    """Compare every copy with the document it was taken from; what cannot be compared is left out."""
    found = sketches([(copy.title, copy.text) for copy in copies])
    by_id = {copy.id: sketch for copy, sketch in zip(copies, found, strict=True)}
    compared = {}
    for copy in copies:
        mine, source = by_id[copy.id], by_id.get(copy.parent_id or 0)
        kin = kinship(mine, source) if mine is not None and source is not None else None
        if kin is not None:
            compared[copy.id] = kin.share
    return compared


def _nodes(
    event: EventRecord, alerts: Sequence[DocumentAlert], posts: Sequence[OwnPost]
) -> list[Node]:
    row, peak = event.row, peak_of(event.detail)
    publisher = f"：{row.first_publisher}" if row.first_publisher else ""
    nodes = [Node(row.first_published_at, "首发", f"首次发布{publisher}", tone="now")]
    if peak is not None:
        nodes.append(Node(peak.at, "峰值", f"最多的 24 小时到此为止，共 {peak.documents} 条"))
    for alert in alerts:
        label = f"{SEVERITY_LABELS[alert.severity]}预警"
        nodes.append(
            Node(alert.opened_at, label, f"{label} {alert.number}", tone="bad", href=f"/alerts/{alert.id}")
        )  # fmt: skip
    nodes += [
        Node(
            post.published_at, "我方发布", f"“{post.title}”发布到{post.account}", tone="ok",
            href=f"/drafts/{post.draft_id}" if viewer().may(Permission.MEDIA_VIEW) else None,
        )
        for post in posts
    ]  # fmt: skip
    if event.closed_at is not None:
        nodes.append(Node(event.closed_at, "办结", "", tone="ok"))
    return nodes


def _log(event: EventRecord) -> list[Node]:
    return [
        Node(line.at, "", line.text, who=line.actor) for line in event_log(reading(), event.row.id)
    ]


@cache
def _appeal_kinds() -> tuple[AppealKind, ...]:
    return load_appeal_kinds()


def appeal_lines(event_id: int) -> list[AppealLine]:
    stated = stated_appeals(reading(), event_id)
    authors = {one.document_id: one.author for one in stated}
    groups = group_appeals([Appeal(one.document_id, one.text) for one in stated], _appeal_kinds())
    total = len(stated)
    return [
        AppealLine(
            group.label,
            group.documents if is_many else None,
            group.documents / total if is_many else None,
            group.example.text,
            group.example.document_id,
        )
        for group in groups
        for is_many in [len({authors[id_] for id_ in group.document_ids}) >= FEWEST_AUTHORS]
    ]


def _breakdowns(event_id: int) -> dict[str, object]:
    found = event_breakdowns(reading(), event_id)
    return {
        "documents": found.documents,
        "polarities": found.polarities,
        "platforms": found.platforms,
        "regions": narrowest(found.regions),
    }


def narrowest(parts: Sequence[BreakdownPart]) -> list[BreakdownPart]:
    """Leave out places that only contain another one of the list."""
    regions = console().regions
    parents = {regions[part.value].parent for part in parts if part.value in regions}
    return [part for part in parts if part.value not in parents][:MOST_PLACES]


def _similar(event_id: int, now: dt.datetime) -> list[SimilarLine]:
    own = reading().scalars(select(Event).where(Event.id == event_id)).one()
    past = {one.id: one for one in past_events(reading(), event_id, now)}
    found = similar_events(
        _descriptor(past_event(own)), [_descriptor(one) for one in past.values()]
    )
    return [
        SimilarLine(
            past[one.event_id],
            one.likeness,
            _reasons(one),
            max(1, round((past[one.event_id].last_published_at - past[one.event_id].first_published_at) / dt.timedelta(days=1))),
        )
        for one in found
    ]  # fmt: skip


def _descriptor(event: PastEvent) -> EventDescriptor:
    return EventDescriptor(
        event.id,
        frozenset(event.topics),
        frozenset(event.employers),
        frozenset(event.regions),
        frozenset(event.keywords),
    )


def _reasons(found: SimilarEvent) -> tuple[str, ...]:
    return (
        *found.employers,
        *(topic_label(code) for code in found.topics),
        *(region_label(code) for code in found.regions[-1:]),
    )
