"""Folding is compared with reading all hits at once and keeping the first of each story."""

import datetime as dt
import random
from pathlib import Path

import pytest

from core.clock import FakeClock
from core.database.models.collecting import Document, DocumentBody, Source
from core.database.models.understanding import Story
from core.database.sessions import Sessions
from core.document_heat import document_heat
from core.expression import parse
from core.folded_search import FoldedHit, search_folded
from core.indexing import load_documents
from core.search import SearchOrder, SearchQuery
from core.search.tantivy_engine import TantivySearch

WANTED = parse("欠薪")
PAGE = 4


class World:
    """Documents of random stories in the database and the index; `hits` holds those with the word."""

    def __init__(self, sessions: Sessions, clock: FakeClock, folder: Path) -> None:
        self.sessions, self.clock = sessions, clock
        self.search = TantivySearch(folder)
        self.story_of: dict[int, int] = {}
        self.first_of: dict[int, int] = {}
        self.hits: set[int] = set()

    def add_story(self, source_id: int, texts: list[str], chance: random.Random) -> int:
        with self.sessions.begin() as session:
            ids = []
            for text in texts:
                published = self.clock.now() - dt.timedelta(minutes=chance.randrange(5000))
                document = Document(
                    source_id=source_id,
                    canonical_url=f"http://news.example/{chance.random()}",
                    content_hash=chance.randbytes(32),
                    platform="论坛",
                    level="public",
                    published_at=published,
                    ingested_at=self.clock.now(),
                    analysed_at=self.clock.now(),
                    collected_by="test",
                    reposts=chance.choice([None, 0, 3, 400]),
                )
                session.add(document)
                session.flush()
                session.add(
                    DocumentBody(
                        document_id=document.id,
                        ingested_at=document.ingested_at,
                        title="",
                        text=text,
                    )
                )
                ids.append((published, document.id))
            first = min(ids)[1]
            story = Story(
                first_document_id=first,
                title="",
                first_published_at=min(ids)[0],
                last_published_at=max(ids)[0],
                documents=len(ids),
            )
            session.add(story)
            session.flush()
            for _, id_ in ids:
                document = session.get_one(Document, id_)
                document.story_id = story.id
                self.story_of[id_] = story.id
            self.first_of[story.id] = first
            self.hits |= {id_ for (_, id_), text in zip(ids, texts, strict=True) if "欠薪" in text}
            return story.id

    def fill(self, chance: random.Random) -> None:
        with self.sessions.begin() as session:
            source = Source(name="河湾论坛", kind="feed", platform="论坛", level="public")
            session.add(source)
            session.flush()
            source_id = source.id
        for size in [1] * 12 + [2, 3, 3, 5, 9, 14]:
            texts = [chance.choice(["欠薪", "欠薪 欠薪 讨薪", "晴"]) for _ in range(size)]
            self.add_story(source_id, texts, chance)
        with self.sessions() as session:
            self.search.index(load_documents(session, list(self.story_of)))
        self.search.refresh()

    def pages(self, query: SearchQuery) -> list[tuple[FoldedHit, ...]]:
        found, cursor = [], None
        for _ in range(40):
            with self.sessions() as session:
                page = search_folded(
                    self.search,
                    session,
                    SearchQuery(
                        expression=query.expression, order=query.order, limit=PAGE, cursor=cursor
                    ),
                )
            assert page.total == len(self.hits)
            found.append(page.hits)
            cursor = page.cursor
            if cursor is None:
                return found
        raise AssertionError("the pages never end")


@pytest.fixture
def world(sessions: Sessions, clock: FakeClock, tmp_path: Path) -> World:
    return World(sessions, clock, tmp_path)


@pytest.mark.parametrize("seed", range(3))
def test_every_story_is_shown_once_where_its_first_hit_is(world: World, seed: int) -> None:
    world.fill(random.Random(seed))  # noqa: S311 (reproducible, not secret)
    for order in SearchOrder:
        query = SearchQuery(expression=WANTED, order=order, limit=500)
        ids = world.search.search(query).ids
        assert set(ids) == world.hits
        expected = list(dict.fromkeys(world.story_of[id_] for id_ in ids))
        pages = world.pages(query)
        found = [world.story_of[hit.document_id] for page in pages for hit in page]
        assert found == expected, order
        # Only the last page of a long list may have fewer stories than were asked for.
        assert all(len(page) == PAGE for page in pages[:-1])


def test_line_names_the_first_publication_and_counts_the_hits(world: World) -> None:
    world.fill(random.Random(7))  # noqa: S311 (reproducible, not secret)
    with world.sessions() as session:
        page = search_folded(world.search, session, SearchQuery(expression=WANTED, limit=100))
    for hit in page.hits:
        story = world.story_of[hit.document_id]
        members = {id_ for id_ in world.hits if world.story_of[id_] == story}
        assert set(hit.hit_ids) == members
        assert hit.hits == len(members)
        first = world.first_of[story]
        assert hit.document_id == (first if first in members else hit.hit_ids[0])
        assert hit.is_first_a_hit == (first in members)


def test_numbers_that_are_not_known_add_no_heat() -> None:
    assert document_heat({"reposts": None, "likes": None}) == 0
    assert document_heat({"reposts": 10}) > document_heat({"likes": 10}) > 0
