"""Posts as long as ordinary ones, put together from what the demo world and its history say."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass

from zhisheng.demo.history import HistoryWriter, load_material
from zhisheng.demo.posts import load_posts

SEED = 20_261_121
LENGTH = 120
SPREAD = 40
UNTIL = dt.datetime(2026, 11, 21, 2, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Post:
    title: str
    text: str

    def __len__(self) -> int:
        return len(self.title) + len(self.text)


def material() -> tuple[list[str], list[str]]:
    """Give the titles and the texts that posts are put together from."""
    known = [(post.title, post.text) for post in load_posts()]
    known += [(p.title, p.text) for p in HistoryWriter(load_material()).posts(UNTIL)]
    return [title for title, _ in known if title], [text for _, text in known if text]


def posts(*, seed: int = SEED) -> Iterator[Post]:
    """Yield posts without end, about ``LENGTH`` characters each, the same for the same seed."""
    titles, texts = material()
    chance = random.Random(seed)  # noqa: S311 (invented posts, no secret)
    while True:
        title = chance.choice(titles)
        wanted = LENGTH + chance.randint(-SPREAD, SPREAD) - len(title)
        text = chance.choice(texts)
        while len(text) < wanted:
            text += chance.choice(texts)
        yield Post(title, text[: max(1, wanted)])
