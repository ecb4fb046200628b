"""Real texts in the form in which `zhisheng ingest` takes them; they stay outside the repository."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.clock import to_rfc3339

PETITIONS = Path("teddy2020_petitions", "att3_messages.csv")
TITLES = Path("weibo_hot_search", "all_titles.csv.gz")
PETITION_SOURCE = "网上信访留言"
TITLE_SOURCE = "热搜标题"
PERIOD = dt.timedelta(days=30)
SEED = 20_261_121


@dataclass(frozen=True, slots=True)
class RealText:
    """``id`` is the number in its data set."""

    id: str
    source: str
    title: str
    text: str
    author: str | None = None


def petitions(data: Path, count: int | None = None) -> list[RealText]:
    """Read complaints to a city's government, of all subjects, in the order of their numbers."""
    with (data / PETITIONS).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = [
        RealText(
            row["id"], PETITION_SOURCE, row["title"].strip(), row["content"].strip(), row["user"]
        )
        for row in rows
    ]
    return found if count is None else _sample(found, count)


def titles(data: Path, count: int) -> list[RealText]:
    """Choose titles of hot searches, the same for the same count."""
    with gzip.open(data / TITLES, "rt", encoding="utf-8", newline="") as file:
        rows = [row["title"].strip() for row in csv.DictReader(file)]
    found = [RealText(str(n), TITLE_SOURCE, title, "") for n, title in enumerate(rows) if title]
    return _sample(found, count)


def _sample(texts: Sequence[RealText], count: int) -> list[RealText]:
    return random.Random(SEED).sample(texts, min(count, len(texts)))  # noqa: S311 (a sample)


def write_lines(texts: Iterable[RealText], file: Path, *, until: dt.datetime) -> int:
    """Write them as JSONL, dated evenly over the period before ``until``; gives their number."""
    listed = list(texts)
    with file.open("w", encoding="utf-8") as lines:
        for line in _dated(listed, until):
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")
    return len(listed)


def _dated(texts: Sequence[RealText], until: dt.datetime) -> Iterator[dict[str, str | None]]:
    step = PERIOD / max(1, len(texts))
    for number, text in enumerate(texts, start=1):
        yield {
            "url": f"https://real.example.invalid/{text.source}/{text.id}",
            "title": text.title,
            "text": text.text,
            "published_at": to_rfc3339(until - PERIOD + number * step),
            "source": text.source,
            "author": text.author,
        }
