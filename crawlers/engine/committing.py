"""Finished visits go to the database together: whatever ends while one transaction runs shares the next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress

from sqlalchemy.exc import OperationalError

from core.clock import monotonic
from core.errors import ConflictError
from crawlers.coverage.ledger import Yield
from crawlers.visiting.outcomes import Outcome, VisitOutcomes
from crawlers.visiting.visits import Ended

MOST_TOGETHER = 32
# So many make a transaction worth its price, which is that of three visits. Nobody waits for more: a host that allows
# sixteen requests at once would stand still while all of its pages wait here.
ENOUGH = 8
# Fewer gather for a moment, and while one transaction follows the other a little longer.
GATHERED_FOR_S = 0.03
APART_S = 0.2

_Waiting = tuple[Ended, "asyncio.Future[Yield]"]


class Committer:
    """Writes one transaction at a time; visits go on being fetched meanwhile."""

    def __init__(self, outcomes: VisitOutcomes, threads: Executor) -> None:
        self._outcomes = outcomes
        self._threads = threads
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._is_enough = asyncio.Event()
        self._written_at = 0.0

    async def commit(self, ended: Ended) -> Yield:
        """Return when it is written; raises ConflictError for a lost claim, OperationalError without a database."""
        future: asyncio.Future[Yield] = asyncio.get_running_loop().create_future()
        self._waiting.append((ended, future))
        if len(self._waiting) >= ENOUGH:
            self._is_enough.set()
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._write())
        return await future

    async def _write(self) -> None:
        while self._waiting:
            await self._gather()
            batch, self._waiting = (
                self._waiting[:MOST_TOGETHER],
                self._waiting[MOST_TOGETHER:],
            )
            self._written_at = monotonic()
            await self._write_batch(batch)

    async def _gather(self) -> None:
        if len(self._waiting) < ENOUGH:
            self._is_enough.clear()
            pause_s = max(GATHERED_FOR_S, self._written_at + APART_S - monotonic())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_enough.wait(), pause_s)

    async def _write_batch(self, batch: Sequence[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        ended = [one for one, _ in batch]
        try:
            outcomes = await loop.run_in_executor(self._threads, self._outcomes.commit, ended)
        except OperationalError as error:
            _refuse(batch, error)
        except Exception as error:  # noqa: BLE001 (a job border: each visit is told, and logs it)
            if len(batch) == 1:
                _refuse(batch, error)
                return
            # One visit that the database does not take must not sink the others.
            for one in batch:
                await self._write_batch([one])
        else:
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                _settle(future, outcome)


def _settle(future: asyncio.Future[Yield], outcome: Outcome) -> None:
    if future.done():
        return
    if isinstance(outcome, ConflictError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _refuse(batch: Sequence[_Waiting], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
