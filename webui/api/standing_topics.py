"""/api/v1/standing-topics: the topics with their figures, and what the console can do with them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from http import HTTPStatus
from typing import NoReturn

from flask import Blueprint, Response, abort, jsonify, request

from core import standing_topics
from core.errors import ConflictError, InvalidOptionsError
from core.standing_topic_figures import Figures, TopicFigures, figures
from core.standing_topic_list import TopicRow, TopicTab, find_topic, list_topics
from core.standing_topics import TopicActor, TopicDraft
from webui.access import require, viewer
from webui.api.representation import represent
from webui.console import console, reading, writing
from webui.document_view import language
from webui.permissions import Permission
from webui.typed import whole_number

blueprint = Blueprint("standing_topics", __name__, url_prefix="/standing-topics")


@dataclass(frozen=True, slots=True)
class StandingTopicResource:
    """``figures`` is null where nothing was counted: archived, unreadable, or the engine is away."""

    id: int
    name: str
    expression: str
    excludes: str
    purpose: str
    source_ids: tuple[str, ...]
    owner_id: int
    owner: str
    subscribers: int
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime
    archived_at: dt.datetime | None
    seen_at: dt.datetime | None
    subscribed_at: dt.datetime | None
    unreadable: str | None
    figures: TopicFigures | None


def _resource(row: TopicRow, counted: Figures) -> StandingTopicResource:
    return StandingTopicResource(
        id=row.id,
        name=row.name,
        expression=row.expression,
        excludes=row.excludes,
        purpose=row.purpose,
        source_ids=tuple(map(str, row.sources)),
        owner_id=row.owner_id,
        owner=row.owner,
        subscribers=row.subscribers,
        version=row.version,
        created_at=row.created_at,
        changed_at=row.changed_at,
        archived_at=row.archived_at,
        seen_at=row.seen_at,
        subscribed_at=row.subscribed_at,
        unreadable=counted.unreadable.get(row.id),
        figures=counted.by_topic.get(row.id),
    )


@blueprint.get("")
@require(Permission.SEARCH)
def index() -> Response:
    tab = request.args.get("tab", TopicTab.ALL)
    if tab not in set(TopicTab):
        raise InvalidOptionsError({"tab": f"tab 只能是 {'、'.join(TopicTab)}，收到的是“{tab}”"})
    rows = list_topics(reading(), TopicTab(tab), person_id=viewer().id)
    counted = _counted(rows if tab != TopicTab.ARCHIVED else [])
    items = represent([_resource(row, counted) for row in rows])
    return jsonify(items=items, cursor=None, total=len(rows))


@blueprint.get("/<int:topic_id>")
@require(Permission.SEARCH)
def detail(topic_id: int) -> Response:
    # The hits are not shown here, so asking does not count as having seen them.
    return _answer(topic_id)


@blueprint.post("")
@require(Permission.TOPIC_MANAGE)
def create() -> Response:
    with writing() as session:
        topic_id = standing_topics.create_topic(
            session,
            _draft({"owner_id": str(viewer().id)}),
            parse=language().parse,
            person_id=viewer().id,
            now=console().clock.now(),
        )
    return _answer(topic_id)


@blueprint.patch("/<int:topic_id>")
@require(Permission.TOPIC_MANAGE)
def change(topic_id: int) -> Response:
    """Change the fields that are named; ``version`` is the version that was read."""
    row = _find(topic_id)
    present: dict[str, object] = {
        "name": row.name,
        "expression": row.expression,
        "excludes": row.excludes,
        "purpose": row.purpose,
        "source_ids": [str(id_) for id_ in row.sources],
        "owner_id": str(row.owner_id),
    }
    version = _body().get("version")
    if not isinstance(version, int):
        raise InvalidOptionsError({"version": "要写 version：您读到的是第几版"})
    with writing() as session:
        standing_topics.edit_topic(
            session,
            topic_id,
            _draft(present),
            parse=language().parse,
            actor=_actor(),
            as_of_version=version,
            now=console().clock.now(),
        )
    return _answer(topic_id)


@blueprint.delete("/<int:topic_id>")
@require(Permission.TOPIC_MANAGE)
def delete(topic_id: int) -> NoReturn:
    _find(topic_id)
    raise ConflictError(
        "专题不删除：以前的统计和报告要说得清来历。请用 archive 归档，需要时可以恢复。"
    )


@blueprint.post("/<int:topic_id>/archive")
@require(Permission.TOPIC_MANAGE)
def archive(topic_id: int) -> Response:
    _find(topic_id)
    with writing() as session:
        standing_topics.archive_topic(session, topic_id, actor=_actor(), now=console().clock.now())
    return _answer(topic_id)


@blueprint.post("/<int:topic_id>/restore")
@require(Permission.TOPIC_MANAGE)
def restore(topic_id: int) -> Response:
    _find(topic_id)
    with writing() as session:
        standing_topics.restore_topic(session, topic_id, actor=_actor(), now=console().clock.now())
    return _answer(topic_id)


@blueprint.post("/<int:topic_id>/subscribe")
@require(Permission.SEARCH)
def subscribe(topic_id: int) -> Response:
    _find(topic_id)
    now = console().clock.now()
    with writing() as session:
        standing_topics.subscribe(session, topic_id, person_id=viewer().id, now=now)
    return _answer(topic_id)


@blueprint.post("/<int:topic_id>/unsubscribe")
@require(Permission.SEARCH)
def unsubscribe(topic_id: int) -> Response:
    _find(topic_id)
    now = console().clock.now()
    with writing() as session:
        standing_topics.unsubscribe(session, topic_id, person_id=viewer().id, now=now)
    return _answer(topic_id)


def _find(topic_id: int) -> TopicRow:
    row = find_topic(reading(), topic_id, person_id=viewer().id)
    if row is None:
        abort(HTTPStatus.NOT_FOUND, "找不到这个专题。")
    return row


def _answer(topic_id: int) -> Response:
    # What another transaction has just committed is only seen by a new one.
    reading().rollback()
    row = _find(topic_id)
    counted = _counted([] if row.is_archived else [row])
    return jsonify(represent(_resource(row, counted)))


def _counted(rows: list[TopicRow]) -> Figures:
    now = console().clock.now()
    return figures(console().reader, rows, parse=language().parse, now=now)


def _actor() -> TopicActor:
    return TopicActor.of(viewer().id, viewer().roles)


def _body() -> dict[str, object]:
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        abort(HTTPStatus.BAD_REQUEST, "JSON 嵌套得太深，什么也没有改动。")
    if not isinstance(body, dict):
        abort(HTTPStatus.BAD_REQUEST, "请求的正文要是一个 JSON 对象，什么也没有改动。")
    return body


def _draft(present: dict[str, object]) -> TopicDraft:
    """Read the body over what is there already; a field of another type counts as empty."""
    values = present | _body()
    texts = {
        name: text if isinstance(text := values.get(name, ""), str) else ""
        for name in ("name", "expression", "excludes", "purpose")
    }
    named = values.get("source_ids", [])
    sources = [whole_number(str(one)) for one in named] if isinstance(named, list) else []
    return TopicDraft(
        **texts,
        sources=tuple(id_ if id_ is not None else 0 for id_ in sources),
        owner_id=whole_number(str(values.get("owner_id", ""))) or 0,
    )
