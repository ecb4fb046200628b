"""Which groups of suggestive terms a text uses; the models learn how far to trust each group."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

import daachorse
import numpy as np
import yaml
from numpy.typing import NDArray

from core.errors import ConfigurationError
from core.matching_text import matching_text

HINT_SIZE = 0.1
"""The value of a present hint beside features whose row has length one."""

_FILE = "topic_terms.yaml"


class HintTerms:
    """Two columns for each group: one of its terms, and at least two different ones, are in the text."""

    def __init__(self, groups: dict[str, tuple[str, ...]]) -> None:
        self._names = tuple(groups)
        owners: dict[str, list[int]] = {}
        for place, terms in enumerate(groups.values()):
            for term in dict.fromkeys(map(matching_text, terms)):
                owners.setdefault(term, []).append(place)
        self._owners = [tuple(places) for places in owners.values()]
        self._terms = tuple(owners)
        self._automaton = daachorse.CharwiseDoubleArrayAhoCorasick(list(owners))

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(f"{name}:{least}" for name in self._names for least in (1, 2))

    def found(self, text: str) -> dict[str, tuple[str, ...]]:
        """Give the terms of each group that are in a folded text, for the groups that have one there."""
        terms: dict[str, dict[str, None]] = {}
        for _, _, index in self._automaton.find_overlapping(text):
            for group in self._owners[index]:
                terms.setdefault(self._names[group], {})[self._terms[index]] = None
        return {name: tuple(words) for name, words in terms.items()}

    def rows(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give a row of ``HINT_SIZE`` and zeros for each folded text."""
        counts = np.zeros((len(texts), len(self._names)), np.int32)
        for place, text in enumerate(texts):
            found = {index for _, _, index in self._automaton.find_overlapping(text)}
            for index in found:
                for group in self._owners[index]:
                    counts[place, group] += 1
        rows = np.zeros((len(texts), 2 * len(self._names)), np.float32)
        rows[:, ::2] = HINT_SIZE * (counts > 0)
        rows[:, 1::2] = HINT_SIZE * (counts > 1)
        return rows


def load_hint_terms() -> HintTerms:
    """Read the shipped groups; raises ConfigurationError where one is not a list of terms."""
    text = resources.files("nlp").joinpath(f"data/{_FILE}").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    if not isinstance(data, dict) or not all(isinstance(item, str) for item in data.values()):
        raise ConfigurationError(f"数据文件 {_FILE} 应为「组名: 词 词 词」。")
    return HintTerms({str(name): tuple(terms.split()) for name, terms in data.items()})
