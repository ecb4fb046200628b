"""Makes an event's profile and keys anew from its stories, after people moved some."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.database.models.collecting import Document, DocumentBody
from core.database.models.understanding import EventKey, EventProfile, Story
from nlp.annotations import TextInput
from nlp.events.description import Labels, describe
from nlp.events.keys import keys_of
from nlp.events.profile import profile_of
from zhisheng import event_tables

MOST_STORIES = 100
"""The latest stand for all: later texts are most like them."""


def rebuild(session: Session, event_id: int) -> None:
    """Write profile and keys in the caller's transaction, which holds the lock of the events."""
    rows = session.execute(
        select(Document, DocumentBody)
        .join(Story, Story.first_document_id == Document.id)
        .join(
            DocumentBody,
            (DocumentBody.document_id == Document.id)
            & (DocumentBody.ingested_at == Document.ingested_at),
        )
        .where(Story.event_id == event_id, Document.relevant.is_not(False))
        .order_by(Document.published_at.desc(), Document.id.desc())
        .limit(MOST_STORIES)
    ).all()[::-1]
    session.execute(delete(EventKey).where(EventKey.event_id == event_id))
    if not rows:
        session.execute(delete(EventProfile).where(EventProfile.event_id == event_id))
        return
    texts = describe(
        [TextInput(body.title, body.text, document.published_at) for document, body in rows],
        [_labels(document, body) for document, body in rows],
    )
    profile = profile_of(texts[0])
    for text in texts[1:]:
        profile = profile.with_text(text)
    keys = list(dict.fromkeys(key for text in texts for key in keys_of(text)))
    at: dt.datetime = rows[-1][0].published_at
    event_tables.keep_profiles(session, {event_id: (profile, keys, at)})
    session.get_one(EventProfile, event_id, populate_existing=True).is_stale = False


def _labels(document: Document, body: DocumentBody) -> Labels:
    regions = (body.annotations or {}).get("regions")
    places = regions if isinstance(regions, list) else []
    return Labels(
        employers=frozenset(document.employers),
        places=frozenset(str(one["adcode"]) for one in places if isinstance(one, dict)),
        topics=frozenset(document.topics),
    )
