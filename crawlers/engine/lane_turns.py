"""Whose page is next: lanes take turns by virtual time, so that nobody waits for somebody else's backlog.

Weighted fair queueing (Demers, Keshav, Shenker, SIGCOMM 1989): each lane has a tag that grows with every page
it is given, by the interval of its source; who would have the smallest tag afterwards is next. A source of two
seconds gets three hundred pages for one of a source of ten minutes while both have some, a lane that was empty
starts at the present, and so nobody is starved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from crawlers.visiting.frontier import Lane

LEAST_STRIDE, MOST_STRIDE = 1, 3600


class LaneTurns:
    """Remembers the tags of the lanes; ``choose`` names only those that were last said to have due pages."""

    def __init__(self) -> None:
        self._tags: dict[Lane, float] = {}
        self._open: list[Lane] = []
        self._now = 0.0

    def set_open(self, lanes: Iterable[Lane]) -> None:
        """Take over who has due pages; whoever is new, or comes back, starts at the present."""
        self._open = list(lanes)
        ahead = {lane: tag for lane, tag in self._tags.items() if tag > self._now}
        self._tags = dict.fromkeys(self._open, self._now) | ahead

    def close(self, lane: Lane) -> None:
        """Leave a lane out until ``set_open`` names it again: it had less than it was asked for."""
        if lane in self._open:
            self._open.remove(lane)

    def choose(self, room: int, at_host: Counter[str], most: int) -> list[tuple[Lane, int]]:
        """Give ``room`` pages to the lanes in turn, none more than ``most`` under way at one host."""
        hosts, given = Counter(at_host), Counter[Lane]()
        for _ in range(room):
            lanes = [lane for lane in self._open if hosts[lane.host] < most]
            if not lanes:
                break
            lane = min(lanes, key=lambda one: self._tags[one] + _stride(one))
            self._now = max(self._now, self._tags[lane])
            self._tags[lane] += _stride(lane)
            hosts[lane.host] += 1
            given[lane] += 1
        return list(given.items())


def _stride(lane: Lane) -> int:
    return min(max(lane.interval_s, LEAST_STRIDE), MOST_STRIDE)
