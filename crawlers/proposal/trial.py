"""Trying a source before it is saved: what it would bring, and what its robots.txt says."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from dataclasses import dataclass, field

from core.crypto.keyring import Keyring
from core.errors import ExtractionError, InvalidOptionsError
from core.outbound.address_policy import AddressPolicy
from core.outbound.client import HTTPClient
from crawlers.engine.trial_browser import TrialBrowser
from crawlers.failures import FailureCause, FetchFailedError
from crawlers.intake import CollectedDocument
from crawlers.proposal.claimed_encoding import EncodingFinding, encoding_of
from crawlers.proposal.sampling import MOST_SAMPLES, Sample, read_harvest, sample
from crawlers.proposal.site_visit import (
    LIMIT_S,
    RobotsFinding,
    SiteVisit,
    VisitFailedError,
    VisitFault,
    fault_of,
)
from crawlers.robots import RobotsVerdict
from crawlers.source import SourceProfile
from crawlers.source_keys import SourceKeyError, draft_key, without_key
from crawlers.source_types import SOURCE_TYPES
from crawlers.sources import SourceDraft, checked_options

# Chromium has to start, and pages to settle.
BROWSER_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class SourceTrial:
    """Up to five items as they would be stored (before masking), or the ``fault`` that prevents it."""

    sample: Sample = field(default_factory=Sample)
    robots_finding: RobotsFinding | None = None
    encoding_finding: EncodingFinding | None = None
    fault: str | None = None

    @property
    def items(self) -> tuple[CollectedDocument, ...]:
        return self.sample.items

    @property
    def links_found(self) -> int:
        return self.sample.links_found

    @property
    def robots(self) -> RobotsVerdict | None:
        return self.robots_finding.verdict if self.robots_finding else None

    @property
    def encoding(self) -> str | None:
        return self.encoding_finding.real if self.encoding_finding else None


def try_source(  # noqa: PLR0913 (all options are keyword-only)
    draft: SourceDraft,
    *,
    http: HTTPClient,
    policy: AddressPolicy,
    user_agent: str,
    now: dt.datetime,
    limit_s: float = LIMIT_S,
    keyring: Keyring | None = None,
) -> SourceTrial:
    """Fetch and read a source within ``limit_s`` without saving anything; faults come back in words.

    One for the browser is read in the browser, and has 30 seconds at least.
    """
    try:
        options = checked_options(draft, policy)
    except InvalidOptionsError as error:
        return SourceTrial(fault=str(error))
    try:
        key = draft_key(keyring, options, draft.url, draft.sealed_options)
    except SourceKeyError as error:
        return SourceTrial(fault=str(error))
    source = SourceProfile(0, draft.name, draft.kind, draft.url or "", without_key(options))
    requests = SOURCE_TYPES.load(draft.kind)().requests(source)
    if not requests:
        return SourceTrial(fault="这种信源不从网上采集，不用试采。")
    if draft.needs_browser:
        limit_s = max(limit_s, BROWSER_LIMIT_S)
    visit = SiteVisit(http, user_agent, now, limit_s=limit_s, key=key)
    robots = None
    try:
        robots = visit.robots(requests[0].url)
        with ExitStack() as opened:
            if draft.needs_browser:
                visit.use_browser(opened.enter_context(TrialBrowser(policy, user_agent)))
            return _tried(visit, source, robots)
    except VisitFailedError as error:
        return SourceTrial(robots_finding=robots, fault=str(error))
    except FetchFailedError as error:
        return SourceTrial(robots_finding=robots, fault=error.failure.reason)


def _tried(visit: SiteVisit, source: SourceProfile, robots: RobotsFinding) -> SourceTrial:
    source_type = SOURCE_TYPES.load(source.kind)()
    first = source_type.requests(source)[0]
    page = visit.page(first.url, dict(first.headers), body=first.body)
    encoding = encoding_of(page)
    try:
        harvest = read_harvest(visit, source_type, source, page)
    except ExtractionError as error:
        return SourceTrial(Sample(), robots, encoding, fault=str(error))
    found = sample(visit, source_type, source, harvest)
    fault = _fault_in(found)
    return SourceTrial(found, robots, encoding, fault=str(fault) if fault else None)


def _fault_in(found: Sample) -> VisitFault | None:
    if not found.items:
        return fault_of(FailureCause.UNREADABLE, "页面能打开，但没有读到内容。")
    if found.unread == min(len(found.items), MOST_SAMPLES) and found.unread:
        return fault_of(
            FailureCause.UNREADABLE, f"找到 {found.links_found} 个链接，但一篇正文也没有读到。"
        )
    return None
