"""Abuse planted into talk of labour, and decent sentences likewise, for learning and for tests.

Without the decent ones, the words of labour would come to mean abuse; without the abusive ones, they would
come to hide it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import yaml

from nlp.training.labels import LABELS

SENTENCES_FILE = "insult_sentences.yaml"
BEFORE = 0.7
_SENTENCE = re.compile(r"[^。！？!?]*[。！？!?]*")
_JOINTS = ("，", "。", " ", "")
_GROUP_SHARE = 0.6

Random = np.random.Generator


def planted(
    labour: Sequence[str], sentences: Sequence[str], count: int, random: Random
) -> list[str]:
    """Put one or two sentences of a labour text before, or behind, one of the sentences."""
    made: list[str] = []
    for _ in range(count):
        phrase = _phrase(labour[int(random.integers(len(labour)))], random)
        sentence = sentences[int(random.integers(len(sentences)))]
        joint = _JOINTS[int(random.integers(len(_JOINTS)))]
        parts = (phrase, sentence) if random.random() < BEFORE else (sentence, phrase)
        made.append(joint.join(parts))
    return made


def own_sentences(kind: str, count: int, random: Random) -> list[str]:
    """Fill our own sentences, of ``abuse`` or of ``anger``, with persons or groups."""
    data = yaml.safe_load((LABELS / SENTENCES_FILE).read_text(encoding="utf-8"))
    made: list[str] = []
    for _ in range(count):
        is_group = kind == "abuse" and random.random() < _GROUP_SHARE
        who = data["groups" if is_group else "persons"]
        sentence = data[kind][int(random.integers(len(data[kind])))]
        made.append(sentence.replace("{who}", who[int(random.integers(len(who)))]))
    return made


def titles_in_a_row(titles: Sequence[str], count: int, random: Random) -> list[str]:
    """Join titles to texts as long as posts are."""
    return [
        "，".join(titles[place] for place in random.integers(0, len(titles), int(size))) + "。"
        for size in random.integers(2, 7, count)
    ]


def _phrase(text: str, random: Random) -> str:
    sentences = [part for part in _SENTENCE.findall(text) if part]
    return "".join(sentences[: int(random.integers(1, 3))])
