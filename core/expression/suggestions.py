"""What somebody may have meant, found at a bounded cost however much there is to choose from."""

from collections.abc import Iterable
from difflib import get_close_matches
from heapq import nlargest
from itertools import islice

_LONGEST = 40
_MOST_CHOICES = 10_000
_COMPARED = 20


def closest(wanted: str, choices: Iterable[str], *, cutoff: float = 0.4) -> str | None:
    """Give the most similar choice, if one is similar at all; compares only those that share most characters."""
    letters = set(wanted[:_LONGEST])
    sharing = nlargest(
        _COMPARED,
        islice(choices, _MOST_CHOICES),
        key=lambda choice: len(letters.intersection(choice[:_LONGEST])),
    )
    close = get_close_matches(wanted[:_LONGEST], sharing, n=1, cutoff=cutoff)
    return close[0] if close else None


def shown(value: str) -> str:
    """Shorten what somebody wrote, for a message."""
    return value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
