"""How well real pages are read, and the floors under it.

``python -m tests.quality.extraction --update [--allow-lower]`` measures on the pages in ``ZHISHENG_DATA`` and raises
the floors in ``extraction_floors.json``; like the models' it refuses to lower one unless told so.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from core.clock import SHANGHAI
from crawlers.extraction.article import Article, extract
from crawlers.extraction.page import read_page
from tests.quality.gate import Floors, data_folder, raised, read_floors

FLOORS = Path(__file__).parent / "extraction_floors.json"
BODIES = Path(__file__).parents[1] / "crawlers" / "labels" / "body_blocks.jsonl"
LABELS = Path(__file__).parents[1] / "crawlers" / "labels" / "page_facts.jsonl"
SETS = ("html_magichtml", "html_cwced", "html_gne")
NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
"""Relative times of kept pages mean nothing any more; a fixed present keeps the figures repeatable."""


@dataclass(frozen=True, slots=True)
class Label:
    title: str
    author: str | None
    day: str | None


@dataclass(frozen=True, slots=True)
class Block:
    """Where the text of a page stands: the first element of a selector, without what others choose in it."""

    selector: str
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GoldPage:
    """``text`` is None where the set has no gold text and we have not labelled the page."""

    body: bytes
    url: str
    text: str | None
    label: Label | None


def gold_pages(data: Path, name: str) -> Iterator[GoldPage]:
    labels = _labels()
    blocks = _blocks()
    for line in (data / name / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        body = (data / name / row["file"]).read_bytes()
        label = labels.get(hashlib.sha256(body).hexdigest())
        text = row.get("body") or _labelled_text(body, blocks.get(hashlib.sha256(body).hexdigest()))
        yield GoldPage(body, row.get("url") or "", text, label)


def _labels() -> dict[str, Label]:
    rows = [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]
    return {
        row["sha256"]: Label(row["title"], row["author"], (row["published_at"] or "")[:10] or None)
        for row in rows
    }


def _blocks() -> dict[str, Block]:
    rows = [json.loads(line) for line in BODIES.read_text(encoding="utf-8").splitlines()]
    return {row["sha256"]: Block(row["block"], tuple(row["without"])) for row in rows}


def _labelled_text(body: bytes, block: Block | None) -> str | None:
    """Take the text that a label points to, with all that no rule of ours would drop."""
    if block is None:
        return None
    element = read_page(body, "").tree.cssselect(block.selector)[0]
    for selector in (*block.without, "script", "style", "noscript", "textarea"):
        for inner in element.cssselect(selector):
            inner.drop_tree()
    return str(element.text_content())


def labels_digest() -> str:
    return hashlib.sha256(LABELS.read_bytes() + BODIES.read_bytes()).hexdigest()[:16]


def measure(data: Path, name: str) -> dict[str, float]:
    """Give mean and least text F1, and the share of right titles, authors and days where there are any."""
    texts: list[float] = []
    right: dict[str, list[bool]] = {"title": [], "author": [], "day": []}
    for page in gold_pages(data, name):
        article = extract(page.body, page.url, now=NOW)
        if page.text:
            texts.append(text_f1(page.text, article.text))
        if page.label is not None:
            for figure, is_right in _judged(page.label, article):
                right[figure].append(is_right)
    figures = {figure: fmean(values) for figure, values in right.items() if values}
    return figures | ({"text_f1": fmean(texts), "least_text_f1": min(texts)} if texts else {})


def _judged(label: Label, article: Article) -> Iterator[tuple[str, bool]]:
    yield "title", article.title == label.title
    if label.author is not None:
        yield "author", set((article.author or "").split()) == set(label.author.split())
    if label.day is not None:
        local = article.published_at.astimezone(SHANGHAI) if article.published_at else None
        yield "day", local is not None and local.date().isoformat() == label.day


def text_f1(gold: str, found: str) -> float:
    """F1 over the multisets of character 4-grams, white space removed."""
    wanted, given = _grams(gold), _grams(found)
    common = sum((wanted & given).values())
    return 2 * common / (sum(wanted.values()) + sum(given.values())) if common else 0.0


def _grams(text: str) -> Counter[str]:
    plain = "".join(text.split())
    return Counter(plain[start : start + 4] for start in range(max(0, len(plain) - 3)))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--allow-lower", action="store_true")
    options = parser.parse_args(arguments)
    data = data_folder()
    if data is None:
        sys.stderr.write("ZHISHENG_DATA is not set: there are no pages to measure on\n")
        return 1
    floors = read_floors(FLOORS) if FLOORS.exists() else Floors("", {})
    values = dict(floors.values)
    for name in SETS:
        measured = measure(data, name)
        sys.stdout.write(f"{name}: {json.dumps({k: round(v, 4) for k, v in measured.items()})}\n")
        try:
            values[name] = raised(floors, name, measured, allow_lower=options.allow_lower)
        except ValueError as error:
            sys.stderr.write(f"refused for the set “{name}”: {error}\n")
            return 1
    if options.update:
        stored = {"labels": labels_digest(), "floors": values}
        FLOORS.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
