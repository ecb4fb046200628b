"""The documents of the search benchmark, the same for every engine: about 120 characters, spread over 30 days.

They are put together from sentences of the demo world and from names of random characters, because a language has
far more pairs of characters than a few thousand sentences show. Two of five are relevant: only they have topics and
the common words, as in what a list of general sources brings. Values follow uneven distributions.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from core.search.base import SearchDocument
from tests.bench.texts import LENGTH, SEED, SPREAD, UNTIL, material

PERIOD = dt.timedelta(days=30)
PLATFORMS = ("新闻网站", "论坛", "微博", "微信公众号", "短视频", "热榜", "问答", "留言板")
LEVELS = ("national", "provincial", "city", "commercial", "public")
POLARITIES = ("negative", "neutral", "positive")
TOPICS = tuple(f"topic_{number}" for number in range(24))
PROVINCES = tuple(range(11, 42))
# Words that the texts do not hold by themselves, set in at a known rate.
RARE = tuple(
    f"{name}冶炼{unit}厂" for name in ("钴石", "镍溪", "钨坪", "锑岭", "铋湾") for unit in "一二"
)
MIDDLING = tuple(f"{name}物流园" for name in ("西桥", "东堰", "南畈", "北渚", "中坝"))
COMMON = ("工资", "工会", "公司", "加班", "合同", "社保")
_RARE_SHARE = 1 / 500
_MIDDLING_SHARE = 1 / 50
_RELEVANT_SHARE = 0.4
_SOURCES, _EMPLOYERS, _CITIES, _KEYWORDS = 400, 5_000, 12, 5
_STORY, _EVENT = 3, 60
"""Documents of a story and of an event."""
_DELAY = dt.timedelta(minutes=2)
_NAMES = 1 << 17
_POOL = 1 << 12
_SENTENCE = re.compile(r"[^。！？；]+[。！？；]?")


@dataclass(frozen=True, slots=True)
class _Pools:
    """What documents are drawn from."""

    titles: Sequence[str]
    sentences: Sequence[str]
    other_titles: Sequence[str]
    other_sentences: Sequence[str]
    names: Sequence[str]
    regions: Sequence[tuple[str, ...]]
    topics: Sequence[tuple[str, ...]]
    keywords: Sequence[tuple[str, ...]]


def existing(size: int, *, start: int = 0) -> Iterator[SearchDocument]:
    """Yield what is there when the clock starts, from the ``start``-th on, oldest first."""
    return _documents(range(start, size), first=1, since=UNTIL - PERIOD, step=PERIOD / size)


def arriving(revision: int) -> Iterator[SearchDocument]:
    """Yield without end what comes while questions are asked, newer than all that is there."""
    step = dt.timedelta(milliseconds=1)
    for document in _documents(range(1 << 30), first=1 << 30, since=UNTIL, step=step):
        yield replace(document, revision=revision)


def _documents(
    numbers: range, *, first: int, since: dt.datetime, step: dt.timedelta
) -> Iterator[SearchDocument]:
    chance = random.Random(SEED)  # noqa: S311 (invented posts, no secret)
    pools = _pools(chance)
    chance.seed(f"{first} {numbers.start}")
    draw = chance.random
    for number in numbers:
        document_id = first + number
        bits = chance.getrandbits(48)
        source_id = int(draw() ** 2 * _SOURCES)
        is_relevant = draw() < _RELEVANT_SHARE
        titles = pools.titles if is_relevant else pools.other_titles
        title = titles[bits % len(titles)]
        wanted = bits % (2 * SPREAD + 1) + LENGTH - SPREAD - len(title)
        published_at = since + number * step
        yield SearchDocument(
            id=document_id,
            revision=1,
            title=title,
            text=_text(pools, chance, wanted, is_relevant=is_relevant),
            published_at=published_at,
            ingested_at=published_at + _DELAY,
            platform=PLATFORMS[source_id % len(PLATFORMS)],
            source_id=source_id,
            source_name=f"信源{source_id}",
            level=LEVELS[source_id % len(LEVELS)],
            regions=pools.regions[bits >> 8 & _POOL - 1],
            topics=pools.topics[bits >> 20 & _POOL - 1] if is_relevant else (),
            polarity=POLARITIES[int(draw() ** 2 * len(POLARITIES))],
            relevant=is_relevant,
            our_union=bits % 50 == 0,
            employers=(f"单位{int(draw() ** 3 * _EMPLOYERS)}",) if is_relevant else (),
            keywords=pools.keywords[bits >> 32 & _POOL - 1],
            story_id=document_id // _STORY,
            event_id=document_id // _EVENT if is_relevant else None,
            reposts=int(draw() ** 8 * 10_000),
            comments=int(draw() ** 8 * 5_000),
            views=int(draw() ** 8 * 1_000_000),
            hotness=draw() * 100,
        )


def _text(pools: _Pools, chance: random.Random, wanted: int, *, is_relevant: bool) -> str:
    """Begin with names, go on with sentences, and end where the length is reached."""
    draw = chance.random
    sentences = pools.sentences if is_relevant else pools.other_sentences
    parts = [pools.names[chance.getrandbits(17)], "：", pools.names[chance.getrandbits(17)]]
    if draw() < _RARE_SHARE:
        parts.append(f"在{chance.choice(RARE)}说，")
    if draw() < _MIDDLING_SHARE:
        parts.append(f"就在{chance.choice(MIDDLING)}旁边。")
    room = wanted - sum(map(len, parts))
    while room > 0:
        sentence = sentences[int(draw() * len(sentences))]
        parts.append(sentence[:room])
        room -= len(sentence)
    return "".join(parts)


def _pools(chance: random.Random) -> _Pools:
    titles, texts = material()
    sentences = sorted({part for text in texts for part in _SENTENCE.findall(text)})
    titles = sorted(set(titles))
    characters = sorted({c for text in texts for c in text if "一" <= c <= "龥"})
    words = ["".join(chance.choices(characters, k=2 + n % 2)) for n in range(2_000)]
    cities = [
        (f"{province}0000", f"{province}{chance.randrange(1, _CITIES + 1):02}00")
        for province in chance.choices(PROVINCES, [1 / (n + 3) for n in range(31)], k=_POOL)
    ]
    weights = [1 / (n + 2) for n in range(len(words))]
    return _Pools(
        titles=titles,
        sentences=sentences,
        other_titles=[title for title in titles if not _is_common(title)],
        other_sentences=[sentence for sentence in sentences if not _is_common(sentence)],
        names=["".join(chance.choices(characters, k=3 + n % 6)) for n in range(_NAMES)],
        regions=cities,
        topics=[tuple(chance.sample(TOPICS, chance.choice((1, 1, 1, 2)))) for _ in range(_POOL)],
        keywords=[
            tuple(dict.fromkeys(chance.choices(words, weights, k=_KEYWORDS))) for _ in range(_POOL)
        ],
    )


def _is_common(text: str) -> bool:
    return any(word in text for word in COMMON)
