"""An expression means the same to the matcher, to both engines and to a second, naive reading."""

import os
from datetime import UTC, datetime
from pathlib import Path
from random import Random, SystemRandom

import pytest

from core.expression import Expression, Matcher, Scope, parse, print_expression
from core.matching_text import matching_text
from core.search import DocumentSearch, SearchDocument, SearchQuery
from core.search.elasticsearch_engine import ElasticsearchSearch
from core.search.tantivy_engine import TantivySearch
from tests.core.search.brute_force import Asked, Post, is_met, random_post, random_question, typed

NOW = datetime(2026, 11, 2, tzinfo=UTC)
CASES = 2_000
POSTS = 150


class Round:
    """One run's posts and questions, told apart by their seed."""

    def __init__(self, seed: int) -> None:
        print(f"seed {seed}; repeat with ZHISHENG_TEST_SEED={seed}")  # noqa: T201 -- shown when a case fails
        random = Random(seed)  # noqa: S311 -- not for secrets
        self.posts = [random_post(random) for _ in range(POSTS)]
        self.questions: list[Asked] = [random_question(random) for _ in range(CASES)]
        self.texts = [typed(random, question) for question in self.questions]
        self.expressions: list[Expression] = [parse(text) for text in self.texts]
        self.expected = [
            {number for number, post in enumerate(self.posts) if is_met(question, post)}
            for question in self.questions
        ]

    def documents(self) -> list[SearchDocument]:
        return [document(number, post) for number, post in enumerate(self.posts)]


def document(number: int, post: Post) -> SearchDocument:
    return SearchDocument(
        id=number,
        revision=1,
        title=post.title,
        text=post.text,
        platform=post.platform,
        reposts=post.reposts,
        published_at=NOW,
        ingested_at=NOW,
    )


@pytest.fixture(scope="module")
def round_() -> Round:
    seed = os.environ.get("ZHISHENG_TEST_SEED")
    return Round(int(seed) if seed else SystemRandom().randrange(1 << 32))


def test_the_questions_find_some_posts_and_not_others(round_: Round) -> None:
    telling = sum(0 < len(numbers) < POSTS for numbers in round_.expected)
    assert telling > CASES / 2


def test_printing_and_parsing_again_gives_the_same_tree(round_: Round) -> None:
    for expression in round_.expressions:
        assert parse(print_expression(expression)) == expression


def test_the_matcher_means_what_the_naive_reading_means(round_: Round) -> None:
    matcher = Matcher(dict(enumerate(round_.expressions)))
    matched: list[set[int]] = [set() for _ in round_.expressions]
    for found in round_.documents():
        for match in matcher.match(found, now=NOW):
            matched[match.key].add(found.id)
            for span in match.spans:
                text = found.title if span.field is Scope.TITLE else found.text
                assert 0 <= span.start < span.end <= len(matching_text(text))
    assert_equal(round_, matched)


def test_tantivy_means_what_the_naive_reading_means(round_: Round, tmp_path: Path) -> None:
    assert_engine(round_, TantivySearch(tmp_path / "index"))


@pytest.mark.external_service
def test_elasticsearch_means_what_the_naive_reading_means(
    round_: Round, elasticsearch_url: str
) -> None:
    assert_engine(round_, ElasticsearchSearch(elasticsearch_url, alias="test-one-meaning"))


def assert_engine(round_: Round, search: DocumentSearch) -> None:
    search.clear()
    assert search.index(round_.documents()).failures == ()
    search.refresh()
    found = [
        set(search.search(SearchQuery(expression=expression, limit=POSTS)).ids)
        for expression in round_.expressions
    ]
    search.clear()
    search.close()
    assert_equal(round_, found)


def assert_equal(round_: Round, found: list[set[int]]) -> None:
    wrong = [
        f"{text}\n  missed {sorted(expected - numbers)}, wrongly found {sorted(numbers - expected)}"
        for text, expected, numbers in zip(round_.texts, round_.expected, found, strict=True)
        if expected != numbers
    ]
    assert not wrong, f"{len(wrong)} of {CASES}:\n" + "\n".join(wrong[:5])
