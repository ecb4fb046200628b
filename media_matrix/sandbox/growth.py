"""Numbers that grow with a post's age, the same for everybody who asks at the same time."""

from __future__ import annotations

import datetime as dt
import hashlib
import math


def grown(key: str, age: dt.timedelta, *, ceiling: int) -> int:
    """Rise fast, then ever more slowly, towards a share of ``ceiling`` that the key decides."""
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") / 2**32
    hours = max(age.total_seconds(), 0.0) / 3600
    return int(ceiling * (0.3 + 0.7 * seed) * (1 - math.exp(-hours / 6 - hours**0.5 / 8)))
