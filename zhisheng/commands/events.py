"""``zhisheng events cluster``: texts in, stories and events out, line by line and with no database."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO

import click

from nlp.annotations import Annotations, TextInput
from nlp.events.clauses import ClauseCounts, clauses_of
from nlp.events.clustering import EventClusters
from nlp.events.description import describe, labels_of
from nlp.pipeline import Pipeline, default_pipeline
from nlp.stories.kinship import Relation
from nlp.stories.lookup import StoryLookup
from nlp.stories.sketch import Sketch, sketches
from zhisheng.cli import PARTLY
from zhisheng.commands.analyse import read_line
from zhisheng.json_lines import numbered_lines

AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A text with its number in the input and what it is compared by."""

    number: int
    id: str
    published_at: dt.datetime | None
    sketch: Sketch | None
    text: TextInput
    found: Annotations


@dataclass(frozen=True, slots=True)
class _Placed:
    number: int
    id: str
    event: int
    story: int
    relation: Relation

    def line(self) -> str:
        answer = {
            "id": self.id,
            "event": str(self.event),
            "story": str(self.story),
            "relation": self.relation.value,
        }
        return json.dumps(answer, ensure_ascii=False)


@click.group(help="事件：把说同一件事的文本归到一起。")
def events() -> None:
    pass


@events.command(
    help="聚类：每行读入一个 JSON 对象 {id, title?, text, published_at?}，按发布时间依次归入稿件与事件，"
    "按原顺序每行输出 {id, event, story, relation}。所有文本都参与，不论是否涉工。"
)
@click.option(
    "--input", "source", type=click.File("rb"), default="-", help="JSONL 文件，- 为标准输入。"
)
@click.option(
    "--output", "target", type=click.File("wb"), default="-", help="JSONL 文件，- 为标准输出。"
)
@click.option(
    "--look-back",
    "days",
    type=click.IntRange(0, 36_500),
    default=0,
    show_default=True,
    help="只与前后多少天以内的稿件和事件比较；0 为不限。运行中的系统用 14 天（稿件）和 30 天（事件）。",
)
def cluster(source: IO[bytes], target: IO[bytes], days: int) -> None:
    refused: list[str] = []
    prepared = list(_prepared(source, default_pipeline(), refused))
    for placed in sorted(_placed(prepared, days or None), key=lambda one: one.number):
        target.write(placed.line().encode("utf-8", "replace") + b"\n")
    target.flush()
    for line in refused:
        click.echo(line, err=True)
    if refused:
        sys.exit(PARTLY)


def _prepared(source: IO[bytes], pipeline: Pipeline, refused: list[str]) -> Iterator[_Prepared]:
    numbered = numbered_lines(source)
    while chunk := list(islice(numbered, AT_ONCE)):
        yield from _described(_read(chunk, refused), pipeline)


def _read(
    chunk: Iterable[tuple[int, bytes]], refused: list[str]
) -> list[tuple[int, str, TextInput]]:
    read = []
    for number, line in chunk:
        if not line.strip():
            continue
        try:
            id_, text = read_line(line)
        except ValueError as error:
            refused.append(json.dumps({"line": number, "error": str(error)}, ensure_ascii=False))
            continue
        read.append((number, id_, text))
    return read


def _described(
    rows: Sequence[tuple[int, str, TextInput]], pipeline: Pipeline
) -> Iterator[_Prepared]:
    texts = [text for _, _, text in rows]
    drawn = sketches([(text.title, text.text) for text in texts])
    for (number, id_, text), sketch, found in zip(
        rows, drawn, pipeline.analyse(texts), strict=True
    ):
        yield _Prepared(number, id_, text.published_at, sketch, text, found)


def _placed(prepared: Sequence[_Prepared], days: int | None) -> Iterator[_Placed]:
    """Place texts in the order of their publication; those without a time come as they stand."""
    look_back = None if days is None else dt.timedelta(days=days)
    stories, clusters = StoryLookup(look_back=look_back), EventClusters(look_back=look_back)
    counts = ClauseCounts({})
    event_of: dict[int, int] = {}
    undated = dt.datetime.min.replace(tzinfo=dt.UTC)
    for one in sorted(prepared, key=lambda one: (one.published_at or undated, one.number)):
        place = stories.add(one.number, one.sketch, one.published_at)
        event = event_of.get(place.story)
        if event is None:
            clauses = clauses_of(one.text, one.found)
            [description] = describe([one.text], [labels_of(one.found)], [counts.usual(clauses)])
            counts.add(clauses)
            event = event_of[place.story] = clusters.add(description)
        else:
            clusters.add_copy(event, one.published_at)
        yield _Placed(one.number, one.id, event, place.story, place.relation)
