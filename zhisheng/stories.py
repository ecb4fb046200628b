"""Joins documents to the stories they reprint, or begins new ones: a few statements for a whole batch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from core.database.models.collecting import Document
from core.database.models.understanding import StoryRelation
from core.event_stories import EVENTS_LOCK
from nlp.annotations import TextInput
from nlp.stories.kinship import Kinship, Relation, kinship
from nlp.stories.lookup import LOOK_BACK, PER_KEY
from nlp.stories.sketch import Sketch, sketches
from nlp.stories.sources import named_source
from zhisheng import story_tables
from zhisheng.story_tables import Known, NewMember

# A copy this near to its source leads later copies to it as well: it needs no sketch of its own.
SAME_KEYS = 0.95

Row = tuple[Document, TextInput]


@dataclass(frozen=True, slots=True)
class StoryPlace:
    """Where a document belongs; ``is_new`` when it was not placed before."""

    story_id: int
    relation: StoryRelation
    parent_id: int | None
    is_new: bool


def join_stories(
    session: Session, rows: Sequence[Row], now: dt.datetime | None
) -> dict[int, StoryPlace]:
    """Place documents with their masked texts in stories, in the caller's transaction.

    Those without letters have no place.
    ``now`` None takes each document's time of arrival. A document placed before keeps its place.
    """
    session.execute(select(func.pg_advisory_xact_lock(EVENTS_LOCK)))
    placed = _placed(session, [document.id for document, _ in rows])
    fresh = [row for row in rows if row[0].id not in placed]
    fresh.sort(key=lambda row: (row[0].published_at, row[0].id))
    return placed | _Joining(session, fresh, now).run() if fresh else placed


def _placed(session: Session, ids: Sequence[int]) -> dict[int, StoryPlace]:
    columns = (Document.id, Document.story_id, Document.story_relation, Document.story_parent_id)
    rows = session.execute(
        select(*columns).where(Document.id.in_(ids), Document.story_id.is_not(None))
    )
    return {
        id_: StoryPlace(story_id or 0, StoryRelation(relation or "first"), parent_id, is_new=False)
        for id_, story_id, relation, parent_id in rows
    }


@dataclass(slots=True, eq=False)
class _Family:
    """A story while a batch joins it; ``id`` is None until it is inserted."""

    id: int | None
    members: list[_Member] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Member:
    """A document of the batch, or one that the database knows (``row`` None)."""

    document_id: int
    family: _Family
    sketch: Sketch
    published_at: dt.datetime
    last_at: dt.datetime
    row: Row | None = None
    parent: _Member | None = None
    kin: Kinship | None = None
    relation: StoryRelation = StoryRelation.FIRST
    parent_id: int | None = None

    @property
    def order(self) -> tuple[dt.datetime, int]:
        return self.published_at, self.document_id


class _Joining:
    def __init__(self, session: Session, rows: Sequence[Row], now: dt.datetime | None) -> None:
        self._session = session
        self._rows = rows
        self._now = now
        self._families: dict[int, _Family] = {}
        self._by_key: dict[int, list[_Member]] = {}
        self._members: list[_Member] = []
        self._last_at: dict[int, dt.datetime] = {}

    def run(self) -> dict[int, StoryPlace]:
        found = sketches([(body.title, body.text) for _, body in self._rows])
        asked = {
            place: sketch.keys.tolist() for place, sketch in enumerate(found) if sketch is not None
        }
        known = story_tables.candidates(self._session, asked)
        for place, (row, sketch) in enumerate(zip(self._rows, found, strict=True)):
            if sketch is not None:
                self._place(row, sketch, known.get(place, ()))
        self._begin_new()
        self._renew_known()
        self._prefer_named_sources()
        self._mark_versions()
        self._keep_sketches()
        return {
            member.document_id: StoryPlace(
                member.family.id or 0, member.relation, member.parent_id, is_new=True
            )
            for member in self._members
        }

    def _place(self, row: Row, sketch: Sketch, known: Sequence[Known]) -> None:
        at = row[0].published_at
        near = [
            (kin, other)
            for other in self._candidates(sketch, known)
            if other.published_at - LOOK_BACK <= at <= other.last_at + LOOK_BACK
            and (kin := kinship(sketch, other.sketch)) is not None
        ]
        best = max(near, key=lambda pair: pair[0].nearness, default=None)
        family = _Family(None) if best is None else best[1].family
        member = _Member(row[0].id, family, sketch, at, at, row)
        earlier = [
            (kin, other)
            for kin, other in near
            if other.family is family and other.order < member.order
        ]
        member.kin, member.parent = max(
            earlier, key=lambda pair: pair[0].nearness, default=(best and best[0], None)
        )
        if best is not None and best[1].row is None:
            source = best[1]
            self._last_at[source.document_id] = max(at, source.last_at)
        self._members.append(member)
        family.members.append(member)
        for key in sketch.keys.tolist():
            self._by_key.setdefault(key, []).append(member)

    def _candidates(self, sketch: Sketch, known: Sequence[Known]) -> Iterable[_Member]:
        for one in known:
            family = self._families.setdefault(one.story_id, _Family(one.story_id))
            yield _Member(one.document_id, family, one.sketch, one.published_at, one.last_at)
        in_batch = {
            member.document_id: member
            for key in sketch.keys.tolist()
            for member in self._by_key.get(key, ())[-PER_KEY:]
        }
        yield from in_batch.values()

    def _begin_new(self) -> None:
        new = {id(m.family): m.family for m in self._members if m.family.id is None}
        ids = story_tables.begin(
            self._session,
            [
                [_new_member(member) for member in sorted(family.members, key=lambda m: m.order)]
                for family in new.values()
            ],
        )
        for family, story_id in zip(new.values(), ids, strict=True):
            family.id = story_id
            first = min(family.members, key=lambda member: member.order)
            for member in family.members:
                _relate(member, first.document_id, is_first=member is first)

    def _renew_known(self) -> None:
        families = [f for f in self._families.values() if f.members]
        firsts = story_tables.extend(
            self._session,
            {f.id or 0: [_new_member(member) for member in f.members] for f in families},
        )
        for family in families:
            first_id = firsts[family.id or 0]
            for member in family.members:
                _relate(member, first_id, is_first=member.document_id == first_id)

    def _prefer_named_sources(self) -> None:
        """Let 「转自…」 decide whom a reprint comes from."""
        named: list[tuple[_Member, str]] = []
        for member in self._members:
            if member.relation is StoryRelation.FIRST or member.row is None:
                continue
            document, body = member.row
            if name := document.original_source or named_source(body.text):
                named.append((member, name))
        wanted: dict[int, set[str]] = {}
        for member, name in named:
            wanted.setdefault(member.family.id or 0, set()).add(name)
        found = story_tables.named_members(self._session, wanted)
        for member, name in named:
            source = found.get((member.family.id or 0, name))
            if source is not None and (source[1], source[0]) < member.order:
                member.parent_id = source[0]

    def _mark_versions(self) -> None:
        """Tell a page that was edited from a reprint of it."""
        joined = {m.document_id: m for m in self._members if m.relation is not StoryRelation.FIRST}
        if not joined:
            return
        pages = {(m.row[0].source_id, m.row[0].canonical_url): m for m in joined.values() if m.row}
        rows = self._session.execute(
            select(Document.id, Document.source_id, Document.canonical_url, Document.story_id)
            .where(tuple_(Document.source_id, Document.canonical_url).in_(list(pages)))
            .order_by(Document.id)
        ).all()
        stories = {m.document_id: m.family.id for m in self._members}
        for document_id, source_id, url, story_id in rows:
            member = pages[source_id, url]
            story = stories.get(document_id, story_id)
            if document_id < member.document_id and story == member.family.id:
                member.relation, member.parent_id = StoryRelation.VERSION, document_id

    def _keep_sketches(self) -> None:
        kept = [
            Known(m.document_id, m.family.id or 0, m.sketch, m.published_at, m.published_at)
            for m in self._members
            if m.kin is None or m.kin.overlap < SAME_KEYS
        ]
        at = {document.id: self._now or document.ingested_at for document, _ in self._rows}
        story_tables.keep(self._session, kept, at)
        story_tables.prolong(self._session, self._last_at, max(at.values()))


def _relate(member: _Member, first_id: int, *, is_first: bool) -> None:
    if is_first or member.kin is None:
        member.relation, member.parent_id = StoryRelation.FIRST, None
        return
    member.relation = StoryRelation(member.kin.relation)
    member.parent_id = first_id if member.parent is None else member.parent.document_id


def _new_member(member: _Member) -> NewMember:
    assert member.row is not None  # noqa: S101 (members to insert are of this batch)
    document, body = member.row
    relation = Relation.REPRINT if member.kin is None else member.kin.relation
    headline = body.title.strip() or body.text.strip()[:60]
    return NewMember(document.id, headline, document.published_at, relation.value)
