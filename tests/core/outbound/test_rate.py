import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.outbound.rate import HostRate


@given(
    per_second=st.floats(0.1, 50),
    burst=st.integers(1, 10),
    steps=st.lists(st.floats(0, 3), min_size=1, max_size=40),
)
def test_no_window_holds_more_than_burst_plus_rate(
    per_second: float, burst: int, steps: list[float]
) -> None:
    now = 0.0
    rate = HostRate(per_second, burst=burst, monotonic=lambda: now)
    used: list[float] = []
    for step in steps:
        now += step
        wait = rate.reserve("a.example", longest_wait_s=1e9)
        assert wait is not None
        used.append(now + wait)
    for first, start in enumerate(used):
        for last in range(first, len(used)):
            allowed = burst + (used[last] - start) * per_second
            assert last - first + 1 <= allowed + 1e-6


def test_hosts_do_not_slow_each_other() -> None:
    rate = HostRate(1, burst=1, monotonic=lambda: 0.0)
    assert rate.reserve("a", longest_wait_s=0) == 0
    assert rate.reserve("b", longest_wait_s=0) == 0


def test_refused_reservation_takes_no_token() -> None:
    rate = HostRate(1, burst=1, monotonic=lambda: 0.0)
    assert rate.reserve("a", longest_wait_s=5) == 0
    assert rate.reserve("a", longest_wait_s=0.5) is None
    assert rate.reserve("a", longest_wait_s=5) == 1


@pytest.mark.parametrize(("per_second", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_rate_that_lets_nothing_through_is_refused(per_second: float, burst: int) -> None:
    with pytest.raises(ValueError, match="never"):
        HostRate(per_second, burst=burst, monotonic=lambda: 0.0)
