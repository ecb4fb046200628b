"""The states of the hosts where all crawlers of all machines see them: one short transaction for many events.

Times are those of the database's clock, so that machines need not agree on theirs.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import DateTime, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.models.collecting import CrawlHost
from core.database.sessions import Sessions
from crawlers.visiting.politeness import (
    OPENS_AFTER,
    HostState,
    Manners,
    NotNow,
    Slot,
    answered,
    asked_to_wait,
    failed,
    give_back,
    host_of,
    reserve,
    slowed,
    succeeded,
)

# A host that is asked again gets a new row; without an end the table would only ever grow.
KEPT_FOR = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Ask for up to ``count`` slots, the first of them soon; ``unused`` is one that came too late."""

    host: str
    patience_s: float
    count: int = 1
    margin_s: float = 0.0
    unused: Slot | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """``is_well`` None says nothing of the host: the request never left, or was ended by us."""

    host: str
    ticket: dt.datetime | None
    is_well: bool | None
    is_probe: bool = False
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Slowed:
    """What robots.txt asks for; 0 takes an earlier wish back."""

    host: str
    delay_s: float


@dataclass(frozen=True, slots=True)
class Granted:
    """``wait_s`` is counted from the database's answer."""

    slot: Slot
    wait_s: float
    is_in_trouble: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """As ``NotNow``; ``wait_s`` is counted from the database's answer."""

    wait_s: float
    reason: str | None
    is_full: bool


Event = Wanted | Answered | Slowed
Reply = Granted | Refused | None


@dataclass(frozen=True, slots=True)
class HostTable:
    """Called in threads; ``apply`` gives a reply for each event, in their order."""

    sessions: Sessions
    manners: Manners

    def apply(self, events: Sequence[Event]) -> list[Reply]:
        with self.sessions.begin() as session:
            # What a crash of the database forgets here is over before it is back.
            session.execute(text("SET LOCAL synchronous_commit = off"))
            states, now = _locked(session, sorted({event.host for event in events}))
            before = dict(states)
            replies = [self._applied(states, event, now) for event in events]
            _save(session, {h: s for h, s in states.items() if s != before[h]}, now)
        return replies

    def _applied(self, states: dict[str, HostState], event: Event, now: dt.datetime) -> Reply:
        state = states[event.host]
        match event:
            case Wanted():
                if event.unused is not None:
                    state = give_back(state, event.unused)
                states[event.host], found = reserve(
                    state, self.manners, now=now, margin_s=event.margin_s,
                    patience=dt.timedelta(seconds=max(0.0, event.patience_s)), count=event.count,
                )  # fmt: skip
                if isinstance(found, Slot):
                    wait_s = (found.at - now).total_seconds()
                    return Granted(found, wait_s, is_in_trouble=bool(state.failures))
                return _refusal(found, now)
            case Answered():
                states[event.host] = _after(answered(state, event.ticket), event, now)
            case Slowed():
                states[event.host] = slowed(state, self.manners, event.delay_s)
        return None


def _after(state: HostState, event: Answered, now: dt.datetime) -> HostState:
    if event.retry_after_s is not None:
        until = now + dt.timedelta(seconds=event.retry_after_s)
        return asked_to_wait(state, until=until, now=now)
    if event.is_well:
        return succeeded(state)
    if event.is_well is None:
        return state
    spread = random.uniform(0.9, 1.1)  # noqa: S311 (spreads load, guards nothing)
    return failed(state, now=now, is_probe=event.is_probe, spread=spread)


def _refusal(found: NotNow, now: dt.datetime) -> Refused:
    return Refused((found.until - now).total_seconds(), found.reason, found.is_full)


_COLUMNS = (
    CrawlHost.host,
    CrawlHost.next_at,
    CrawlHost.delay_s,
    CrawlHost.failures,
    CrawlHost.closed_until,
    CrawlHost.reason,
    CrawlHost.in_flight,
)


def _locked(session: Session, hosts: Sequence[str]) -> tuple[dict[str, HostState], dt.datetime]:
    """Lock the rows in the order of their names, so that two crawlers never wait for each other."""
    clock = func.clock_timestamp(type_=DateTime(timezone=True)).label("now")
    asked = (
        select(*_COLUMNS, clock)
        .where(CrawlHost.host.in_(hosts))
        .order_by(CrawlHost.host)
        .with_for_update()
    )
    rows = session.execute(asked).all()
    if len(rows) < len(hosts):
        unknown = sorted(set(hosts) - {row.host for row in rows})
        session.execute(
            insert(CrawlHost)
            .values([
                {"host": host, "next_at": func.clock_timestamp(), "changed_at": func.clock_timestamp()}
                for host in unknown
            ])
            .on_conflict_do_nothing(index_elements=["host"])
        )  # fmt: skip
        rows = session.execute(asked).all()
    states = {
        row.host: HostState(
            row.next_at, row.delay_s, row.failures, row.closed_until, row.reason,
            tuple(row.in_flight),
        )
        for row in rows
    }  # fmt: skip
    return states, max(row.now for row in rows)


def _save(session: Session, changed: Mapping[str, HostState], now: dt.datetime) -> None:
    for host, state in changed.items():
        session.execute(
            update(CrawlHost)
            .where(CrawlHost.host == host)
            .values(
                next_at=state.next_at, delay_s=state.delay_s, failures=state.failures,
                closed_until=state.closed_until, reason=state.reason,
                in_flight=list(state.in_flight), changed_at=now,
            )
            .execution_options(synchronize_session=False)
        )  # fmt: skip


def resting_hosts(session: Session, urls: Sequence[str], now: dt.datetime) -> dict[str, str]:
    """Tell for which of the addresses the host is left alone now, and why in Chinese."""
    hosts = {url: host_of(url) for url in urls}
    rows = session.execute(
        select(CrawlHost.host, CrawlHost.reason).where(
            CrawlHost.host.in_(set(hosts.values())), CrawlHost.closed_until > now
        )
    )
    reasons = {row.host: row.reason for row in rows}
    return {url: reason for url, host in hosts.items() if (reason := reasons.get(host))}


def forget_hosts(session: Session, now: dt.datetime) -> int:
    """Drop what has not been asked for a week and is not in trouble."""
    gone = session.execute(
        delete(CrawlHost)
        .where(CrawlHost.changed_at < now - KEPT_FOR, CrawlHost.failures < OPENS_AFTER)
        .returning(CrawlHost.host)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
