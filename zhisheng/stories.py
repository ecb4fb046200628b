"""Joins a document to the story it reprints, or begins a new one."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.models.collecting import Document
from core.database.models.understanding import Story, StoryBand
from nlp.fingerprint import bands, hamming

# Two texts of one story differ in few of the 64 bits of their fingerprints.
NEAR = 6
# A story is looked for among those seen lately; older ones are another matter.
LOOK_BACK = dt.timedelta(days=14)


def join_story(
    session: Session, document: Document, title: str, fingerprint: int | None, now: dt.datetime
) -> int | None:
    """Give the id of the document's story; None for a text too short to have a fingerprint."""
    if fingerprint is None:
        return None
    slices = list(bands(fingerprint))
    rows = session.execute(
        select(StoryBand.story_id, StoryBand.fingerprint)
        .where(
            tuple_(StoryBand.band, StoryBand.value).in_(slices), StoryBand.seen_at > now - LOOK_BACK
        )
        .distinct()
        .limit(200)
    )
    near = min(
        ((hamming(fingerprint, known), story_id) for story_id, known in rows), default=(NEAR + 1, 0)
    )
    if near[0] <= NEAR:
        _extend(session, near[1], document)
        return near[1]
    return _begin(session, document, title, fingerprint, slices)


def _extend(session: Session, story_id: int, document: Document) -> None:
    story = session.get(Story, story_id, with_for_update=True)
    if story is None or document.story_id == story_id:
        return
    story.documents += 1
    story.last_published_at = max(story.last_published_at, document.published_at)
    if document.published_at < story.first_published_at:
        story.first_published_at = document.published_at
        story.first_document_id = document.id
    session.execute(
        update(StoryBand)
        .where(StoryBand.story_id == story_id)
        .values(seen_at=story.last_published_at)
    )


def _begin(
    session: Session,
    document: Document,
    title: str,
    fingerprint: int,
    slices: list[tuple[int, int]],
) -> int:
    story = Story(
        first_document_id=document.id,
        title=title,
        first_published_at=document.published_at,
        last_published_at=document.published_at,
    )
    session.add(story)
    session.flush()
    # The rows apart from the statement: one with eight rows inside would be compiled anew each time.
    session.execute(
        insert(StoryBand),
        [
            {
                "band": band,
                "value": value,
                "story_id": story.id,
                "fingerprint": fingerprint,
                "seen_at": document.published_at,
            }
            for band, value in slices
        ],
    )
    return story.id
