"""What the tests of one document share."""

from collections.abc import Sequence
from datetime import datetime

from core.expression.document import Matchable
from core.expression.occurrences import Hits

Found = Sequence[tuple[int, int, int]]
"""Start, end and number of each occurrence of a term, by end."""


class Scene:
    """`terms` are the numbers of the terms that occur; where, is only listed once it is asked for.

    Positions are as occurrences.Hits has them: `shift` is where the text begins, and what is below
    `boundary` lies in the title.
    """

    __slots__ = ("_found", "_hits", "boundary", "document", "now", "shift", "terms")

    def __init__(
        self, document: Matchable, now: datetime, found: tuple[Found, Found], shift: int
    ) -> None:
        self.document = document
        self.now = now
        self.boundary = len(document.title)
        self.shift = shift
        in_title, in_text = self._found = found
        self.terms = {hit[2] for hit in in_text}
        if in_title:
            self.terms.update([hit[2] for hit in in_title])
        self._hits: Hits | None = None

    @property
    def hits(self) -> Hits:
        if self._hits is None:
            hits = self._hits = {number: [] for number in self.terms}
            in_title, in_text = self._found
            for start, _, number in in_title:
                hits[number].append(start)
            shift = self.shift
            for start, _, number in in_text:
                hits[number].append(start + shift)
        return self._hits
