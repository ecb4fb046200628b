"""What the database keeps of stories: sketches, their keys, and the stories' own rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import BigInteger, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from core.database.models.collecting import Document, Source
from core.database.models.understanding import Story, StorySketch
from nlp.stories.lookup import CANDIDATES, LOOK_BACK, PER_KEY
from nlp.stories.sketch import Sketch
from zhisheng.key_lookup import KeyLookup, lookup_statement

# Rows are kept for the look-back and as long again for what arrives late.
KEPT = 2 * LOOK_BACK


@dataclass(frozen=True, slots=True)
class Known:
    """A document of some story with what is needed to compare it."""

    document_id: int
    story_id: int
    sketch: Sketch
    published_at: dt.datetime
    last_at: dt.datetime


_CANDIDATES = KeyLookup(
    lookup_statement("story_key", "document_id", latest="document_id"), PER_KEY, CANDIDATES
)


def candidates(session: Session, asked: Mapping[int, Sequence[int]]) -> dict[int, list[Known]]:
    """Look up, by keys, what each document may be a copy of: those with most keys in common."""
    best = _CANDIDATES.best(session, asked)
    known = _known(session, {one for ids in best.values() for one in ids})
    return {
        place: [known[one] for one in sorted(ids) if one in known] for place, ids in best.items()
    }


def _known(session: Session, ids: Iterable[int]) -> dict[int, Known]:
    rows = session.execute(
        select(
            StorySketch.document_id, StorySketch.story_id, StorySketch.published_at,
            StorySketch.last_at, StorySketch.digest, StorySketch.shingles, StorySketch.numbers,
            StorySketch.names,
        ).where(StorySketch.document_id == func.any(bindparam("ids", type_=ARRAY(BigInteger)))),
        {"ids": sorted(ids)},
    )  # fmt: skip
    return {
        row.document_id: Known(
            row.document_id,
            row.story_id,
            Sketch(
                digest=row.digest,
                keys=np.zeros(0, np.int64),
                shingles=np.frombuffer(row.shingles, np.uint32),
                numbers=np.frombuffer(row.numbers, np.uint32),
                names=np.frombuffer(row.names, np.uint32),
            ),
            row.published_at,
            row.last_at,
        )
        for row in rows
    }


def keep(session: Session, known: Sequence[Known], at: Mapping[int, dt.datetime]) -> None:
    """Let later documents find these; ``at`` says when each was analysed."""
    if not known:
        return
    session.connection().execute(
        insert(StorySketch).on_conflict_do_nothing(),
        [
            {
                "document_id": one.document_id,
                "story_id": one.story_id,
                "published_at": one.published_at,
                "last_at": one.last_at,
                "seen_at": at[one.document_id],
                "digest": one.sketch.digest,
                "shingles": one.sketch.shingles.tobytes(),
                "numbers": one.sketch.numbers.tobytes(),
                "names": one.sketch.names.tobytes(),
                "keys": one.sketch.keys.tolist(),
            }
            for one in known
        ],
    )
    session.execute(
        _KEEP_KEYS,
        {
            "keys": [key for one in known for key in one.sketch.keys.tolist()],
            "ids": [one.document_id for one in known for _ in range(len(one.sketch.keys))],
        },
    )


_KEEP_KEYS = text(
    "insert into story_key (key, document_id) "
    "select * from unnest(cast(:keys as bigint[]), cast(:ids as bigint[])) on conflict do nothing"
)


def prolong(session: Session, last_at: Mapping[int, dt.datetime], now: dt.datetime) -> None:
    """Keep what was copied again within reach of the copies to come."""
    if last_at:
        session.connection().execute(
            _PROLONG,
            [{"b_id": id_, "b_at": at, "b_now": now} for id_, at in sorted(last_at.items())],
        )


_PROLONG = (
    update(StorySketch)
    .where(StorySketch.document_id == bindparam("b_id"))
    .values(
        last_at=func.greatest(StorySketch.last_at, bindparam("b_at")),
        seen_at=func.greatest(StorySketch.seen_at, bindparam("b_now")),
    )
)


@dataclass(frozen=True, slots=True)
class NewMember:
    """A document that joins a story; ``relation`` is what the story's first becomes when this is earlier."""

    document_id: int
    title: str
    published_at: dt.datetime
    relation: str

    @property
    def order(self) -> tuple[dt.datetime, int]:
        return self.published_at, self.document_id


def begin(session: Session, stories: Sequence[Sequence[NewMember]]) -> list[int]:
    """Insert stories, each given by its members in the order of publication; gives their ids in order."""
    if not stories:
        return []
    statement = insert(Story).returning(Story.id, sort_by_parameter_order=True)
    rows = [
        {
            "first_document_id": members[0].document_id,
            "title": members[0].title,
            "first_published_at": members[0].published_at,
            "last_published_at": members[-1].published_at,
            "documents": len(members),
        }
        for members in stories
    ]
    return list(session.scalars(statement, rows))


def extend(session: Session, joined: Mapping[int, Sequence[NewMember]]) -> dict[int, int]:
    """Count new members in; gives for each story its first document, which may be one of them.

    A first document that turns out to be a copy is marked as one.
    """
    if not joined:
        return {}
    known = session.execute(_STORIES, {"ids": sorted(joined)}).all()
    firsts: dict[int, int] = {}
    changes, copies = [], []
    for story_id, first_id, first_at, title in known:
        members = joined[story_id]
        first = min(members, key=lambda member: member.order)
        is_earlier = first.order < (first_at, first_id)
        firsts[story_id] = first.document_id if is_earlier else first_id
        changes.append(
            {
                "b_id": story_id,
                "b_count": len(members),
                "b_last": max(member.published_at for member in members),
                "b_first": firsts[story_id],
                "b_first_at": first.published_at if is_earlier else first_at,
                "b_title": first.title if is_earlier else title,
            }
        )
        if is_earlier:
            copies.append(
                {"b_id": first_id, "b_relation": first.relation, "b_parent": first.document_id}
            )
    connection = session.connection()
    if changes:
        connection.execute(_EXTEND, changes)
    if copies:
        connection.execute(_MARK_COPY, copies)
    return firsts


_STORIES = (
    select(Story.id, Story.first_document_id, Story.first_published_at, Story.title)
    .where(Story.id == func.any(bindparam("ids", type_=ARRAY(BigInteger))))
    .order_by(Story.id)
    .with_for_update()
)
_EXTEND = (
    update(Story)
    .where(Story.id == bindparam("b_id"))
    .values(
        documents=Story.documents + bindparam("b_count"),
        last_published_at=func.greatest(Story.last_published_at, bindparam("b_last")),
        first_document_id=bindparam("b_first"),
        first_published_at=bindparam("b_first_at"),
        title=bindparam("b_title"),
    )
)
_MARK_COPY = (
    update(Document)
    .where(Document.id == bindparam("b_id"))
    .values(story_relation=bindparam("b_relation"), story_parent_id=bindparam("b_parent"))
)


_NAMED = (
    select(Document.story_id, Document.id, Document.published_at, Document.outlet, Source.name)
    .join(Source, Source.id == Document.source_id)
    .where(Document.story_id == func.any(bindparam("stories", type_=ARRAY(BigInteger))))
    .order_by(Document.published_at, Document.id)
)


def named_members(
    session: Session, wanted: Mapping[int, set[str]]
) -> dict[tuple[int, str], tuple[int, dt.datetime]]:
    """Find the earliest document of a story that came from a named outlet or source."""
    found: dict[tuple[int, str], tuple[int, dt.datetime]] = {}
    if not wanted:
        return found
    for story_id, document_id, published_at, outlet, source in session.execute(
        _NAMED, {"stories": sorted(wanted)}
    ):
        assert story_id is not None  # noqa: S101 (asked for by the condition)
        for name in wanted[story_id] & {outlet, source}:
            found.setdefault((story_id, name), (document_id, published_at))
    return found


_FORGET = text(
    """
    with old as (
        delete from story_sketch where document_id in (
            select document_id from story_sketch where seen_at < :before
            order by seen_at limit :most for update skip locked
        ) returning document_id, keys
    ), gone as (
        delete from story_key using old, unnest(old.keys) as one(key)
        where story_key.key = one.key and story_key.document_id = old.document_id
    )
    select count(*) from old
    """
)


def forget_old(session: Session, now: dt.datetime, *, most: int = 5_000) -> int:
    """Delete sketches that nothing new can belong to; gives how many went."""
    return session.scalar(_FORGET, {"before": now - KEPT, "most": most}) or 0
