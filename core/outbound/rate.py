"""Requests per host and second."""

import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    tokens: float
    updated: float


class HostRate:
    """A token bucket for each host; safe to share between threads."""

    def __init__(self, per_second: float, *, burst: int, monotonic: Callable[[], float]) -> None:
        if per_second <= 0 or burst < 1:
            raise ValueError(f"rate {per_second}/s with burst {burst} would never let a request go")
        self._per_second = per_second
        self._burst = burst
        self._monotonic = monotonic
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def reserve(self, host: str, *, longest_wait_s: float) -> float | None:
        """Take one token and return the seconds to wait before using it.

        Takes none and returns None when the wait would be longer than ``longest_wait_s``.
        """
        with self._lock:
            now = self._monotonic()
            bucket = self._buckets.setdefault(host, _Bucket(float(self._burst), now))
            grown = bucket.tokens + (now - bucket.updated) * self._per_second
            bucket.tokens = min(float(self._burst), grown)
            bucket.updated = now
            wait = max(0.0, (1 - bucket.tokens) / self._per_second)
            if wait > longest_wait_s:
                return None
            bucket.tokens -= 1
            return wait
