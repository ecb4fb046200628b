"""Whatever met an expression meets each of its loosenings, and every one can be typed."""

from datetime import UTC, datetime
from random import Random

import pytest

from core.expression import Expression, MatchDocument, Matcher, parse, print_expression
from core.expression.loosening import Change, loosenings
from tests.core.search.brute_force import Post, random_post, random_question, typed

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def met(expression: Expression, posts: list[Post]) -> set[int]:
    matcher = Matcher({1: expression})
    documents = [
        MatchDocument(
            title=post.title,
            text=post.text,
            published_at=NOW,
            platform=post.platform,
            reposts=post.reposts,
        )
        for post in posts
    ]
    return {number for number, document in enumerate(documents) if matcher.match(document, now=NOW)}


@pytest.mark.parametrize("seed", range(3))
def test_loosening_only_ever_adds_documents(seed: int) -> None:
    random = Random(seed)  # noqa: S311 -- not for secrets
    posts = [random_post(random) for _ in range(40)]
    tried = 0
    for _ in range(60):
        expression = parse(typed(random, random_question(random)))
        found = met(expression, posts)
        for loosening in loosenings(expression):
            tried += 1
            assert found <= met(loosening.rest, posts), print_expression(expression)
            assert parse(print_expression(loosening.rest)) == loosening.rest
    assert tried > 60


@pytest.mark.parametrize(
    ("text", "rests"),
    [
        ("甲", []),
        ("甲 乙", ["乙", "甲"]),
        ("标题:甲", ["甲"]),
        ("甲 NEAR/3 乙", ["甲 AND 乙"]),
        ("甲 -(乙 OR 丙)", ["NOT (乙 OR 丙)", "甲", "甲 AND NOT 丙", "甲 AND NOT 乙"]),
        ("甲 OR (乙 丙)", ["甲 OR 丙", "甲 OR 乙"]),
    ],
)
def test_smallest_changes_are_listed_outermost_first(text: str, rests: list[str]) -> None:
    assert [print_expression(one.rest) for one in loosenings(parse(text))] == rests


def test_change_says_what_it_does() -> None:
    changes = [one.change for one in loosenings(parse("甲 标题:乙 (丙 ONEAR/2 丁)"))]
    assert changes == [Change.DROP] * 3 + [Change.ANYWHERE, Change.APART]
