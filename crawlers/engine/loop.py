"""The loop of a crawl process: claim what is due, fetch, read, commit."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy.exc import OperationalError

from core.clock import monotonic
from core.errors import ConflictError
from crawlers.engine import replaying
from crawlers.engine.committing import Committer
from crawlers.engine.context import CrawlContext
from crawlers.engine.fetching import Fetcher
from crawlers.engine.lane_turns import LaneTurns
from crawlers.engine.reading import PageReader
from crawlers.engine.replaying import Replaying
from crawlers.engine.visiting import Visiting
from crawlers.failures import Failure, FailureCause, FetchFailedError, failure
from crawlers.visiting.claimed_work import ClaimedWork
from crawlers.visiting.outcomes import VisitOutcomes
from crawlers.visiting.visits import Collected, Ended, PageVisit, SourceVisit, Visit

log = structlog.get_logger(__name__)

T = TypeVar("T")
ROOMS_PER_REQUEST = 2
# Pages whose host can be asked only later are left to whoever is there then.
SOON_S = 1.0
SOURCES_AGAIN_S = 0.2
LANES_EVERY_S = 0.2
LANES_SHARE = 10
DATABASE_THREADS = 4
SHORTEST_PAUSE_S = 0.04
LEASE_SHARE = 3
LONGEST_DATABASE_PAUSE_S = 10.0


class CrawlLoop:
    """Keeps a bounded number of visits under way until it is told to stop."""

    def __init__(
        self,
        context: CrawlContext,
        work: ClaimedWork,
        fetcher: Fetcher,
        *,
        stop: threading.Event,
        on_beat: Callable[[], None],
    ) -> None:
        self._context = context
        self._work = work
        self._stop = stop
        self._on_beat = on_beat
        self._under_way: dict[asyncio.Task[None], Visit] = {}
        self._wake = asyncio.Event()
        self._threads = ThreadPoolExecutor(DATABASE_THREADS, thread_name_prefix="crawl-database")
        outcomes = VisitOutcomes(context.sessions, context.clock, context.hasher, context.keyring)
        self._committer = Committer(outcomes, self._threads)
        self._reader = PageReader(context.extraction_workers)
        self._turns = LaneTurns()
        self._sources_at = 0.0
        self._lanes_read_at = 0.0
        self._lanes_took_s = 0.0
        self._visiting = Visiting(
            work, fetcher, self._reader, context.clock, self._in_thread, context.keyring
        )
        self._replaying = Replaying(
            context.replay_folder, self._reader, context.clock, self._in_thread
        )

    async def run(self) -> None:
        """Return when ``stop`` is set and what was under way has ended."""
        log.info("crawl_started", owner=self._context.owner)
        keeper = asyncio.ensure_future(self._keep_leases())
        pause = SHORTEST_PAUSE_S
        try:
            while not self._stop.is_set():
                self._on_beat()
                try:
                    started = await self._start_due()
                    wait = SHORTEST_PAUSE_S if started else self._idle_s()
                except OperationalError as error:
                    pause = min(pause * 2, LONGEST_DATABASE_PAUSE_S)
                    log.warning("crawl_waits_for_database", error=type(error.orig).__name__)
                    wait = pause
                else:
                    pause = SHORTEST_PAUSE_S
                await self._pause(wait)
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=self._context.timeout_s)
        finally:
            keeper.cancel()
            for task in self._under_way:
                task.cancel()
            self._reader.close()
            self._threads.shutdown(wait=True, cancel_futures=True)

    async def _start_due(self) -> int:
        under_way = self._under_way.values()
        sources = sum(isinstance(visit, SourceVisit) for visit in under_way)
        pages = len(under_way) - sources
        visits: list[Visit] = []
        if room := self._context.most_source_visits - sources:
            visits += await self._claim_sources(room)
        if room := self._context.most_page_visits - pages:
            visits += await self._claim_pages(room)
        for visit in visits:
            task = asyncio.ensure_future(self._run_one(visit))
            self._under_way[task] = visit
            task.add_done_callback(self._over)
        return len(visits)

    async def _claim_sources(self, room: int) -> list[SourceVisit]:
        """Claim what is due; between two looks nobody need ask, for it is known when the next will be."""
        if monotonic() < self._sources_at:
            return []
        next_due_s = await self._in_thread(self._work.next_due_s)
        poll_s = self._context.poll_s
        wait_s = poll_s if next_due_s is None else min(next_due_s, poll_s)
        self._sources_at = monotonic() + wait_s
        return [] if wait_s > 0 else await self._in_thread(lambda: self._work.claim_sources(room))

    async def _claim_pages(self, room: int) -> list[PageVisit]:
        await self._read_lanes()
        at_host = Counter(
            visit.host for visit in self._under_way.values() if isinstance(visit, PageVisit)
        )
        # Beside those that are being fetched, some are being read and written.
        most = self._context.host_at_once * ROOMS_PER_REQUEST
        wanted = self._turns.choose(room, at_host, most)
        pages = await self._in_thread(lambda: self._work.claim_pages(wanted)) if wanted else []
        got = Counter((page.host, page.source.id) for page in pages)
        for lane, count in wanted:
            if got[lane.host, lane.source_id] < count:
                self._turns.close(lane)
        return pages

    async def _read_lanes(self) -> None:
        """Look who has due pages, the more rarely the longer looking takes."""
        now = monotonic()
        if now - self._lanes_read_at < max(LANES_EVERY_S, LANES_SHARE * self._lanes_took_s):
            return
        soon = dt.timedelta(seconds=SOON_S)
        at_once = self._context.host_at_once
        self._turns.set_open(
            await self._in_thread(lambda: self._work.lanes(soon=soon, host_at_once=at_once))
        )
        self._lanes_read_at = monotonic()
        self._lanes_took_s = self._lanes_read_at - now

    def _over(self, done: asyncio.Task[None]) -> None:
        if isinstance(self._under_way.pop(done, None), SourceVisit):
            # It may be due again before the others.
            self._sources_at = min(self._sources_at, monotonic() + SOURCES_AGAIN_S)
        self._wake.set()

    async def _pause(self, longest_s: float) -> None:
        """Rest until there may be room for more, but not for less than a moment."""
        self._wake.clear()
        await asyncio.sleep(SHORTEST_PAUSE_S)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(0.0, longest_s - SHORTEST_PAUSE_S))

    def _idle_s(self) -> float:
        """Tell how long there is nothing to do, unless a visit ends."""
        sources = sum(isinstance(visit, SourceVisit) for visit in self._under_way.values())
        if sources >= self._context.most_source_visits:
            return self._context.poll_s
        return min(self._sources_at - monotonic(), self._context.poll_s)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._context.lease_s / LEASE_SHARE)
            if not (tasks := list(self._under_way)):
                continue
            extend = partial(self._work.extend, list(self._under_way.values()))
            try:
                lost = await self._in_thread(extend)
            except OperationalError:
                # The leases run out by themselves; whatever ends later is refused by its fence.
                log.warning("crawl_leases_not_prolonged")
                continue
            for position in lost:
                log.info("claim_lost", reason="lease_ended")
                tasks[position].cancel()

    async def _run_one(self, visit: Visit) -> None:
        try:
            await self._outcome(visit)
        except ConflictError:
            log.info("claim_lost", source_id=visit.source.id)
        except OperationalError as error:
            # The claim runs out and somebody visits again; nothing of this visit was written.
            log.warning("visit_not_recorded", error=type(error.orig).__name__)
        except Exception:
            # The job border: one bad page must not end the process.
            log.exception("visit_failed", source_id=visit.source.id)
            await self._fail(visit, failure(FailureCause.INTERNAL))

    async def _outcome(self, visit: Visit) -> None:
        try:
            collected = await self._collected(visit)
        except FetchFailedError as error:
            await self._fail(visit, error.failure)
            return
        gained = await self._committer.commit(Ended(visit, collected))
        if isinstance(visit, SourceVisit) and collected.harvest and collected.harvest.links:
            # Its new pages need not wait for the next look around.
            self._lanes_read_at = 0.0
        if gained.new:
            log.info("documents_collected", source_id=visit.source.id, new=gained.new)

    async def _collected(self, visit: Visit) -> Collected:
        if isinstance(visit, SourceVisit) and visit.source.kind == replaying.KIND:
            return await self._replaying.run(visit)
        return await self._visiting.run(visit)

    async def _fail(self, visit: Visit, found: Failure) -> None:
        if found.cause is not FailureCause.WAITING:
            log.info("visit_brought_nothing", source_id=visit.source.id, cause=found.cause.value)
        try:
            await self._committer.commit(Ended(visit, found))
        except (ConflictError, OperationalError):
            log.info("claim_lost", source_id=visit.source.id)
