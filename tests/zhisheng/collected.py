"""Puts collected documents into the database as the crawl does, for the tests of what follows."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.claims import enqueue
from core.database.models.collecting import Document, DocumentBody, Source
from core.database.models.operations import Queue


@dataclass(frozen=True, kw_only=True)
class Collected:
    """One text; ``at`` is when it was published, ``arrived`` when it came in (None: at once)."""

    text: str
    at: dt.datetime
    title: str = ""
    source: str = "河湾论坛"
    platform: str = "论坛"
    url: str | None = None
    outlet: str | None = None
    arrived: dt.datetime | None = None


def collect(session: Session, *texts: Collected) -> list[int]:
    """Store texts and queue their analysis; gives the documents' ids."""
    ids = [_stored(session, text) for text in texts]
    enqueue(session, Queue.ANALYSE, ids, max(text.arrived or text.at for text in texts))
    return ids


def _stored(session: Session, text: Collected) -> int:
    digest = hashlib.sha256(f"{text.title}\0{text.text}".encode()).digest()
    document = Document(
        source_id=_source(session, text),
        canonical_url=text.url or f"https://forum.example/{digest.hex()[:12]}/{text.at:%d%H%M%S}",
        content_hash=digest,
        platform=text.platform,
        level="public",
        published_at=text.at,
        ingested_at=text.arrived or text.at,
        outlet=text.outlet,
        collected_by="crawl",
    )
    session.add(document)
    session.flush()
    body = DocumentBody(
        document_id=document.id,
        ingested_at=document.ingested_at,
        title=text.title,
        text=text.text,
    )
    session.add(body)
    session.flush()
    return document.id


def _source(session: Session, text: Collected) -> int:
    found = session.scalar(select(Source.id).where(Source.name == text.source))
    if found is not None:
        return found
    source = Source(name=text.source, kind="feed", platform=text.platform, level="public")
    session.add(source)
    session.flush()
    return source.id
