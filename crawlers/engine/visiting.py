"""Visiting a source or a page: its pages one after the other, bounded in number."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from core.clock import Clock
from core.crypto.keyring import Keyring
from core.faults import fault_point
from crawlers.engine.fetching import Fetched, Fetcher
from crawlers.engine.politeness_guard import (
    LATER_PATIENCE_S,
    PAGE_PATIENCE_S,
    SOURCE_PATIENCE_S,
)
from crawlers.engine.reading import PageReader
from crawlers.evidence.raw_responses import RawPage
from crawlers.failures import FailureCause, FetchFailedError, failure
from crawlers.source import Cursor, FetchedPage, Harvest, PageRequest
from crawlers.source_keys import RequestKey, SourceKeyError, request_key
from crawlers.source_types import SOURCE_TYPES
from crawlers.visiting.claimed_work import ClaimedWork
from crawlers.visiting.visits import Collected, PageVisit, Validators, Visit

log = structlog.get_logger(__name__)

# A type's own option bounds its pages further; this holds whatever a type asks for.
MOST_PAGES_PER_VISIT = 50


class InThread(Protocol):
    """Runs what waits for the database where it delays no timer."""

    def __call__(self, call: Callable[[], bool]) -> Awaitable[bool]: ...


@dataclass(frozen=True, slots=True)
class _Part:
    """One page of a visit; ``harvest`` None means that it had not changed."""

    harvest: Harvest | None
    validators: Validators
    raw: RawPage | None = None


@dataclass(frozen=True, slots=True)
class Visiting:
    """``in_thread`` runs questions to the database."""

    work: ClaimedWork
    fetcher: Fetcher
    reader: PageReader
    clock: Clock
    in_thread: InThread
    keyring: Keyring

    async def run(self, visit: Visit) -> Collected:
        """Give all that the visit brought; raises FetchFailedError when its first page fails.

        A further page that fails ends the visit: what came before it is kept, the cursor stays where it was.
        """
        requests, key = _requests(visit), self._key(visit)
        known = visit.validators if len(requests) == 1 else Validators()
        waiting = deque(requests)
        parts: list[_Part] = []
        cursor = _cursor(visit)
        is_whole = True
        while waiting and len(parts) < MOST_PAGES_PER_VISIT:
            request = waiting.popleft()
            if request.only_if_new and not await self._has_news(visit, parts):
                continue
            first_url = requests[0].url
            try:
                part = await self._page(
                    request, known, visit, key, cursor=cursor, first_url=first_url
                )
            except FetchFailedError as error:
                if len(parts) < len(requests):
                    raise
                log.info("further_page_failed", source_id=visit.source.id, number=request.number,
                         cause=error.failure.cause.value)  # fmt: skip
                is_whole = False
                break
            known = Validators()
            parts.append(part)
            if part.harvest is not None:
                waiting.extend(part.harvest.follow)
                cursor = cursor if part.harvest.cursor is None else part.harvest.cursor
        if waiting and is_whole:
            log.info("visit_cut_short", source_id=visit.source.id, pages=len(parts))
            is_whole = False
        return _together(parts, is_whole=is_whole)

    def _key(self, visit: Visit) -> RequestKey | None:
        try:
            return request_key(self.keyring, visit.source)
        except SourceKeyError as error:
            if isinstance(visit, PageVisit):
                # Most linked pages are public; one that is not says so itself.
                return None
            raise FetchFailedError(failure(FailureCause.KEY, str(error))) from error

    async def _has_news(self, visit: Visit, parts: Sequence[_Part]) -> bool:
        last = parts[-1].harvest if parts else None
        if last is None:
            return False
        return await self.in_thread(lambda: self.work.brings_news(visit, last))

    async def _page(
        self,
        request: PageRequest,
        known: Validators,
        visit: Visit,
        key: RequestKey | None,
        *,
        cursor: Cursor,
        first_url: str,
    ) -> _Part:
        headers = {**request.headers, **_asking(known)}
        patience_s = LATER_PATIENCE_S if request.number > 1 else _patience_s(visit)
        if visit.source.needs_browser and request.body is None:
            fetched = await self.fetcher.fetch_run(
                request.url, headers, patience_s=patience_s, key=key
            )
        else:
            fetched = await self.fetcher.fetch(
                request.url, headers, body=request.body, patience_s=patience_s, key=key
            )
        fault_point("ingest.after_fetch")
        if fetched.is_unchanged:
            return _Part(None, known)
        digest = hashlib.sha256(fetched.body).hexdigest()
        validators = Validators(
            fetched.headers.get("etag"), fetched.headers.get("last-modified"), digest
        )
        if digest == known.digest:
            return _Part(None, validators)
        now = self.clock.now()
        content_type = fetched.headers.get("content-type", "")
        page = FetchedPage(
            fetched.url, fetched.body, now, content_type,
            number=request.number, first_url=first_url, cursor=cursor,
        )  # fmt: skip
        is_linked = isinstance(visit, PageVisit)
        harvest = await self.reader.read(page, visit.source, is_linked=is_linked)
        raw = RawPage(
            fetched.url, fetched.status, fetched.headers, fetched.body, now, fetched.request
        )
        return _Part(_at_asked_address(harvest, request, fetched), validators, raw)


def _requests(visit: Visit) -> tuple[PageRequest, ...]:
    if isinstance(visit, PageVisit):
        return (PageRequest(visit.url),)
    return SOURCE_TYPES.load(visit.source.kind)().requests(visit.source)


def _patience_s(visit: Visit) -> float:
    return PAGE_PATIENCE_S if isinstance(visit, PageVisit) else SOURCE_PATIENCE_S


def _cursor(visit: Visit) -> Cursor:
    return visit.cursor if isinstance(visit, PageVisit) else visit.source.cursor


def _asking(known: Validators) -> dict[str, str]:
    asked = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in asked.items() if value}


def _at_asked_address(harvest: Harvest, request: PageRequest, fetched: Fetched) -> Harvest:
    """Keep the announced address of a page that redirects, so that it stays one document."""
    if fetched.url == request.url:
        return harvest
    documents = tuple(
        replace(document, url=request.url) if document.url == fetched.url else document
        for document in harvest.documents
    )
    return replace(harvest, documents=documents)


def _together(parts: Sequence[_Part], *, is_whole: bool) -> Collected:
    harvests = [part.harvest for part in parts if part.harvest is not None]
    raw = tuple(part.raw for part in parts if part.raw is not None)
    # Validators speak for the first page alone: they are of use only when the others hang on it.
    validators = parts[0].validators if parts and _hangs_on_first(parts) else Validators()
    if not harvests:
        return Collected(None, validators)
    cursors = [harvest.cursor for harvest in harvests if harvest.cursor is not None]
    together = replace(
        harvests[0],
        documents=tuple(document for harvest in harvests for document in harvest.documents),
        links=tuple(link for harvest in harvests for link in harvest.links),
        follow=(),
        cursor=cursors[-1] if cursors and is_whole else None,
    )
    return Collected(together, validators, raw)


def _hangs_on_first(parts: Sequence[_Part]) -> bool:
    first = parts[0].harvest
    if first is None:
        return len(parts) == 1
    return all(request.only_if_new for request in first.follow) and first.cursor is None
