"""Trying a source before it is saved: what it would bring, and what its robots.txt says."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from core.errors import CrawlError, InvalidOptionsError
from core.outbound.address_policy import AddressPolicy
from core.outbound.client import HTTPClient, Response
from crawlers.extraction.encoding import decoded
from crawlers.failures import REASONS, FailureCause, status_failure
from crawlers.intake import CollectedDocument
from crawlers.robots import UNAVAILABLE, RobotsRules, RobotsVerdict, robots_url, rules_of
from crawlers.source import FetchedPage, PageLink, SourceProfile, SourceType
from crawlers.source_types import SOURCE_TYPES
from crawlers.sources import SourceDraft, checked_options

MOST_SAMPLES = 5
TIMEOUT_S = 8.0
OK = 200


@dataclass(frozen=True, slots=True)
class SourceTrial:
    """Up to five items as they would be stored (before masking), or the ``fault`` that prevents it."""

    items: tuple[CollectedDocument, ...] = ()
    links_found: int = 0
    robots: RobotsVerdict | None = None
    encoding: str | None = None
    fault: str | None = None


class _TrialFailedError(Exception):
    """Carries the Chinese sentence and what was learnt before."""

    def __init__(self, fault: str, robots: RobotsVerdict | None = None) -> None:
        super().__init__(fault)
        self.trial = SourceTrial(fault=fault, robots=robots)


def try_source(
    draft: SourceDraft,
    *,
    http: HTTPClient,
    policy: AddressPolicy,
    user_agent: str,
    now: dt.datetime,
) -> SourceTrial:
    """Fetch and read a source without saving anything; faults come back in words."""
    try:
        options = checked_options(draft, policy)
        source = SourceProfile(0, draft.name, draft.kind, draft.url or "", options)
        return _Trial(http, user_agent, now).run(source, SOURCE_TYPES.load(draft.kind)())
    except InvalidOptionsError as error:
        return SourceTrial(fault=str(error))
    except _TrialFailedError as error:
        return error.trial


@dataclass(frozen=True, slots=True)
class _Trial:
    http: HTTPClient
    user_agent: str
    now: dt.datetime

    def run(self, source: SourceProfile, source_type: SourceType) -> SourceTrial:
        requests = source_type.requests(source)
        if not requests:
            return SourceTrial(fault="这种信源由人导入文件，不用试采。")
        rules = self._rules(requests[0].url)
        page = self._page(requests[0].url, rules, dict(requests[0].headers))
        verdict = rules.verdict(requests[0].url, self.user_agent)
        try:
            harvest = source_type.parse(page, source)
        except CrawlError as error:
            raise _TrialFailedError(str(error), verdict) from error
        items = harvest.documents[:MOST_SAMPLES] or self._linked(
            harvest.links, source, source_type, rules
        )
        return SourceTrial(
            items=items,
            links_found=len(harvest.links),
            robots=verdict,
            encoding=decoded(page.body, page.content_type)[1],
            fault=None if items else "页面能打开，但没有读到内容。",
        )

    def _linked(
        self,
        links: tuple[PageLink, ...],
        source: SourceProfile,
        source_type: SourceType,
        rules: RobotsRules,
    ) -> tuple[CollectedDocument, ...]:
        found: list[CollectedDocument] = []
        for link in links[:MOST_SAMPLES]:
            try:
                page = self._page(link.url, rules, {})
                found.extend(source_type.parse_linked(page, source).documents[:1])
            except (_TrialFailedError, CrawlError):
                # One bad page of five says little; what is missing shows in the number of samples.
                continue
        return tuple(found)

    def _rules(self, url: str) -> RobotsRules:
        try:
            answer = self.http.request("GET", robots_url(url), timeout_s=TIMEOUT_S)
        except CrawlError:
            return UNAVAILABLE
        return rules_of(answer.status, answer.content)

    def _page(self, url: str, rules: RobotsRules, headers: dict[str, str]) -> FetchedPage:
        verdict = rules.verdict(url, self.user_agent)
        if verdict is RobotsVerdict.FORBIDDEN:
            raise _TrialFailedError(REASONS[FailureCause.ROBOTS], verdict)
        answer = self._answer(url, headers)
        if verdict is RobotsVerdict.UNAVAILABLE:
            raise _TrialFailedError(REASONS[FailureCause.ROBOTS_UNAVAILABLE], verdict)
        content_type = answer.headers.get("content-type", "")
        return FetchedPage(answer.url, answer.content, self.now, content_type)

    def _answer(self, url: str, headers: dict[str, str]) -> Response:
        try:
            answer = self.http.request("GET", url, headers=headers, timeout_s=TIMEOUT_S)
        except CrawlError as error:
            raise _TrialFailedError(str(error)) from error
        if answer.status != OK:
            raise _TrialFailedError(status_failure(answer.status).reason)
        return answer
