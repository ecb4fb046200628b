"""Word lists of our own and the rarity of words in general talk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import rjieba
from numpy.typing import NDArray

from core.errors import ConfigurationError

RARITY_FILE = "rarity.npz"


@dataclass(frozen=True, slots=True)
class Lexicons:
    """``rarity`` holds for each feature bucket how rare its words are, as inverse document frequency."""

    stop_words: frozenset[str]
    labour_terms: tuple[str, ...]
    rarity: NDArray[np.float32]


def load_lexicons(weights: Path) -> Lexicons:
    """Read the lists; raises ConfigurationError where the rarity table is missing."""
    try:
        with np.load(weights / RARITY_FILE, allow_pickle=False) as stored:
            rarity = stored["rarity"].astype(np.float32) * stored["scale"]
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"模型文件「{RARITY_FILE}」读不了：{error}") from error
    return Lexicons(frozenset(_words("stop_words.txt")), labour_terms(), rarity)


@cache
def load_segmentation() -> rjieba.Jieba:
    """Make the segmentation with jieba's dictionary and our own terms; only read afterwards, by all threads."""
    segmentation = rjieba.Jieba()
    for word in _words("user_words.txt"):
        segmentation.add_word(word, None, None)
    return segmentation


def labour_terms() -> tuple[str, ...]:
    return _words("labour_terms.txt")


def _words(name: str) -> tuple[str, ...]:
    text = resources.files("nlp").joinpath(f"data/{name}").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return tuple(word for line in lines for word in line.split())
