"""Reading pages in processes of their own, so that no page delays the timers of politeness."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import structlog

from core.errors import CrawlError
from crawlers.failures import FailureCause, FetchFailedError, failure
from crawlers.source import FetchedPage, Harvest, SourceProfile
from crawlers.source_types import SOURCE_TYPES

log = structlog.get_logger(__name__)

LONGEST_READING_S = 30.0
PAGES_PER_PROCESS = 2000
_PARENT_CHECK_S = 1.0


def read(page: FetchedPage, source: SourceProfile, is_linked: bool) -> Harvest | str:  # noqa: FBT001 (runs in another process, which takes positions only)
    """Return what the page holds, or the Chinese reason why it cannot be read."""
    source_type = SOURCE_TYPES.load(source.kind)()
    try:
        return (source_type.parse_linked if is_linked else source_type.parse)(page, source)
    except CrawlError as error:
        return str(error)


def _prepare(parent: int) -> None:
    """Leave signals to the parent, and die with it: kill -9 tells nobody."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_CHECK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class PageReader:
    """A pool of reading processes that replaces one that hangs or dies."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = self._new_pool()
        self._rooms = asyncio.Semaphore(workers)

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_prepare,
            initargs=(os.getpid(),),
            max_tasks_per_child=PAGES_PER_PROCESS,
        )

    async def read(self, page: FetchedPage, source: SourceProfile, *, is_linked: bool) -> Harvest:
        """Raise FetchFailedError for a page that cannot be read, or not in time."""
        async with self._rooms:
            pool = self._pool
            try:
                reading = asyncio.wrap_future(pool.submit(read, page, source, is_linked))
                found = await asyncio.wait_for(reading, LONGEST_READING_S)
            except (TimeoutError, BrokenProcessPool) as error:
                log.warning("page_reading_stopped", source_id=source.id, cause=type(error).__name__)
                self._replace(pool)
                reason = "页面过于复杂，读它用时太长，没有采集。"
                raise FetchFailedError(failure(FailureCause.UNREADABLE, reason)) from error
        if isinstance(found, str):
            raise FetchFailedError(failure(FailureCause.UNREADABLE, found))
        return found

    def _replace(self, pool: ProcessPoolExecutor) -> None:
        if pool is not self._pool:
            return
        self._pool = self._new_pool()
        _kill(pool)

    def close(self) -> None:
        _kill(self._pool)


def _kill(pool: ProcessPoolExecutor) -> None:
    # The executor offers no way to stop a task under way before Python 3.14.
    processes = list((pool._processes or {}).values())  # noqa: SLF001 (as above)
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
