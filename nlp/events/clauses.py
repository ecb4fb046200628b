"""Clauses that many texts have in common whatever they speak of: 「下了班才有空来发帖」, 「请领导早日答复」.

Such words are rare elsewhere, so they would draw texts together that have nothing else in common. A clause without any
name, place or number that several stories held lately says nothing about the matter of the next.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from core.matching_text import matching_text
from nlp.annotations import Annotations, TextInput

USUAL_FROM = 3
"""A clause is usual when so many stories held it."""

SHORTEST = 5
MOST_CLAUSES = 40

_CLAUSE = re.compile(r"[^，。！？；：、,.!?;:\n\s“”「」『』（）()【】\[\]]+")
# Digits, hashtags and what is called by its kind make a clause speak of something.
_SPECIFIC = re.compile(r"[#＃《》@]|[省市县区镇乡村]|公司|集团|工厂|医院|学校|小区|街道")
_DIGITS = re.compile(r"[\d一二三四五六七八九十百千万两几]+")


@dataclass(frozen=True, slots=True)
class Clauses:
    """The clauses of one text that could be usual, as signed 32-bit hashes."""

    hashes: tuple[int, ...]


def clauses_of(text: TextInput, found: Annotations) -> Clauses:
    """Hash the clauses that name nothing the analysis knows.

    Numbers are left out, so that a form filled in with others stays the same clause.
    """
    named = [matching_text(entity.text) for entity in found.entities]
    hashes = {hash_: None for part in (text.title, text.text) for *_, hash_ in _spans(part, named)}
    return Clauses(tuple(hashes)[:MOST_CLAUSES])


def muted(text: TextInput, usual: Collection[int]) -> tuple[str, str]:
    """Give title and text with a line break in the place of usual clauses."""
    return _muted(text.title, usual), _muted(text.text, usual)


def _muted(text: str, usual: Collection[int]) -> str:
    parts, end = [], 0
    for start, stop, hash_ in _spans(text, ()):
        if hash_ in usual:
            parts += [text[end:start], "\n"]
            end = stop
    return "".join((*parts, text[end:]))


def _spans(text: str, names: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    folded = matching_text(text)
    for match in _CLAUSE.finditer(folded):
        clause = match.group()
        if len(clause) < SHORTEST or _SPECIFIC.search(clause):
            continue
        if any(name in clause for name in names):
            continue
        core = _DIGITS.sub("", clause)
        yield match.start(), match.end(), zlib.crc32(core.encode()) - (1 << 31)


@dataclass(slots=True)
class ClauseCounts:
    """How many stories held each clause; the database keeps the same in a table."""

    counts: dict[int, int]

    def usual(self, clauses: Clauses) -> frozenset[int]:
        return frozenset(
            hash_ for hash_ in clauses.hashes if self.counts.get(hash_, 0) >= USUAL_FROM
        )

    def add(self, clauses: Clauses) -> None:
        for hash_ in clauses.hashes:
            self.counts[hash_] = self.counts.get(hash_, 0) + 1
