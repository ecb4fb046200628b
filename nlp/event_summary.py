"""What an event is about, in sentences of its documents, each with the document it stands in.

Sentences are ranked by LexRank (Erkan and Radev, JAIR 22, 2004) over character bigrams, with restarts that favour the
beginnings of texts and stories that were reprinted often. They are chosen one by one: rank, place and a fact not told
yet speak for a sentence, likeness to a chosen one against it (maximal marginal relevance, Carbonell and Goldstein 1998).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from nlp.sentences import is_page_line, sentences, shortened, without_dateline

MOST_SENTENCES = 5
LONGEST = 400
LONGEST_HEADLINE = 80
LONGEST_SENTENCE = 120
SHORTEST_SENTENCE = 8
MOST_DOCUMENTS = 60
MOST_PER_DOCUMENT = 8
DAMPING = 0.85
ROUNDS = 40
LEAST_LIKENESS = 0.05
DIMENSIONS = 4096
RANK_WEIGHT, PLACE_WEIGHT, FACT_WEIGHT, LIKENESS_WEIGHT = 0.3, 0.6, 0.05, 0.3
QUESTION_COST, LEANING_COST, LENGTH_COST = 0.3, 0.5, 0.2
TOO_ALIKE = 0.6
LEAST_GAIN = 0.1

_FACTS = {
    "headcount": re.compile(r"[\d一二两三四五六七八九十百千万几][余多来]?(?:名|位|个)?(?:工人|职工|员工|骑手|司机|教师|人)"),
    "amount": re.compile(r"[\d一二两三四五六七八九十百千万几][余多]?(?:万|亿|千|百)?余?元"),
    "duration": re.compile(r"[\d一二两三四五六七八九十半几][余多]?(?:个月|年|天|周)"),
    "casualties": re.compile(r"(?:死亡|身亡|遇难|受伤|重伤|失联|被困)"),
    "answer": re.compile(r"通报|回应|立案|介入|约谈|责令|调查|核实|已支付|结清|达成|承诺"),
    "appeal": re.compile(r"希望|恳请|要求|诉求|求助|讨薪|呼吁"),
}  # fmt: skip
_LEANING = re.compile(
    r"^(?:他们?|她们?|它|这|那|该|其|此|对此|目前|此外|另外|但|而|因此|所以|然后|同时|随后|后来|接着|据悉|据了解|也|还|并|不过|我)"
)
_ASKING = re.compile(r"[？?][”’」』）)]*$")

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SourceText:
    """A document of an event, with the masked title and text; ``copies`` counts its story's documents."""

    document_id: int
    published_at: dt.datetime
    title: str
    text: str
    copies: int = 1


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """``text`` stands word for word in the title or the text of the document."""

    document_id: int
    text: str

    def to_json(self) -> dict[str, object]:
        return {"document_id": str(self.document_id), "text": self.text}


@dataclass(frozen=True, slots=True)
class EventSummary:
    """``headline`` is one sentence for the top of the page, None where no document says anything."""

    headline: CitedSentence | None
    sentences: tuple[CitedSentence, ...]

    def to_json(self) -> dict[str, object]:
        return {
            "headline": None if self.headline is None else self.headline.to_json(),
            "sentences": [sentence.to_json() for sentence in self.sentences],
        }


@dataclass(frozen=True, slots=True)
class _Candidate:
    document_id: int
    published_at: dt.datetime
    place: int
    text: str
    copies: int
    facts: frozenset[str] = field(default_factory=frozenset)


def summarise_event(
    sources: Sequence[SourceText],
    *,
    most_sentences: int = MOST_SENTENCES,
    longest: int = LONGEST,
) -> EventSummary:
    """Choose sentences in the order of their publication; neither order nor number of the sources matters else.

    Of more than 60 documents the most copied and then the earliest are read.
    """
    candidates = _candidates(sources)
    if not candidates:
        return EventSummary(None, ())
    likeness = _likeness(candidates)
    scores = RANK_WEIGHT * _ranks(candidates, likeness) + PLACE_WEIGHT * _places(candidates)
    scores -= QUESTION_COST * np.array([bool(_ASKING.search(one.text)) for one in candidates])
    chosen = _chosen(candidates, scores, likeness, most_sentences, longest)
    return EventSummary(
        headline=_headline(candidates, scores),
        sentences=tuple(_cited(candidates[number]) for number in sorted(chosen)),
    )


def _candidates(sources: Sequence[SourceText]) -> list[_Candidate]:
    """List what may be quoted, by publication; a sentence that comes again stays with its first document."""
    kept = sorted(sources, key=lambda one: (-one.copies, one.published_at, one.document_id))
    found: dict[str, _Candidate] = {}
    for source in sorted(
        kept[:MOST_DOCUMENTS], key=lambda one: (one.published_at, one.document_id)
    ):
        for place, text in enumerate(_quotable(source)):
            candidate = _Candidate(
                source.document_id, source.published_at, place, text, source.copies, _facts(text)
            )
            found.setdefault(text, candidate)
    return list(found.values())


def _quotable(source: SourceText) -> list[str]:
    told = sentences(source.text)
    if told:
        told[0] = without_dateline(told[0])
    lines = [*sentences(source.title), *told]
    usable = [line for line in lines if len(line) >= SHORTEST_SENTENCE and not is_page_line(line)]
    return [shortened(line, LONGEST_SENTENCE) for line in usable[:MOST_PER_DOCUMENT]]


def _facts(text: str) -> frozenset[str]:
    return frozenset(name for name, pattern in _FACTS.items() if pattern.search(text))


def _likeness(candidates: Sequence[_Candidate]) -> Matrix:
    """Give the cosines of the sentences' bigrams, weighted by how few sentences hold them."""
    rows = np.zeros((len(candidates), DIMENSIONS))
    for number, candidate in enumerate(candidates):
        for bigram, count in _bigrams(candidate.text).items():
            rows[number, crc32(bigram.encode("utf-8", "replace")) % DIMENSIONS] += count
    frequency = np.count_nonzero(rows, axis=0)
    rows *= np.log(1 + len(candidates) / np.maximum(frequency, 1))
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    product: Matrix = rows @ rows.T
    return product


def _bigrams(text: str) -> Counter[str]:
    signs = [sign for sign in text if sign.isalnum()]
    return Counter(map("".join, pairwise(signs)))


def _ranks(candidates: Sequence[_Candidate], likeness: Matrix) -> Matrix:
    linked = np.where(likeness >= LEAST_LIKENESS, likeness, 0.0)
    np.fill_diagonal(linked, 0.0)
    totals = linked.sum(axis=1, keepdims=True)
    steps = np.divide(linked, totals, out=np.full_like(linked, 1 / len(linked)), where=totals > 0)
    restart = np.array([math.log1p(one.copies) / (1 + one.place) for one in candidates])
    restart /= restart.sum()
    rank = restart.copy()
    for _ in range(ROUNDS):
        rank = (1 - DAMPING) * restart + DAMPING * (rank @ steps)
    scaled: Matrix = rank / rank.max()
    return scaled


def _places(candidates: Sequence[_Candidate]) -> Matrix:
    return np.array([0.6**one.place for one in candidates])


def _chosen(
    candidates: Sequence[_Candidate],
    scores: Matrix,
    likeness: Matrix,
    most_sentences: int,
    longest: int,
) -> list[int]:
    chosen: list[int] = []
    told: set[str] = set()
    room = longest
    nearest = np.zeros(len(candidates))
    while len(chosen) < most_sentences:
        new_facts = np.array([len(one.facts - told) for one in candidates])
        gains = scores + FACT_WEIGHT * new_facts - LIKENESS_WEIGHT * nearest
        fits = np.array([len(one.text) <= room for one in candidates])
        usable = fits & (nearest < TOO_ALIKE)
        usable[chosen] = False
        # Rounded, so that the order of a sum cannot decide between equals.
        gains = np.where(usable, np.round(gains, 9), -np.inf)
        best = int(np.argmax(gains))
        if not usable[best] or (chosen and gains[best] < LEAST_GAIN):
            break
        chosen.append(best)
        told |= candidates[best].facts
        room -= len(candidates[best].text)
        nearest = np.maximum(nearest, likeness[best])
    return chosen


def _headline(candidates: Sequence[_Candidate], scores: Matrix) -> CitedSentence:
    """Choose a sentence that stands alone: it leans on no other, asks nothing, and is short."""
    values = [
        float(score)
        + FACT_WEIGHT * len(one.facts) / 2
        - (LEANING_COST if _LEANING.search(one.text) else 0.0)
        - (LENGTH_COST if len(one.text) > LONGEST_HEADLINE else 0.0)
        for one, score in zip(candidates, scores, strict=True)
    ]
    best = max(range(len(candidates)), key=lambda number: (round(values[number], 9), -number))
    one = candidates[best]
    return CitedSentence(one.document_id, shortened(one.text, LONGEST_HEADLINE))


def _cited(candidate: _Candidate) -> CitedSentence:
    return CitedSentence(candidate.document_id, candidate.text)
