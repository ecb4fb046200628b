"""Summaries against those of people: ``python -m tests.quality.summaries``.

The measure is ROUGE-L over characters (Lin 2004): precision, recall and F1 of the longest common subsequence with the
one-sentence summary of each of 500 reports (LawBench 2-7). They are read for this evaluation only.
"""

from __future__ import annotations

import csv
import datetime as dt
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlp.annotations import TextInput
from nlp.event_summary import SourceText, summarise_event
from nlp.pipeline import default_pipeline
from nlp.sentences import joined, sentences, shortened
from nlp.summary import LEAST_ROOM, LONGEST, extract
from tests.quality.gate import data_folder

FILE = Path("lawbench", "opinion_news_summary_2-7.csv")
LEAD_1, LEAD_2 = "first sentence, 120 characters", "first two sentences, 120 characters"
OURS = "our sentences, 120 characters"
PIPELINE = "the same, names masked"
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class RougeL:
    precision: float
    recall: float
    f1: float
    characters: float


def rouge_l(found: str, reference: str) -> tuple[float, float, float]:
    found, reference = ("".join(text.split()) for text in (found, reference))
    common = longest_common(found, reference)
    if not common:
        return 0.0, 0.0, 0.0
    precision, recall = common / len(found), common / len(reference)
    return precision, recall, 2 * precision * recall / (precision + recall)


def longest_common(one: str, other: str) -> int:
    """Give the length of the longest common subsequence by bits (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for place, sign in enumerate(one):
        places[sign] = places.get(sign, 0) | 1 << place
    every = row = (1 << len(one)) - 1
    for sign in other:
        matched = row & places.get(sign, 0)
        row = (row + matched | row - matched) & every
    return len(one) - row.bit_count()


def reports(data: Path) -> list[tuple[str, str]]:
    with (data / FILE).open(encoding="utf-8", newline="") as file:
        return [(row["news"], row["summary"]) for row in csv.DictReader(file)]


def measure(data: Path) -> dict[str, RougeL]:
    texts = reports(data)
    news = [text for text, _ in texts]
    found = default_pipeline().analyse([TextInput("", text) for text in news])
    told = {
        OURS: [extract(text, one.keywords) for text, one in zip(news, found, strict=True)],
        PIPELINE: [one.summary for one in found],
        "two sentences for an event": [_event(text) for text in news],
        LEAD_1: [_lead(text, 1) for text in news],
        LEAD_2: [_lead(text, 2) for text in news],
        "first sentence, whole": ["".join(sentences(text)[:1]) for text in news],
        "first two sentences, whole": ["".join(sentences(text)[:2]) for text in news],
    }
    references = [summary for _, summary in texts]
    return {name: _mean(list(summaries), references, rouge_l) for name, summaries in told.items()}


def _lead(text: str, count: int) -> str:
    """Take the first sentences, cut in the same way as ours."""
    chosen: list[str] = []
    for sentence in sentences(text)[:count]:
        room = LONGEST - sum(map(len, chosen))
        if room >= LEAST_ROOM:
            chosen.append(shortened(sentence, room))
    return joined(chosen)


def _event(text: str) -> str:
    source = SourceText(1, NOW, "", text)
    return "".join(one.text for one in summarise_event([source], most_sentences=2).sentences)


def _mean(
    found: Sequence[str],
    references: Sequence[str],
    score: Callable[[str, str], tuple[float, float, float]],
) -> RougeL:
    rows = [score(*pair) for pair in zip(found, references, strict=True)]
    precision, recall, f1 = (sum(column) / len(rows) for column in zip(*rows, strict=True))
    return RougeL(precision, recall, f1, sum(map(len, found)) / len(found))


def main() -> None:
    data = data_folder()
    if data is None:
        sys.exit("ZHISHENG_DATA is not set: there are no summaries to compare with")
    sys.stdout.write(f"{'':38} {'P':>6} {'R':>6} {'F1':>6} {'length':>6}\n")
    for name, one in measure(data).items():
        sys.stdout.write(
            f"{name:38} {one.precision:6.3f} {one.recall:6.3f} {one.f1:6.3f} {one.characters:6.0f}\n"
        )


if __name__ == "__main__":
    main()
