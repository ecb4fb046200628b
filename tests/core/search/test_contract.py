"""What every search engine does alike."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.expression import parse
from core.search import (
    RELEVANT_HITS,
    Breakdown,
    DocumentSearch,
    FacetField,
    IndexEntry,
    Interval,
    SearchDocument,
    SearchOrder,
    SearchQuery,
)
from core.search.digest import digest
from core.search.selection import CursorError
from tests.core.search.conftest import OpenSearch

NOON = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)  # A Monday, 12:00 in Shanghai.


def document(number: int, **fields: object) -> SearchDocument:
    known = SearchDocument(
        id=number,
        revision=1,
        title=f"第{number}条",
        text="工地拖欠農民工工资",
        published_at=NOON - timedelta(minutes=number),
        ingested_at=NOON,
        source_id=1,
        source_name="工人论坛",
    )
    # The fields are those of the record; a wrong name or kind fails at once.
    return replace(known, **fields)  # type: ignore[arg-type]


def fill(search: DocumentSearch, *documents: SearchDocument) -> None:
    result = search.index(documents)
    assert result.failures == ()
    search.refresh()


def found(search: DocumentSearch, text: str | None = None, **fields: object) -> set[int]:
    expression = None if text is None else parse(text)
    query = replace(SearchQuery(expression=expression, now=NOON, limit=100), **fields)  # type: ignore[arg-type]
    page = search.search(query)
    assert page.total == len(page.ids) == search.count(query)
    return set(page.ids)


class TestDocumentSearch:
    def test_an_empty_index_finds_nothing(self, search: DocumentSearch) -> None:
        assert found(search) == set()
        assert search.histogram(SearchQuery(), interval=Interval.DAY) == ()
        assert search.terms(SearchQuery(), FacetField.TOPIC) == ()
        search.delete([1])

    @pytest.mark.parametrize(
        ("order", "expected"),
        [
            (SearchOrder.NEWEST, [1, 2, 3, 7, 6, 5, 4]),
            (SearchOrder.OLDEST, [4, 5, 6, 7, 3, 2, 1]),
            (SearchOrder.HOTTEST, [7, 6, 5, 4, 3, 2, 1]),
        ],
    )
    def test_pages_visit_each_document_once_and_in_order(
        self, search: DocumentSearch, order: SearchOrder, expected: list[int]
    ) -> None:
        # 4 to 7 were published in one second.
        old = NOON - timedelta(days=3)
        fill(
            search,
            *(document(number, hotness=number / 2) for number in range(1, 4)),
            *(document(number, hotness=number / 2, published_at=old) for number in range(4, 8)),
        )
        query = SearchQuery(expression=parse("农民工"), order=order, limit=3)
        visited: list[int] = []
        while True:
            page = search.search(query)
            assert page.total == 7
            visited += page.ids
            if page.cursor is None:
                break
            query = replace(query, cursor=page.cursor)
        assert visited == expected

    @pytest.mark.parametrize(
        "text",
        ["欠薪", "欠薪 -停工", "欠薪 OR -夜班", "(欠薪 OR 讨薪) 信源:工人论坛", "涉工:是 OR 欠薪"],
    )
    def test_the_most_relevant_come_first_and_equal_ones_newest_first(
        self, search: DocumentSearch, text: str
    ) -> None:
        long = "，".join(["工地上说法不一", "夜班的人还在等", "项目部没有回应"] * 5)
        fill(
            search,
            document(1, text=f"欠薪，{long}"),
            document(2, text=f"欠薪，{long}", relevant=True),
            document(3, text="欠薪，欠薪，欠薪，都说欠薪", published_at=NOON - timedelta(days=9)),
            document(4, text=f"欠薪，{long}", platform="weibo"),
            *(document(number, text=long) for number in range(5, 9)),
        )
        query = SearchQuery(expression=parse(text), order=SearchOrder.RELEVANCE)
        assert search.search(query).ids[:4] == (3, 1, 2, 4)
        filtered = replace(query, platforms=("weibo",), since=NOON - timedelta(days=1))
        assert search.search(filtered).ids[:1] == (4,)

    def test_relevance_pages_through_the_first_thousand(self, search: DocumentSearch) -> None:
        fill(search, *(document(number) for number in range(1, RELEVANT_HITS + 6)))
        query = SearchQuery(
            expression=parse("农民工"), order=SearchOrder.RELEVANCE, limit=RELEVANT_HITS - 1
        )
        first = search.search(query)
        assert first.total == RELEVANT_HITS + 5
        assert first.cursor is not None
        second = search.search(replace(query, cursor=first.cursor))
        assert (len(second.ids), second.cursor) == (1, None)
        assert len({*first.ids, *second.ids}) == RELEVANT_HITS
        with pytest.raises(CursorError):
            search.search(replace(query, cursor=f"r{RELEVANT_HITS:x}"))

    @pytest.mark.parametrize("text", [None, "-停工", "信源:工人论坛 -(停工 OR 罢工)"])
    def test_without_words_to_rank_by_relevance_is_newest(
        self, search: DocumentSearch, text: str | None
    ) -> None:
        fill(search, *(document(number) for number in range(1, 6)))
        query = SearchQuery(
            expression=parse(text) if text else None, order=SearchOrder.RELEVANCE, limit=3
        )
        newest = replace(query, order=SearchOrder.NEWEST)
        page = search.search(query)
        assert page == search.search(newest)
        assert search.search(replace(query, cursor=page.cursor)).ids == (4, 5)

    @pytest.mark.parametrize("cursor", ["", "x", "o12", "n-1", "第二页", "n" + "f" * 40])
    def test_a_foreign_cursor_is_refused(self, search: DocumentSearch, cursor: str) -> None:
        fill(search, document(1))
        with pytest.raises(CursorError, match="从第一页重新检索"):
            search.search(SearchQuery(cursor=cursor))

    def test_a_stale_revision_never_replaces_a_newer_one(self, search: DocumentSearch) -> None:
        fill(search, document(1, revision=5, text="新的"))
        result = search.index([document(1, revision=5, text="旧的"), document(1, revision=4)])
        search.refresh()
        assert (result.indexed, result.stale, result.failures) == (0, 2, ())
        assert found(search, "新的") == {1}

    def test_a_newer_revision_replaces_the_older_one(self, search: DocumentSearch) -> None:
        fill(search, document(1, text="旧的"), document(2, text="旧的"))
        fill(search, document(1, revision=3, text="新的"), document(1, revision=2, text="旧的"))
        assert found(search, "新的") == {1}
        assert found(search, "旧的") == {2}
        assert found(search) == {1, 2}

    def test_deleted_documents_are_gone_in_every_month(self, search: DocumentSearch) -> None:
        earlier = NOON - timedelta(days=70)
        fill(search, document(1), document(2, ingested_at=earlier), document(3))
        search.delete([1, 2, 99])
        search.refresh()
        assert found(search) == {3}
        fill(search, document(1, revision=9))
        assert found(search) == {1, 3}

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"platforms": ("weibo",)}, {1}),
            ({"platforms": ("WeiBo", "论坛")}, {1, 2}),
            ({"source_ids": (7,)}, {2}),
            ({"levels": ("央级",)}, {1}),
            ({"regions": ("320000",)}, {1, 2}),
            ({"regions": ("320100",)}, {1}),
            ({"topics": ("dismissal", "skills_honours")}, {1, 2}),
            ({"polarities": ("negative",)}, {1}),
            ({"relevant": True}, {1}),
            ({"relevant": False}, {2}),
            ({"our_union": False}, {1}),
            ({"event_id": 5}, {1}),
            ({"story_id": 6}, {2}),
            ({"since": NOON - timedelta(minutes=2)}, {1, 2}),
            ({"until": NOON - timedelta(minutes=2)}, {3}),
            ({"ingested_since": NOON + timedelta(seconds=1)}, {3}),
            ({"relevant": True, "platforms": ("论坛",)}, set()),
        ],
    )
    def test_filters_keep_what_has_one_of_the_values(
        self, search: DocumentSearch, fields: dict[str, object], expected: set[int]
    ) -> None:
        fill(
            search,
            document(
                1,
                platform="weibo",
                level="央级",
                regions=("320100", "320000"),
                topics=("wage_arrears", "dismissal"),
                polarity="negative",
                relevant=True,
                our_union=False,
                event_id=5,
            ),
            document(
                2,
                platform="論壇",
                source_id=7,
                regions=("320000",),
                topics=("skills_honours",),
                polarity="neutral",
                relevant=False,
                story_id=6,
            ),
            document(3, ingested_at=NOON + timedelta(seconds=1)),
        )
        assert found(search, None, **fields) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("转发>10", {2}),
            ("转发>=10 转发<20", {1}),
            ("reposts=20", {2}),
            ("-转发>10", {1, 3}),
            ("触达<=0", {3}),
            ("时间:90s", {1}),
            ("-时间:90s", {2, 3}),
            ("信源:工人论坛", {1, 2, 3}),
            ("涉工:是", set()),
            ("-涉工:是", {1, 2, 3}),
        ],
    )
    def test_conditions_on_numbers_times_and_unknown_values(
        self, search: DocumentSearch, text: str, expected: set[int]
    ) -> None:
        fill(search, document(1, reposts=10), document(2, reposts=20), document(3, views=0))
        assert found(search, text) == expected

    def test_words_are_substrings_and_never_cross_from_title_to_text(
        self, search: DocumentSearch
    ) -> None:
        fill(search, document(1, title="工人讨", text="薪"), document(2, title="", text=""))
        assert found(search, "讨薪") == set()
        assert found(search, "薪") == found(search, "人讨") == found(search, "正文:薪") == {1}
        assert found(search, "标题:薪") == set()
        assert found(search, "-薪") == {2}

    def test_histogram_days_begin_at_midnight_in_shanghai(self, search: DocumentSearch) -> None:
        midnight = datetime(2026, 11, 1, 16, 0, tzinfo=UTC)
        fill(
            search,
            document(1, published_at=midnight, topics=("a", "b")),
            document(2, published_at=midnight - timedelta(milliseconds=1), topics=("a",)),
            document(3, published_at=midnight + timedelta(hours=23)),
        )
        days = search.histogram(SearchQuery(), interval=Interval.DAY, by=Breakdown.TOPIC)
        assert [(day.start, day.total, dict(day.counts)) for day in days] == [
            (midnight - timedelta(days=1), 1, {"a": 1}),
            (midnight, 2, {"a": 1, "b": 1}),
        ]
        weeks = search.histogram(SearchQuery(), interval=Interval.WEEK)
        assert [week.start for week in weeks] == [midnight - timedelta(days=7), midnight]
        hours = search.histogram(SearchQuery(expression=parse("第1条")), interval=Interval.HOUR)
        assert [(hour.start, hour.total) for hour in hours] == [(midnight, 1)]

    def test_facets_count_exactly_most_frequent_first_then_by_value(
        self, search: DocumentSearch
    ) -> None:
        fill(
            search,
            document(1, platform="b", topics=("x", "y"), keywords=("欠薪",)),
            document(2, platform="a", topics=("y",), keywords=("欠薪", "工地"), source_id=4),
            document(3, platform="b", source_id=4),
            document(4, platform="c"),
        )
        facets = search.facets(SearchQuery(), (FacetField.PLATFORM, FacetField.SOURCE), size=2)
        assert [(c.value, c.count) for c in facets[FacetField.PLATFORM]] == [("b", 2), ("a", 1)]
        assert [(c.value, c.count) for c in facets[FacetField.SOURCE]] == [("1", 2), ("4", 2)]
        words = search.terms(SearchQuery(topics=("y",)), FacetField.KEYWORD)
        assert [(c.value, c.count) for c in words] == [("欠薪", 2), ("工地", 1)]

    def test_the_old_index_answers_until_the_new_one_is_complete(
        self, search: DocumentSearch
    ) -> None:
        fill(search, document(1), document(2))
        seen: list[set[int]] = []

        def documents() -> Iterator[SearchDocument]:
            yield document(3)
            seen.append(found(search))
            yield document(4, ingested_at=NOON - timedelta(days=70))
            yield document(3, revision=2, text="后来改过")

        result = search.rebuild(documents())
        assert seen == [{1, 2}]
        assert result.failures == ()
        assert found(search) == {3, 4}
        assert found(search, "后来改过") == {3}
        fill(search, document(5))
        assert found(search) == {3, 4, 5}

    def test_a_rebuild_that_fails_leaves_the_old_index(self, search: DocumentSearch) -> None:
        fill(search, document(1))

        def documents() -> Iterator[SearchDocument]:
            yield document(2)
            raise LookupError

        with pytest.raises(LookupError):
            search.rebuild(documents())
        assert found(search) == {1}
        search.rebuild([])
        assert found(search) == set()

    def test_a_draft_takes_changes_and_deletions_until_it_is_published(
        self, search: DocumentSearch
    ) -> None:
        fill(search, document(1))
        with search.draft() as draft:
            draft.index([document(2), document(3), document(4)])
            draft.settle()
            draft.index([document(3, revision=2, text="后来改过"), document(4, revision=0)])
            draft.delete([2, 99])
            assert found(search) == {1}
            draft.publish()
        assert found(search) == {3, 4}
        assert found(search, "后来改过") == {3}
        with search.draft() as draft:
            draft.index([document(5)])
        assert found(search) == {3, 4}

    def test_entries_tell_what_is_indexed_by_rising_id(self, search: DocumentSearch) -> None:
        documents = [document(number, revision=number) for number in (9, 2, 70_000, 31)]
        fill(search, *documents, document(5), document(2, revision=7, text="改过"))
        search.delete([5])
        search.refresh()
        current = sorted(
            (*documents[:1], *documents[2:], document(2, revision=7, text="改过")),
            key=lambda one: one.id,
        )
        expected = [(one.id, one.revision, digest(one)) for one in current]
        walked: list[IndexEntry] = []
        while page := search.entries(after=walked[-1].id if walked else 0, limit=3):
            walked += page
        assert [(one.id, one.revision, one.digest) for one in walked] == expected
        some = search.entries_of([31, 2, 5, 77])
        assert {one.id for one in some} == {2, 31}
        assert set(some) < set(walked)
        assert search.entries_of([]) == ()

    def test_clearing_forgets_everything(self, search: DocumentSearch) -> None:
        fill(search, document(1), document(2))
        search.clear()
        search.refresh()
        assert found(search) == set()
        fill(search, document(1))
        assert found(search) == {1}

    def test_another_reader_sees_documents_within_two_seconds(
        self, open_search: OpenSearch
    ) -> None:
        writer, reader = open_search(), open_search()
        assert found(reader) == set()
        writer.index([document(1)])
        deadline = time.monotonic() + 2
        while reader.count(SearchQuery()) == 0:
            assert time.monotonic() < deadline
        assert found(reader) == {1}

    def test_one_bad_document_fails_alone(self, search: DocumentSearch) -> None:
        result = search.index([document(1), document(2, revision=-1), document(3)])
        search.refresh()
        assert [failure.id for failure in result.failures] == [2]
        assert not result.failures[0].is_retryable
        assert result.indexed == 2
        assert found(search) == {1, 3}

    def test_health_says_what_there_is(self, search: DocumentSearch) -> None:
        fill(search, document(1), document(2))
        health = search.health()
        assert health.is_available
        assert health.engine == search.name
        assert health.documents == 2
        assert (health.generation, health.is_outdated) == (1, False)
        assert health.schema
        assert health.bytes_on_disk
