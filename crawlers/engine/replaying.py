"""A visit to a recording: the next pages of a file instead of a site's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import structlog

from core.clock import Clock
from core.errors import ExtractionError
from core.faults import fault_point
from crawlers.engine.reading import PageReader
from crawlers.evidence.raw_responses import RawPage
from crawlers.failures import FailureCause, FetchFailedError, failure
from crawlers.intake import CollectedDocument, document_url
from crawlers.parsing.recordings import Record, read_records
from crawlers.source import FetchedPage, Harvest, SourceProfile
from crawlers.source_types.replay import MOST_AT_ONCE, SHIFT
from crawlers.visiting.visits import Collected, SourceVisit, Validators

log = structlog.get_logger(__name__)

KIND = "replay"
OK = 200
_POSITION = "position"


class ReadInThread(Protocol):
    """Runs the reading of a file where it delays no timer."""

    def __call__(self, call: Callable[[], list[Record]], /) -> Awaitable[list[Record]]: ...


@dataclass(frozen=True, slots=True)
class Replaying:
    """``folder`` is the only place that recordings are read from; None refuses them all."""

    folder: Path | None
    reader: PageReader
    clock: Clock
    in_thread: ReadInThread

    async def run(self, visit: SourceVisit) -> Collected:
        """Give the documents of the next pages; raises FetchFailedError for what is no recording.

        A page that cannot be read is passed over. At the end of the recording nothing more comes.
        """
        source = visit.source
        records = await self._records(source)
        fault_point("ingest.after_fetch")
        if not records:
            return Collected(None, Validators())
        shift = self._shift(source, records[0])
        documents: list[CollectedDocument] = []
        raw: list[RawPage] = []
        is_ranking = False
        position = records[-1].next_position
        for record in records:
            harvest = await self._harvest(record, source, shift)
            documents.extend(_threaded(harvest))
            if harvest.documents:
                raw.append(self._raw(record))
            if harvest.is_ranking:
                # Each state of a list is a visit of its own, so that its ranks are kept one by one.
                is_ranking, position = True, record.next_position
                break
        cursor = {_POSITION: position, SHIFT: shift}
        harvest = Harvest(documents=tuple(documents), is_ranking=is_ranking, cursor=cursor)
        return Collected(harvest, Validators(), tuple(raw))

    def _raw(self, record: Record) -> RawPage:
        headers = {"content-type": record.content_type} if record.content_type else {}
        # Dated from the replay, so that it is kept as long as what a site answers.
        return RawPage(record.url, OK, headers, record.body, self.clock.now())

    async def _records(self, source: SourceProfile) -> list[Record]:
        folder, name = self.folder, str(source.options.get("file") or "")
        start, count = source.cursor.get(_POSITION), source.options.get("at_once")
        if folder is None:
            reason = "这里没有启用录制回放。"
            raise FetchFailedError(failure(FailureCause.UNREADABLE, reason))
        wanted = min(count if isinstance(count, int) else 1, MOST_AT_ONCE)
        position = start if isinstance(start, int) else 0
        try:
            return await self.in_thread(
                lambda: read_records(
                    folder, name, start=position, count=wanted, base_url=source.url
                )
            )
        except ExtractionError as error:
            raise FetchFailedError(failure(FailureCause.UNREADABLE, str(error))) from error

    def _shift(self, source: SourceProfile, first: Record) -> float:
        known = source.cursor.get(SHIFT)
        if isinstance(known, (int, float)):
            return known
        if not source.options.get("shifts_times") or first.recorded_at is None:
            return 0
        return (self.clock.now() - first.recorded_at).total_seconds()

    async def _harvest(self, record: Record, source: SourceProfile, shift: float) -> Harvest:
        recorded_at: dt.datetime = record.recorded_at or self.clock.now()
        page = FetchedPage(
            record.url, record.body, recorded_at, record.content_type, first_url=record.url,
            cursor={SHIFT: shift},
        )  # fmt: skip
        try:
            return await self.reader.read(page, source, is_linked=False)
        except FetchFailedError as error:
            log.info("recorded_page_unreadable", source_id=source.id, reason=str(error))
            return Harvest()


def _threaded(harvest: Harvest) -> tuple[CollectedDocument, ...]:
    """Tie replies to their opening post by its address, as several threads come together."""
    if not harvest.is_thread or not harvest.documents:
        return harvest.documents
    opening, *replies = harvest.documents
    address = document_url(opening)
    return (opening, *(replace(reply, thread_url=address) for reply in replies))
