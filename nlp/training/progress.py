"""How far a training has come, by steps and by the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

Report = Callable[[str], None]
RISE_SHARE = 0.06
LEAST_SHARE = 0.02
TRIAL_STEPS = 20
MINUTE = 60.0


def unheard(_line: str) -> None:
    """Take a line and do nothing with it."""


class Progress:
    """``seconds`` is a clock that only goes forward; ``report`` takes Chinese lines for the person waiting."""

    def __init__(self, seconds: Callable[[], float], report: Report) -> None:
        self._seconds = seconds
        self._start = seconds()
        self.say = report

    def elapsed(self) -> float:
        return self._seconds() - self._start


@dataclass(frozen=True, slots=True)
class Schedule:
    """A learning rate that rises, then falls to nothing when the steps, or the seconds, are used up.

    It follows the clock only when the steps would not fit, so that a training that fits does not depend on
    the speed of the machine. ``begun`` are seconds that were used up before the first step.
    """

    steps: int
    seconds: float
    begun: float = 0.0
    is_late: bool = False

    def judged(self, step: int, elapsed: float) -> Schedule:
        """Decide after the trial steps whether all of them fit."""
        if step != TRIAL_STEPS:
            return self
        needed = self.begun + (elapsed - self.begun) / step * self.steps
        return replace(self, is_late=needed > self.seconds)

    def share(self, step: int, elapsed: float) -> float:
        """Give the part of the full learning rate for the step that comes next."""
        done = step / max(self.steps, 1)
        if self.is_late:
            span = max(self.seconds - self.begun, 1e-9)
            done = max(done, (elapsed - self.begun) / span)
        rise = (step + 1) / max(1.0, RISE_SHARE * self.steps)
        return min(1.0, rise) * max(LEAST_SHARE, 1.0 - done)

    def is_over(self, step: int, elapsed: float) -> bool:
        return step >= self.steps or elapsed >= self.seconds
