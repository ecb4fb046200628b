"""How much a run measures: all of it, or just enough to see that a benchmark works."""

from enum import StrEnum


class Size(StrEnum):
    FULL = "full"
    SMALL = "small"

    def of(self, full: int, small: int) -> int:
        """Choose a count."""
        return full if self is Size.FULL else small
