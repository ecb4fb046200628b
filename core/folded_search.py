"""Search in which a story shows once: its reprints are folded under whoever published it first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.models.collecting import Document
from core.database.models.understanding import Story
from core.expression.syntax import Condition, Expression, Field, Not, conjunction
from core.search.base import (
    RELEVANT_HITS,
    DocumentSearch,
    FacetField,
    SearchOrder,
    SearchQuery,
)
from core.search.selection import cursor_of, key_of, ordering

MOST_MEMBERS = 400
"""How many hits of a page's stories are read by name; beyond it they are only counted."""

ROUNDS = 8
"""A page that is still short of stories after so many requests is shown short; the next goes on where it ended."""

BREADTH = 6
"""How many hits by rank are looked through for each story wanted: a rank cannot be asked without its folded ones."""


@dataclass(frozen=True, slots=True)
class StoryFacts:
    id: int
    first_document_id: int
    documents: int


@dataclass(frozen=True, slots=True)
class FoldedHit:
    """One line of the page.

    ``document_id`` stands for the story: its first publication where that is a hit, else the earliest hit known.
    ``hit_ids`` are the story's hits, earliest first, at most MOST_MEMBERS for a page; ``hits`` counts all of them.
    ``story`` is None for a document that no other repeats.
    """

    document_id: int
    hit_ids: tuple[int, ...]
    hits: int
    story: StoryFacts | None = None

    @property
    def is_first_a_hit(self) -> bool:
        return self.story is None or self.story.first_document_id in self.hit_ids


@dataclass(frozen=True, slots=True)
class FoldedPage:
    """``total`` counts documents, not stories."""

    hits: tuple[FoldedHit, ...]
    total: int
    cursor: str | None


@dataclass(slots=True)
class _Gathered:
    """What has been found for a page, in order: a story's facts and the hit by which it was met."""

    met: list[tuple[int, StoryFacts | None]] = field(default_factory=list)
    passed: set[int] = field(default_factory=set)

    def take(self, document_id: int, story: StoryFacts | None) -> None:
        if story is None:
            self.met.append((document_id, None))
        elif story.id not in self.passed:
            self.passed.add(story.id)
            self.met.append((document_id, story))


def search_folded(search: DocumentSearch, session: Session, query: SearchQuery) -> FoldedPage:
    """Give ``query.limit`` stories, each at the place of its first hit in the order, and on no later page again.

    What is published between two pages may move a story before the cursor; it is then seen from the first page.
    """
    if ordering(query) is SearchOrder.RELEVANCE:
        gathered, total, cursor = _by_rank(search, session, query)
    else:
        gathered, total, cursor = _by_key(search, session, query)
    return FoldedPage(_with_members(search, session, query, gathered), total, cursor)


def _by_key(
    search: DocumentSearch, session: Session, query: SearchQuery
) -> tuple[_Gathered, int, str | None]:
    """Ask for as many hits as stories are wanting, without the stories already met, until the page is full."""
    gathered = _Gathered()
    total, cursor = 0, query.cursor
    for number in range(ROUNDS):
        asked = replace(
            query,
            expression=_without(query.expression, gathered.passed),
            cursor=cursor,
            limit=query.limit - len(gathered.met),
        )
        page = search.search(asked)
        total = page.total if number == 0 else total
        cursor = page.cursor
        stories = repeated_stories(session, page.ids)
        if query.cursor is not None:
            gathered.passed |= _shown_before(search, session, query, page.ids, stories.values())
        for document_id in page.ids:
            gathered.take(document_id, stories.get(document_id))
        if cursor is None or len(gathered.met) >= query.limit:
            break
    return gathered, total, cursor


def _by_rank(
    search: DocumentSearch, session: Session, query: SearchQuery
) -> tuple[_Gathered, int, str | None]:
    """Read from the first rank: a rank counts all hits before it, so none of them can be left out."""
    first = 0 if query.cursor is None else key_of(SearchOrder.RELEVANCE, query.cursor)
    wanted = min(first + BREADTH * query.limit, RELEVANT_HITS)
    page = search.search(replace(query, cursor=None, limit=wanted))
    stories = repeated_stories(session, page.ids)
    before = {stories[id_].id for id_ in page.ids[:first] if id_ in stories}
    gathered = _Gathered(passed=before)
    end = first
    for document_id in page.ids[first:]:
        if len(gathered.met) >= query.limit:
            break
        gathered.take(document_id, stories.get(document_id))
        end += 1
    has_more = end < min(page.total, RELEVANT_HITS) and bool(page.ids[first:])
    return gathered, page.total, cursor_of(SearchOrder.RELEVANCE, end) if has_more else None


def _shown_before(
    search: DocumentSearch,
    session: Session,
    query: SearchQuery,
    ids: Sequence[int],
    stories: Iterable[StoryFacts],
) -> set[int]:
    """Name the stories of which an earlier page has shown a hit: their first in the order is not among these."""
    firsts = _members(search, session, query, {story.id for story in stories})
    return {story_id for story_id, found in firsts.items() if found[0] not in ids}


def _members(
    search: DocumentSearch, session: Session, query: SearchQuery, wanted: set[int]
) -> dict[int, list[int]]:
    """List the hits of each story in the order; MOST_MEMBERS at a time until each story has one at least."""
    members: dict[int, list[int]] = {}
    while wanted:
        asked = replace(
            query, expression=_within(query.expression, wanted), cursor=None, limit=MOST_MEMBERS
        )
        ids = search.search(asked).ids
        stories = repeated_stories(session, ids)
        for document_id in ids:
            if document_id in stories:
                members.setdefault(stories[document_id].id, []).append(document_id)
        if wanted.isdisjoint(members):
            break
        wanted = wanted - members.keys()
    return members


def _with_members(
    search: DocumentSearch, session: Session, query: SearchQuery, gathered: _Gathered
) -> tuple[FoldedHit, ...]:
    wanted = {story.id for _, story in gathered.met if story is not None}
    members = _members(search, session, replace(query, order=SearchOrder.OLDEST), wanted)
    counts = {story_id: len(ids) for story_id, ids in members.items()}
    if sum(counts.values()) >= MOST_MEMBERS:
        inside = replace(query, expression=_within(query.expression, wanted), cursor=None)
        terms = search.terms(inside, FacetField.STORY, size=len(wanted))
        counts |= {int(term.value): term.count for term in terms}
    return tuple(
        FoldedHit(met, (met,), 1)
        if story is None
        else _folded(met, story, members.get(story.id, []), counts.get(story.id, 1))
        for met, story in gathered.met
    )


def _folded(met: int, story: StoryFacts, members: list[int], hits: int) -> FoldedHit:
    # The index may not know yet that a document has joined the story.
    ids = tuple(members) if met in members or hits > len(members) else (met, *members)
    shown = story.first_document_id if story.first_document_id in ids else ids[0] if ids else met
    return FoldedHit(shown, ids or (met,), max(hits, len(ids)), story)


def unfolded(session: Session, document_ids: Sequence[int]) -> tuple[FoldedHit, ...]:
    """Give each document a line of its own that knows its story."""
    stories = repeated_stories(session, document_ids)
    return tuple(FoldedHit(id_, (id_,), 1, stories.get(id_)) for id_ in document_ids)


def folded_among(session: Session, document_ids: Sequence[int]) -> tuple[FoldedHit, ...]:
    """Keep the first document of each story in the order given, with those folded under it."""
    lines: dict[int, FoldedHit] = {}
    for line in unfolded(session, document_ids):
        key = -line.document_id if line.story is None else line.story.id
        known = lines.get(key)
        lines[key] = (
            line
            if known is None
            else replace(known, hit_ids=(*known.hit_ids, line.document_id), hits=known.hits + 1)
        )
    return tuple(lines.values())


def repeated_stories(session: Session, document_ids: Iterable[int]) -> Mapping[int, StoryFacts]:
    """Map each document that others repeat, or that repeats another, to its story."""
    rows = session.execute(
        select(Document.id, Story.id, Story.first_document_id, Story.documents)
        .join(Story, Story.id == Document.story_id)
        .where(Document.id.in_(list(document_ids)), Story.documents > 1)
    )
    return {id_: StoryFacts(story, first, documents) for id_, story, first, documents in rows}


def _within(expression: Expression | None, stories: set[int]) -> Expression:
    condition = Condition(Field.STORY, tuple(str(id_) for id_ in sorted(stories)))
    return condition if expression is None else conjunction((expression, condition))


def _without(expression: Expression | None, stories: set[int]) -> Expression | None:
    if not stories:
        return expression
    condition = Not(Condition(Field.STORY, tuple(str(id_) for id_ in sorted(stories))))
    return condition if expression is None else conjunction((expression, condition))
