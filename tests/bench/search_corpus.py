"""The documents and the questions of the search benchmark, the same for every engine."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count, islice

from core.search.base import SearchDocument
from tests.bench.texts import SEED, UNTIL, posts

PERIOD = dt.timedelta(days=30)
STEP = dt.timedelta(seconds=1)
PLATFORMS = ("新闻网站", "论坛", "微博", "微信公众号", "短视频", "热榜", "问答", "留言板")
LEVELS = ("national", "provincial", "city", "commercial", "public")
POLARITIES = ("negative", "neutral", "positive")
TOPICS = tuple(f"topic_{number}" for number in range(24))
REGIONS = tuple(f"{number}0000" for number in range(11, 42))
SOURCES = 400
# Words that the texts do not hold by themselves, set in at a known rate.
RARE = tuple(
    f"{name}冶炼{unit}厂" for name in ("钴石", "镍溪", "钨坪", "锑岭", "铋湾") for unit in "一二"
)
MIDDLING = tuple(f"{name}物流园" for name in ("西桥", "东堰", "南畈", "北渚", "中坝"))
RARE_SHARE = 1 / 500
MIDDLING_SHARE = 1 / 50
COMMON = ("工资", "工会", "公司", "加班", "合同", "社保")


def documents(*, first_id: int, since: dt.datetime, step: dt.timedelta) -> Iterator[SearchDocument]:
    """Yield documents without end, with rising ids, ``step`` apart."""
    chance = random.Random(SEED + first_id)  # noqa: S311 (invented posts, no secret)
    for number, post in zip(count(), posts(seed=SEED + first_id)):
        text = post.text
        if chance.random() < RARE_SHARE:
            text += f"地点在{chance.choice(RARE)}。"
        if chance.random() < MIDDLING_SHARE:
            text += f"就在{chance.choice(MIDDLING)}旁边。"
        published_at = since + number * step
        source_id = chance.randrange(SOURCES)
        yield SearchDocument(
            id=first_id + number,
            revision=1,
            title=post.title,
            text=text,
            published_at=published_at,
            ingested_at=published_at + dt.timedelta(minutes=2),
            platform=PLATFORMS[source_id % len(PLATFORMS)],
            source_id=source_id,
            source_name=f"信源{source_id}",
            level=LEVELS[source_id % len(LEVELS)],
            regions=(chance.choice(REGIONS),),
            topics=tuple(chance.sample(TOPICS, chance.choice((0, 1, 1, 2)))),
            polarity=chance.choices(POLARITIES, (5, 3, 2))[0],
            relevant=chance.random() < 0.4,
            hotness=chance.random() * 100,
        )


def existing(size: int) -> Iterator[SearchDocument]:
    """Yield what is there when the clock starts, spread over the period."""
    start = UNTIL - PERIOD
    step = dt.timedelta(seconds=PERIOD.total_seconds() // size)
    return islice(documents(first_id=1, since=start, step=step), size)


def arriving(size: int) -> Iterator[SearchDocument]:
    """Yield what comes while questions are asked, newer than all that is there."""
    return islice(documents(first_id=10_000_001, since=UNTIL, step=STEP), size)


class Ask(StrEnum):
    TOP = "top"
    HISTOGRAM = "histogram"
    FACETS = "facets"


@dataclass(frozen=True, slots=True)
class Question:
    """All words and filters must hold; the top is the 20 newest with the exact total."""

    words: tuple[str, ...]
    ask: Ask = Ask.TOP
    platforms: tuple[str, ...] = ()
    polarities: tuple[str, ...] = ()
    since: dt.datetime | None = None


def questions() -> dict[str, Sequence[Question]]:
    """Give the questions by kind; a round asks one of each."""
    week = UNTIL - dt.timedelta(days=7)
    pairs = [(COMMON[i], COMMON[(i + j) % len(COMMON)]) for j in (1, 2) for i in range(len(COMMON))]
    return {
        "top20_rare": [Question((word,)) for word in RARE],
        "top20_middling": [Question((word,)) for word in MIDDLING],
        "top20_common": [Question((word,)) for word in COMMON],
        "top20_two_words_filters": [
            Question(pair, platforms=PLATFORMS[1:4], polarities=("negative",), since=week)
            for pair in pairs
        ],
        "histogram_hours": [Question((word,), Ask.HISTOGRAM) for word in COMMON],
        "facets": [Question((word,), Ask.FACETS) for word in COMMON],
    }
