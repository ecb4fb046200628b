"""The one or two sentences of a text that say most about it, taken word for word.

A sentence scores by its place (news and petitions say the matter first), by the keywords it holds, by figures in it, and
by saying what is wanted; lines that belong to the page and not to the text are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp.annotations import TextInput
from nlp.sentences import is_page_line, joined, sentences, shortened, without_dateline

MOST_SENTENCES = 2
LONGEST = 120
LEAST_ROOM = 30
_MOST_SCORED = 24
_PLACE_DECAY = 0.6
_KEYWORDS_WEIGHT, _FIGURE_WEIGHT, _APPEAL_WEIGHT = 0.3, 0.2, 0.1
_SHORT = 10
_FIGURE = re.compile(
    r"\d|[一二两三四五六七八九十百千万几][余多来]?(?:个月|名|人|万|千|百|元|块|天|年|起|家)"
)
_APPEAL = re.compile(r"希望|恳请|恳求|求助|呼吁|诉求|还我")


def extract(text: str, keywords: Sequence[str] = ()) -> str:
    """Choose at most two sentences of together at most 120 characters, in the order of the text.

    A sentence that is longer alone is cut at a pause. The result is empty only for a text without letters.
    """
    found = sentences(text)
    if not found:
        return ""
    if len(found) <= MOST_SENTENCES and len(text) <= LONGEST:
        return joined(found)
    found[0] = without_dateline(found[0])
    if len(found) > _MOST_SCORED:
        # Petitions end with what they ask for.
        found = [*found[: _MOST_SCORED - 4], *found[-4:]]
    scores = [_score(sentence, place, keywords) for place, sentence in enumerate(found)]
    ranked = sorted(range(len(found)), key=scores.__getitem__, reverse=True)
    return joined(_fitted(found, ranked))


def summary(item: TextInput, keywords: Sequence[str] = ()) -> str:
    """Summarise a text, or one that is empty by its title."""
    return extract(item.text, keywords) or item.title.strip()[:LONGEST]


def _score(sentence: str, place: int, keywords: Sequence[str]) -> float:
    score: float = _PLACE_DECAY**place
    if keywords:
        held = sum(keyword in sentence for keyword in keywords)
        score += _KEYWORDS_WEIGHT * held / len(keywords)
    if _FIGURE.search(sentence):
        score += _FIGURE_WEIGHT
    if _APPEAL.search(sentence):
        score += _APPEAL_WEIGHT
    if place and (len(sentence) < _SHORT or is_page_line(sentence)):
        score -= 1.0
    return score


def _fitted(found: Sequence[str], ranked: Sequence[int]) -> list[str]:
    chosen: dict[int, str] = {}
    room = LONGEST
    for place in ranked:
        if len(found[place]) <= room:
            chosen[place] = found[place]
        elif room >= LEAST_ROOM:
            chosen[place] = shortened(found[place], room)
        else:
            continue
        # One character stays for the space that may part the two.
        room -= len(chosen[place]) + 1
        if len(chosen) == MOST_SENTENCES:
            break
    return [chosen[place] for place in sorted(chosen)]
