"""Cuts texts into sentences without changing a character of them."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r"[^。！？!?…\n\r]+(?:[。！？!?…]+[”’」』）)\]】》]*)?")
_END = re.compile(r"[。！？!?…][”’」』）)\]】》]*$")
_PAUSE = re.compile(r"[，,；;：:、\s]")
_SHORTEST_SHARE = 0.5


def sentences(text: str) -> list[str]:
    """List the sentences, without the white space around them; lines are sentences of their own."""
    return [found for found in map(str.strip, _SENTENCE.findall(text)) if found]


def shortened(sentence: str, length: int) -> str:
    """Keep the beginning up to the last pause before ``length``, or as much of it as fits."""
    if len(sentence) <= length:
        return sentence
    pauses = [match.start() for match in _PAUSE.finditer(sentence, 0, length + 1)]
    usable = [pause for pause in pauses if pause >= length * _SHORTEST_SHARE]
    return sentence[: usable[-1] if usable else length].rstrip()


def joined(chosen: list[str]) -> str:
    """Put sentences after one another, with a space after one that has no mark at its end."""
    parts = [part if _END.search(part) else f"{part} " for part in chosen]
    return "".join(parts).rstrip()
