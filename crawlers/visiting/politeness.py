"""What one host is owed: a pause between requests, few at a time, and rest while it is in trouble.

Pure: a state and an event give a state. ``crawlers.visiting.host_table`` keeps the states where all crawlers see them.
The breaker is the usual one (Nygard, Release It!, 2007): closed, open with growing pauses, half open with one
request that decides.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from core.clock import SHANGHAI

OPENS_AFTER = 5
FIRST_PAUSE = dt.timedelta(seconds=30)
LONGEST_PAUSE = dt.timedelta(hours=1)
PROBED_FOR = dt.timedelta(seconds=2)
LONGEST_WISH = dt.timedelta(days=1)
# What passes between the moment a request is let go and its arrival differs from one to the next by so much.
TRAVEL_S = 0.01
# Below this a slot is not worth a word with the database, and several are taken at once.
TINY_DELAY_S = 0.1
TINY_GRANT_S = 0.5
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class HostState:
    """``next_at`` is the first moment of the next request, ``in_flight`` when each answer is given up.

    ``delay_s`` is what the host itself asked for. ``failures`` counts those in a row.
    """

    next_at: dt.datetime
    delay_s: float = 0.0
    failures: int = 0
    closed_until: dt.datetime | None = None
    reason: str | None = None
    in_flight: tuple[dt.datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Manners:
    """``delay_s`` and ``at_once`` are ours; a host's own wish can only be slower. ``lease`` outlives an answer."""

    delay_s: float
    at_once: int
    lease: dt.timedelta


@dataclass(frozen=True, slots=True)
class Slot:
    """``count`` requests may leave from ``at`` on, ``step_s`` apart; ``ticket`` is given back after the answer.

    A probe is the one request whose answer decides whether the host is asked again.
    """

    at: dt.datetime
    step_s: float
    count: int = 1
    ticket: dt.datetime | None = None
    is_probe: bool = False


@dataclass(frozen=True, slots=True)
class NotNow:
    """``until`` is when asking again is of use. Without a ``reason`` others simply come first.

    ``is_full`` says that as many requests as may be are under way; an answer may come any moment.
    """

    until: dt.datetime
    reason: str | None = None
    is_full: bool = False


def host_of(url: str) -> str:
    """Name the host that manners are owed to: with its port where that is not the usual one."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    try:
        port = parts.port
    except ValueError:
        port = None
    is_usual = port is None or port == _DEFAULT_PORTS.get(parts.scheme.lower())
    return host if is_usual else f"{host}:{port}"


def reserve(
    state: HostState,
    manners: Manners,
    *,
    now: dt.datetime,
    margin_s: float = 0.0,
    patience: dt.timedelta,
    count: int = 1,
) -> tuple[HostState, Slot | NotNow]:
    """Take the next slot. ``margin_s`` is how late the request may leave without the next coming too soon."""
    in_flight = tuple(end for end in state.in_flight if end > now)
    state = replace(state, in_flight=in_flight)
    if state.closed_until is not None and state.closed_until > now:
        until = state.closed_until
        if until in in_flight:
            # A probe is under way, and its answer may come any moment.
            until = min(until, now + PROBED_FOR)
        return state, NotNow(until, state.reason)
    if state.failures < OPENS_AFTER:
        state = replace(state, closed_until=None, reason=None)
    is_probe = state.failures >= OPENS_AFTER
    delay = max(manners.delay_s, state.delay_s)
    at = max(state.next_at, now)
    if at - now > patience:
        return state, NotNow(at)
    if delay < TINY_DELAY_S and not is_probe:
        taken = max(1, min(count, int(TINY_GRANT_S / delay))) if delay else 1
        next_at = at + dt.timedelta(seconds=delay * taken) if delay else state.next_at
        return replace(state, next_at=next_at), Slot(at, delay, taken)
    if len(in_flight) >= manners.at_once:
        return state, NotNow(min(in_flight), is_full=True)
    step = dt.timedelta(seconds=delay + margin_s + TRAVEL_S if delay else 0)
    ticket = at + manners.lease
    while ticket in in_flight:
        ticket += dt.timedelta(microseconds=1)
    state = replace(state, next_at=at + step, in_flight=(*in_flight, ticket))
    if is_probe:
        # Until the answer is there nobody else asks; if its process dies the ticket ends by itself.
        state = replace(state, closed_until=ticket)
    return state, Slot(at, step.total_seconds(), 1, ticket, is_probe)


def give_back(state: HostState, slot: Slot) -> HostState:
    """Undo a reservation that was not used, when nobody has taken a later one."""
    state = answered(state, slot.ticket)
    taken = dt.timedelta(seconds=slot.step_s)
    return replace(state, next_at=slot.at) if state.next_at == slot.at + taken else state


def answered(state: HostState, ticket: dt.datetime | None) -> HostState:
    return replace(state, in_flight=tuple(end for end in state.in_flight if end != ticket))


def succeeded(state: HostState) -> HostState:
    """Close the breaker: the host answers."""
    if not state.failures:
        # A wish to wait holds although another answer was still under way.
        return state
    return replace(state, failures=0, closed_until=None, reason=None)


def failed(
    state: HostState, *, now: dt.datetime, is_probe: bool = False, spread: float = 1.0
) -> HostState:
    """Count a failure of the host itself; from the fifth in a row on it is left alone, longer each time.

    ``spread`` near 1 keeps the crawlers of several installations from coming back at one moment. What was
    under way when the host was given up says nothing new.
    """
    is_open = state.closed_until is not None and state.closed_until > now
    if is_open and not is_probe:
        return state
    failures = state.failures + 1
    if failures < OPENS_AFTER:
        return replace(state, failures=failures)
    pause = min(FIRST_PAUSE * 2.0 ** min(failures - OPENS_AFTER, 16), LONGEST_PAUSE) * spread
    until = now + pause
    reason = f"网站连续 {failures} 次没有正常应答，先不打扰它，{_clock(until)}再试一次。"
    return replace(state, failures=failures, closed_until=_later(state, until), reason=reason)


def asked_to_wait(state: HostState, *, until: dt.datetime, now: dt.datetime) -> HostState:
    """Do as ``Retry-After`` says, for a day at most."""
    until = min(until, now + LONGEST_WISH)
    reason = f"网站请我们 {_clock(until)}以后再来，已照办。"
    return replace(state, closed_until=_later(state, until), reason=reason)


def slowed(state: HostState, manners: Manners, delay_s: float) -> HostState:
    """Note what robots.txt asks for; the slot after the one already taken moves with it."""
    before, after = max(manners.delay_s, state.delay_s), max(manners.delay_s, delay_s)
    return replace(
        state,
        delay_s=delay_s,
        next_at=state.next_at + dt.timedelta(seconds=max(0.0, after - before)),
    )


def _later(state: HostState, until: dt.datetime) -> dt.datetime:
    # Half open, ``closed_until`` is only the probe's lease: what the probe found replaces it.
    if state.closed_until is None or state.failures >= OPENS_AFTER:
        return until
    return max(state.closed_until, until)


def _clock(moment: dt.datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%H:%M:%S}"
