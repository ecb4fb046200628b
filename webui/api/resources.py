"""Records of the API that are not those of the read models: what leaves the house is named one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from core.database.models.media import Draft
from core.documents import StoredDocument
from core.expression import Scope, Span
from core.folded_search import FoldedHit
from media_matrix.accounts import AccountView


@dataclass(frozen=True, slots=True)
class DocumentLine:
    id: int
    url: str
    title: str
    source_id: int
    source: str
    platform: str
    level: str
    kind: str
    outlet: str | None
    published_at: dt.datetime
    ingested_at: dt.datetime
    analysed_at: dt.datetime | None
    relevant: bool | None
    relevance: float | None
    our_union: bool | None
    polarity: str | None
    topics: tuple[str, ...]
    regions: tuple[str, ...]
    story_id: int | None
    event_id: int | None
    views: int | None
    reposts: int | None
    comments: int | None
    likes: int | None
    content_hash: bytes
    is_demo: bool


@dataclass(frozen=True, slots=True)
class DocumentResource(DocumentLine):
    text: str


@dataclass(frozen=True, slots=True)
class FoundSpan:
    """Half-open code-point offsets into the title or the text."""

    field: Scope
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DocumentHit(DocumentLine):
    """``story_hits`` counts the hits folded under this one, itself too; ``first_id`` is the story's first."""

    spans: tuple[FoundSpan, ...]
    story_hits: int
    story_documents: int
    first_id: int | None


@dataclass(frozen=True, slots=True)
class DraftResource:
    id: int
    title: str
    digest: str | None
    state: str
    version: int
    author_id: int
    alert_id: int | None
    created_at: dt.datetime
    changed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class AccountResource:
    id: int
    channel: str
    channel_label: str
    handle: str
    name: str
    state: str
    state_label: str
    organisation_id: int
    owner_id: int | None
    last_published_at: dt.datetime | None
    days_silent: int | None
    failures: int


def document_hit(document: StoredDocument, spans: Sequence[Span], line: FoldedHit) -> DocumentHit:
    return DocumentHit(
        **_values(document, DocumentLine),
        spans=tuple(FoundSpan(span.field, span.start, span.end) for span in spans),
        story_hits=line.hits,
        story_documents=max(line.story.documents, line.hits) if line.story else 1,
        first_id=line.story.first_document_id if line.story else document.id,
    )


def document_resource(document: StoredDocument) -> DocumentResource:
    return DocumentResource(**_values(document, DocumentResource))


# The values go into the fields they are named after, of the same types.
def _values(document: StoredDocument, resource: type[DocumentLine]) -> dict[str, Any]:
    renamed = {"source": "source_name"}
    return {
        field.name: getattr(document, renamed.get(field.name, field.name))
        for field in fields(resource)
    }


def draft_resource(draft: Draft) -> DraftResource:
    return DraftResource(
        **{name: getattr(draft, name) for name in DraftResource.__dataclass_fields__}
    )


def account_resource(view: AccountView) -> AccountResource:
    account = view.account
    return AccountResource(
        id=account.id,
        channel=account.channel,
        channel_label=view.channel_label,
        handle=account.handle,
        name=account.name,
        state=account.state,
        state_label=view.state_label,
        organisation_id=account.organisation_id,
        owner_id=account.owner_id,
        last_published_at=view.last_published_at,
        days_silent=view.days_silent,
        failures=view.failures,
    )
