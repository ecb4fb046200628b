"""How alike two texts are."""

from __future__ import annotations

import re

from media_matrix.lint import plain_text

NEARLY_IDENTICAL = 0.85
_NOISE = re.compile(r"https?://\S+|[\W_]+")


def normalised(text: str) -> str:
    """Letters and characters alone, so that layout, links and punctuation do not count."""
    return _NOISE.sub("", plain_text(text)).casefold()


def likeness(left: str, right: str) -> float:
    """Jaccard similarity of the character bigrams of two texts, 0 to 1."""
    ours, theirs = _bigrams(normalised(left)), _bigrams(normalised(right))
    if not ours or not theirs:
        return float(ours == theirs)
    return len(ours & theirs) / len(ours | theirs)


def _bigrams(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)} or ({text} if text else set())
