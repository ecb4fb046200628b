"""The digest changes with everything that is indexed, and with nothing else."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.search import SearchDocument
from core.search.digest import digest

MOMENT = datetime(2026, 11, 2, 4, 0, 0, 250_000, tzinfo=UTC)
DOCUMENT = SearchDocument(
    id=1,
    revision=3,
    title="工地欠薪",
    text="夜班的人还在等",
    published_at=MOMENT,
    ingested_at=MOMENT,
    regions=("320100", "320000"),
    topics=("wage_arrears",),
)
OTHER: dict[str, object] = {
    "id": 2,
    "revision": 4,
    "title": "工地欠薪了",
    "text": "夜班的人还在等𠀀",
    "published_at": MOMENT + timedelta(milliseconds=1),
    "ingested_at": MOMENT + timedelta(milliseconds=1),
    "platform": "weibo",
    "source_id": 7,
    "source_name": "工人论坛",
    "level": "央级",
    "regions": ("320100",),
    "topics": ("wage_arrears", "dismissal"),
    "polarity": "negative",
    "relevant": False,
    "our_union": True,
    "employers": ("河湾建设",),
    "keywords": ("欠薪",),
    "event_id": 5,
    "story_id": 6,
    "reposts": 0,
    "comments": 0,
    "views": 0,
    "hotness": 0.5,
}


@pytest.mark.parametrize("name", [field.name for field in fields(SearchDocument)])
def test_every_field_counts(name: str) -> None:
    # The values are of each field's own kind.
    other = replace(DOCUMENT, **{name: OTHER[name]})  # type: ignore[arg-type]
    assert digest(other) != digest(DOCUMENT)
    assert 0 <= digest(other) < 1 << 63


def test_neighbouring_values_are_kept_apart() -> None:
    first = replace(DOCUMENT, regions=("a",), topics=("b", "c"), title="甲乙", text="丙")
    second = replace(DOCUMENT, regions=("a", "b"), topics=("c",), title="甲", text="乙丙")
    assert digest(first) != digest(second)
    assert digest(replace(first, title="甲", text="乙丙")) != digest(first)


def test_the_same_moment_and_its_parts_below_a_millisecond_do_not_count() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=8))) + timedelta(microseconds=400)
    assert digest(replace(DOCUMENT, published_at=elsewhere)) == digest(DOCUMENT)
    assert digest(DOCUMENT) == 1_659_851_737_532_379_197
