"""Reading pages in processes of their own, so that no page delays the timers of politeness."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import structlog

from core.errors import CrawlError
from crawlers.declared_address import with_declared_address
from crawlers.failures import FailureCause, FetchFailedError, failure
from crawlers.source import FetchedPage, Harvest, SourceProfile
from crawlers.source_types import SOURCE_TYPES

log = structlog.get_logger(__name__)

LONGEST_READING_S = 30.0
# On a machine that starts everything at once, importing alone may take half a minute.
LONGEST_START_S = 300.0
# Processor time of one page. Real ones take a tenth of a second, those of the largest size a few.
MOST_PROCESSOR_S = 8.0
# Address space of a reading process: a full page several times over, and what the libraries take.
MOST_MEMORY = 1536 * 1024 * 1024
# A sitemap may hold so many.
MOST_LINKS = 50_000
MOST_DOCUMENTS = 1000
PAGES_PER_PROCESS = 2000
TOO_COMPLEX = "页面过于复杂，读它用时太长或占用内存太多，没有采集。"
MISREAD = "读这个页面时程序出错，已记入日志，没有采集。"
_PARENT_CHECK_S = 1.0
_processor_s = MOST_PROCESSOR_S


def read(page: FetchedPage, source: SourceProfile, is_linked: bool) -> Harvest | str:  # noqa: FBT001 (runs in another process, which takes positions only)
    """Return what the page holds, or the Chinese reason why it cannot be read."""
    source_type = SOURCE_TYPES.load(source.kind)()
    # Whoever uses up the time is ended by the signal, in the middle of a C library too.
    signal.setitimer(signal.ITIMER_PROF, _processor_s)
    try:
        if not is_linked:
            return _bounded(source_type.parse(page, source))
        return _bounded(with_declared_address(source_type.parse_linked(page, source), page))
    except CrawlError as error:
        return str(error)
    except MemoryError:
        return TOO_COMPLEX
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _ready(kind: str) -> None:
    """Import what reads such pages, so that starting is not counted against the first page."""
    SOURCE_TYPES.load(kind)


def _bounded(harvest: Harvest) -> Harvest:
    return replace(
        harvest,
        documents=harvest.documents[:MOST_DOCUMENTS],
        links=harvest.links[:MOST_LINKS],
        follow=harvest.follow[:MOST_LINKS],
    )


def _prepare(parent: int, processor_s: float, memory: int) -> None:
    """Leave signals to the parent, and die with it: kill -9 tells nobody."""
    global _processor_s  # noqa: PLW0603 (a process of its own, set once before its first page)
    _processor_s = processor_s
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_CHECK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class PageReader:
    """Reading processes, each a pool of its own, so that a page which ends one takes no other page with it."""

    def __init__(
        self,
        workers: int,
        *,
        longest_s: float = LONGEST_READING_S,
        processor_s: float = MOST_PROCESSOR_S,
        memory: int = MOST_MEMORY,
    ) -> None:
        self._longest_s = longest_s
        self._limits = (processor_s, memory)
        # The last one used comes first: those that are never needed never start.
        self._idle: asyncio.LifoQueue[ProcessPoolExecutor] = asyncio.LifoQueue()
        self._pools: set[ProcessPoolExecutor] = set()
        self._started: set[ProcessPoolExecutor] = set()
        for _ in range(workers):
            self._idle.put_nowait(self._new_pool())

    def _new_pool(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(
            1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_prepare,
            initargs=(os.getpid(), *self._limits),
            max_tasks_per_child=PAGES_PER_PROCESS,
        )
        self._pools.add(pool)
        return pool

    async def read(self, page: FetchedPage, source: SourceProfile, *, is_linked: bool) -> Harvest:
        """Raise FetchFailedError for a page that cannot be read, or not in time."""
        pool = await self._idle.get()
        try:
            await self._start(pool, source)
            reading = asyncio.wrap_future(pool.submit(read, page, source, is_linked))
            found = await asyncio.wait_for(reading, self._longest_s)
        except (TimeoutError, BrokenProcessPool) as error:
            log.warning("page_reading_stopped", source_id=source.id, cause=type(error).__name__)
            pool = self._replaced(pool)
            raise FetchFailedError(failure(FailureCause.UNREADABLE, TOO_COMPLEX)) from error
        except asyncio.CancelledError:
            # The process is still busy with a page that nobody waits for.
            pool = self._replaced(pool)
            raise
        except Exception as error:
            # A plug-in border: what a hostile page provokes in a parser is not to be tried again and again.
            log.exception("page_not_read", source_id=source.id, kind=source.kind)
            raise FetchFailedError(failure(FailureCause.UNREADABLE, MISREAD)) from error
        finally:
            self._idle.put_nowait(pool)
        if isinstance(found, str):
            raise FetchFailedError(failure(FailureCause.UNREADABLE, found))
        return found

    async def _start(self, pool: ProcessPoolExecutor, source: SourceProfile) -> None:
        if pool not in self._started:
            starting = asyncio.wrap_future(pool.submit(_ready, source.kind))
            await asyncio.wait_for(starting, LONGEST_START_S)
            self._started.add(pool)

    def _replaced(self, pool: ProcessPoolExecutor) -> ProcessPoolExecutor:
        self._pools.discard(pool)
        self._started.discard(pool)
        _kill(pool)
        return self._new_pool()

    def close(self) -> None:
        for pool in self._pools:
            _kill(pool)


def _kill(pool: ProcessPoolExecutor) -> None:
    # The executor offers no way to stop a task under way before Python 3.14.
    processes = list((pool._processes or {}).values())  # noqa: SLF001 (as above)
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
