"""The hits of a search as its page shows them: finds marked, reprints folded under their first publisher."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy.orm import Session

from core.documents import StoredDocument, StoryLine, lines_of, read_documents
from core.expression import Expression, Matchable, Matcher, Scope, Span
from core.folded_search import FoldedHit, folded_among
from core.search.base import SearchPage
from webui.highlights import excerpt, marked
from webui.vocabulary import narrow_regions, topic_label

KEY = 1
MOST_REPRINTS = 8
Spans = Mapping[Scope, Sequence[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of the list.

    ``reprints`` are further hits of its story, earliest first, MOST_REPRINTS at most; ``hits`` counts all of them
    with this one, ``family`` the whole story. ``first`` is the first publication where that is no hit.
    """

    document: StoredDocument
    title: Markup
    excerpt: Markup
    topics: tuple[str, ...]
    regions: tuple[str, ...]
    reprints: tuple[StoryLine, ...]
    latest: StoryLine | None
    first: StoryLine | None
    hits: int
    family: int


class Finder:
    """Tells where the words of one expression are; without one nothing is found."""

    def __init__(self, expression: Expression | None, now: dt.datetime) -> None:
        self._matcher = None if expression is None else Matcher({KEY: expression})
        self._now = now

    def found(self, document: Matchable) -> tuple[Span, ...]:
        """Give the finds; none when the stored text no longer meets the expression."""
        matches = [] if self._matcher is None else self._matcher.match(document, now=self._now)
        return matches[0].spans if matches else ()

    def spans(self, document: Matchable) -> Spans:
        by_field: dict[Scope, list[tuple[int, int]]] = {Scope.TITLE: [], Scope.TEXT: []}
        for span in self.found(document):
            by_field[span.field].append((span.start, span.end))
        return by_field


def finds(document: Matchable, expression: Expression | None, now: dt.datetime) -> Spans:
    """Give where the expression's words are in one document; for many, keep one Finder."""
    return Finder(expression, now).spans(document)


def hits(
    session: Session, page: SearchPage, expression: Expression | None, now: dt.datetime
) -> list[Hit]:
    """Show the hits of one page; those of one story on the page stand in one line, under the first in order."""
    return lines(session, folded_among(session, page.ids), Finder(expression, now))


def lines(session: Session, folded: Sequence[FoldedHit], finder: Finder) -> list[Hit]:
    """Read what the lines show; a document that was deleted meanwhile is left out."""
    documents = {
        document.id: document
        for document in read_documents(session, [one.document_id for one in folded])
    }
    others = lines_of(session, [id_ for one in folded for id_ in _named(one)])
    return [
        _hit(one, documents[one.document_id], others, finder)
        for one in folded
        if one.document_id in documents
    ]


def _named(one: FoldedHit) -> list[int]:
    """List the documents that a line names beside the one it shows."""
    if one.story is None:
        return []
    others = [id_ for id_ in one.hit_ids if id_ != one.document_id]
    named = [*others[:MOST_REPRINTS], *others[-1:]]
    return named if one.is_first_a_hit else [*named, one.story.first_document_id]


def _hit(
    one: FoldedHit, document: StoredDocument, known: Mapping[int, StoryLine], finder: Finder
) -> Hit:
    spans = finder.spans(document)
    title = (
        marked(document.title, spans[Scope.TITLE])
        if document.title.strip()
        else Markup.escape(document.headline)
    )
    others = [id_ for id_ in one.hit_ids if id_ != document.id]
    return Hit(
        document=document,
        title=title,
        excerpt=excerpt(document.text, spans[Scope.TEXT]),
        topics=tuple(topic_label(code) for code in document.topics),
        regions=tuple(narrow_regions(document.regions)),
        reprints=tuple(known[id_] for id_ in others[:MOST_REPRINTS] if id_ in known),
        latest=known.get(others[-1]) if others else None,
        first=None
        if one.story is None or one.is_first_a_hit
        else known.get(one.story.first_document_id),
        hits=one.hits,
        family=max(one.story.documents, one.hits) if one.story else 1,
    )
