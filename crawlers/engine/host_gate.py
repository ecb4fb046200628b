"""Where every request of a crawl process waits for its turn at its host."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy.exc import OperationalError

from core.clock import monotonic
from crawlers.failures import NotNowError
from crawlers.visiting.host_table import (
    Answered,
    Event,
    Granted,
    HostTable,
    Refused,
    Reply,
    Slowed,
    Wanted,
)
from crawlers.visiting.politeness import TINY_DELAY_S, Slot

log = structlog.get_logger(__name__)

MOST_HOSTS = 5000
# A host without a pause is looked at again after so long: it may be in trouble by now.
FREE_FOR_S = 1.0
FULL_PAUSE_S = 0.2
LEAST_MARGIN_S = 0.03
MOST_MARGIN_S = 0.5
MARGIN_FADES = 0.9


@dataclass(frozen=True, slots=True)
class Pass:
    """The right to send one request now; ``ticket`` is known to the table."""

    host: str
    ticket: dt.datetime | None = None
    is_probe: bool = False
    is_in_trouble: bool = False


@dataclass(slots=True)
class _Local:
    """What this process holds of one host: rooms, and slots where the pause is tiny."""

    rooms: asyncio.Semaphore
    inside: int = 0
    waiting: int = 0
    slots: deque[float] = field(default_factory=deque)
    slots_end: float = 0.0
    free_until: float = 0.0
    last_at: float = 0.0
    step_s: float = 0.0
    is_in_trouble: bool = False

    def hold(self, granted: Granted, now: float) -> None:
        slot = granted.slot
        self.is_in_trouble, self.step_s = granted.is_in_trouble, slot.step_s
        if not slot.step_s:
            self.free_until = now + FREE_FOR_S
            return
        start = now + max(0.0, granted.wait_s)
        self.slots.extend(start + number * slot.step_s for number in range(slot.count))
        self.slots_end = start + slot.count * slot.step_s

    def taken(self, now: float) -> float | None:
        """Take the next slot that is not over; None when there is none."""
        if now < self.free_until:
            return now
        while self.slots:
            at = max(self.slots.popleft(), self.last_at + self.step_s, now)
            if at <= self.slots_end:
                self.last_at = at
                return at
        return None

    def forget(self) -> None:
        self.slots.clear()
        self.free_until = 0.0


class HostGate:
    """Asks the table for slots, many hosts at once, and lets requests go neither early nor late."""

    def __init__(self, table: HostTable) -> None:
        self._table = table
        self._has_rooms = table.manners.delay_s < TINY_DELAY_S
        self._locals: dict[str, _Local] = {}
        self._wishes: dict[str, dict[str, float]] = {}
        self._events: list[tuple[Event, asyncio.Future[Reply] | None]] = []
        self._asking: asyncio.Task[None] | None = None
        self._margin_s = LEAST_MARGIN_S
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="crawl-hosts")

    async def enter(self, host: str, patience_s: float) -> Pass:
        """Wait for a slot; raises NotNowError when none comes within ``patience_s``."""
        local = self._local(host)
        local.inside += 1
        try:
            if self._has_rooms:
                await local.rooms.acquire()
        except BaseException:
            local.inside -= 1
            raise
        try:
            return await self._slot(host, local, patience_s)
        except BaseException:
            self._go_out(local)
            raise

    def leave(
        self, held: Pass, *, is_well: bool | None, retry_after_s: float | None = None
    ) -> None:
        """Give the place back, and say how the host is where there is something to say."""
        local = self._local(held.host)
        self._go_out(local)
        is_bad = is_well is False or retry_after_s is not None
        if is_bad:
            local.forget()
        if is_bad or held.ticket is not None or (is_well and held.is_in_trouble):
            self._tell(Answered(held.host, held.ticket, is_well, held.is_probe, retry_after_s))

    def _go_out(self, local: _Local) -> None:
        local.inside -= 1
        if self._has_rooms:
            local.rooms.release()

    def slow_down(self, host: str, origin: str, delay_s: float) -> None:
        """Note the Crawl-delay of one of the host's origins; the slowest counts."""
        wishes = self._wishes.setdefault(host, {})
        before = max(wishes.values(), default=None)
        wishes[origin] = delay_s
        if before != max(wishes.values()):
            self._local(host).forget()
            self._tell(Slowed(host, max(wishes.values())))

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _slot(self, host: str, local: _Local, patience_s: float) -> Pass:
        """Take a slot and use it in its time; one that was missed is given back for another."""
        ends = monotonic() + patience_s
        unused: Slot | None = None
        local.waiting += 1
        try:
            while True:
                at = local.taken(monotonic())
                if at is not None:
                    await asyncio.sleep(max(0.0, at - monotonic()))
                    return Pass(host, is_in_trouble=local.is_in_trouble)
                margin_s, asked_at = self._margin_s, monotonic()
                wanted = Wanted(host, ends - asked_at, local.waiting, margin_s, unused)
                granted = await self._granted(wanted, ends)
                if granted.slot.ticket is None:
                    local.hold(granted, monotonic())
                    continue
                await asyncio.sleep(max(0.0, granted.wait_s))
                # Counted from before the question, so that it is never less than in truth.
                late_s = monotonic() - asked_at - max(0.0, granted.wait_s)
                if self._is_in_time(late_s, margin_s) or granted.slot.is_probe:
                    slot = granted.slot
                    return Pass(host, slot.ticket, slot.is_probe, granted.is_in_trouble)
                unused = granted.slot
        finally:
            local.waiting -= 1

    def _is_in_time(self, late_s: float, margin_s: float) -> bool:
        """Tell, and learn how wide the margin has to be on this machine just now."""
        wished = max(LEAST_MARGIN_S, 1.5 * late_s, MARGIN_FADES * self._margin_s)
        self._margin_s = min(wished, MOST_MARGIN_S)
        return late_s <= margin_s

    async def _granted(self, wanted: Wanted, ends: float) -> Granted:
        while True:
            reply = await self._asked(wanted)
            if isinstance(reply, Granted):
                return reply
            assert isinstance(reply, Refused)  # noqa: S101 (only Wanted is asked, and it has these answers)
            left = ends - monotonic()
            if not reply.is_full or left <= 0:
                raise NotNowError(reply.reason, reply.wait_s if not reply.is_full else FULL_PAUSE_S)
            await asyncio.sleep(min(FULL_PAUSE_S, left))
            wanted = replace(wanted, patience_s=max(0.0, ends - monotonic()), unused=None)

    async def _asked(self, event: Event) -> Reply:
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._events.append((event, future))
        self._start()
        return await future

    def _tell(self, event: Event) -> None:
        self._events.append((event, None))
        self._start()

    def _start(self) -> None:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(self._ask())

    async def _ask(self) -> None:
        """Bring everything that has gathered to the table, in its order, until nothing is left."""
        while self._events:
            batch, self._events = self._events, []
            events = [event for event, _ in batch]
            try:
                replies = await asyncio.get_running_loop().run_in_executor(
                    self._thread, self._table.apply, events
                )
            except OperationalError as error:
                log.warning("hosts_not_asked", error=type(error.orig).__name__)
                for _, future in batch:
                    if future is not None and not future.done():
                        future.set_exception(error)
                continue
            for (_, future), reply in zip(batch, replies, strict=True):
                if future is not None and not future.done():
                    future.set_result(reply)

    def _local(self, host: str) -> _Local:
        local = self._locals.get(host)
        if local is None:
            if len(self._locals) >= MOST_HOSTS:
                self._drop_idle()
            rooms = asyncio.Semaphore(self._table.manners.at_once)
            local = self._locals[host] = _Local(rooms)
        return local

    def _drop_idle(self) -> None:
        idle = [
            host for host, local in self._locals.items() if not local.inside and not local.waiting
        ]
        for host in idle:
            self._locals.pop(host)
            self._wishes.pop(host, None)
