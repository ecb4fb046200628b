"""The labelled texts: ours in full, those of open pools by the SHA-256 of a text kept outside."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigurationError
from nlp.annotations import Kind, Polarity

LABELS = Path(__file__).parent.parent / "labels"
POOLS = {
    "hot_titles": (
        "weibo_hot_search/all_titles.csv.gz",
        "weibo_hot_search/labour_titles_keyword.csv",
    ),
    "zhihu_questions": (
        "zhihu_hot_questions/all_questions.csv.gz",
        "zhihu_hot_questions/labour_questions_keyword.csv",
    ),
    "keyword_sample": (
        "weibo_hot_search/labour_titles_keyword.csv",
        "zhihu_hot_questions/labour_questions_keyword.csv",
    ),
    "overtime_comments": ("weibo_996_comments/comments_weak.csv",),
}
# A random draw from the titles that hold a word of labour: what a stream of such titles looks like.
KEYWORD_SAMPLE = "keyword_sample"
UNLABELLED_POOLS = ("hot_titles", "zhihu_questions")
# Without a licence that lets weights be shipped: judged, never learnt from.
OVERTIME_COMMENTS = "overtime_comments"
OWN_POSTS = "own_posts"


@dataclass(frozen=True, slots=True)
class LabelledText:
    """``origin`` is the label file without its ending."""

    text: str
    is_relevant: bool
    is_our_union: bool
    topics: tuple[str, ...]
    polarity: Polarity
    kind: Kind
    origin: str


def own_posts() -> list[LabelledText]:
    with (LABELS / f"{OWN_POSTS}.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [
        LabelledText(
            text=row["text"],
            is_relevant=bool(row["relevant"]),
            is_our_union=bool(row["our_union"]),
            topics=tuple(row["topics"]),
            polarity=Polarity(row["polarity"]),
            kind=Kind(row["kind"]),
            origin=OWN_POSTS,
        )
        for row in rows
    ]


def labelled_texts(data: Path | None) -> list[LabelledText]:
    """Read every label whose text is at hand: our own posts, and the pools if ``data`` names their folder.

    Raises ConfigurationError when a labelled text is missing from the folder.
    """
    texts: list[LabelledText] = []
    if data is not None:
        for origin in POOLS:
            wanted = _label_rows(origin)
            found = {digest(title): title for title in pool_titles(data, origin)}
            missing = [key for key in wanted if key not in found]
            if missing:
                raise ConfigurationError(
                    f"数据文件夹「{data}」缺少 {origin} 中 {len(missing)} 条已标注文本的原文。"
                )
            texts += [_labelled(found[key], row, origin) for key, row in wanted.items()]
    return texts + own_posts()


def pool_titles(data: Path, origin: str) -> Iterator[str]:
    """Read every title of a pool; raises ConfigurationError when a file is missing."""
    for name in POOLS[origin]:
        path = data / name
        if not path.is_file():
            raise ConfigurationError(f"数据文件夹里没有「{name}」。")
        with path.open("rb") as raw:
            unpacked = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
            for row in csv.DictReader(io.TextIOWrapper(unpacked, encoding="utf-8", newline="")):
                yield row.get("title") or row["text"]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def labels_digest() -> str:
    """Hash the label files, so that figures can say what they were measured on."""
    state = hashlib.sha256()
    for path in sorted(LABELS.iterdir()):
        state.update(path.name.encode() + b"\0" + path.read_bytes())
    return state.hexdigest()[:16]


def _label_rows(origin: str) -> dict[str, dict[str, str]]:
    with (LABELS / f"{origin}.csv").open(encoding="utf-8", newline="") as file:
        return {row["sha256"]: row for row in csv.DictReader(file)}


def _labelled(text: str, row: dict[str, str], origin: str) -> LabelledText:
    return LabelledText(
        text=text,
        is_relevant=row["relevant"] == "1",
        is_our_union=row["our_union"] == "1",
        topics=tuple(row["topics"].split()),
        polarity=Polarity(row["polarity"]),
        kind=Kind(row["kind"]),
        origin=origin,
    )
