"""What a pasted address could become as a source, found out before anything is saved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import ExtractionError
from core.outbound.address_policy import AddressPolicy
from core.outbound.client import HTTPClient
from crawlers.failures import FailureCause
from crawlers.proposal.candidate import SourceCandidate, candidate_of
from crawlers.proposal.claimed_encoding import EncodingFinding, encoding_of
from crawlers.proposal.page_neighbours import parent_pages
from crawlers.proposal.page_shape import PageShape, json_of, shape_of, traits_of, xml_shape
from crawlers.proposal.pasted_address import pasted_address
from crawlers.proposal.sampling import announcements, sample
from crawlers.proposal.shape_reading import ShapeReading, html_page, read_shape
from crawlers.proposal.shapes import (
    ProposedShape,
    data_shapes,
    html_shapes,
    ranking_shapes,
    xml_shapes,
)
from crawlers.proposal.site_visit import (
    LIMIT_S,
    RobotsFinding,
    SiteVisit,
    VisitFailedError,
    VisitFault,
    fault_of,
)
from crawlers.source import FetchedPage, SourceProfile
from crawlers.source_types import SOURCE_TYPES
from crawlers.source_types.list_page import ListPage

MOST_CANDIDATES = 3
MOST_PARENTS = 2


@dataclass(frozen=True, slots=True)
class SourceProposal:
    """Candidates, best first; without any, ``fault`` says why. ``robots`` is that of the pasted address."""

    url: str
    candidates: tuple[SourceCandidate, ...] = ()
    robots: RobotsFinding | None = None
    encoding: EncodingFinding | None = None
    fault: VisitFault | None = None


def propose(  # noqa: PLR0913 (all options are keyword-only)
    url: str,
    *,
    http: HTTPClient,
    policy: AddressPolicy,
    user_agent: str,
    now: dt.datetime,
    kind: str | None = None,
    limit_s: float = LIMIT_S,
) -> SourceProposal:
    """Look at an address once, within ``limit_s``, and propose; ``kind`` asks for that type first.

    Never raises for what a site does; nothing is stored.
    """
    pasted = pasted_address(url)
    if isinstance(pasted, VisitFault):
        return SourceProposal(url.strip(), fault=pasted)
    visit = SiteVisit(http, user_agent, now, limit_s=limit_s)
    try:
        page = _first_page(visit, pasted.url, pasted.alternative)
    except VisitFailedError as error:
        return SourceProposal(pasted.url, robots=_robots(visit, pasted.url), fault=error.fault)
    robots, encoding = visit.robots(page.url), encoding_of(page)
    try:
        candidates = _Proposer(visit, policy, page, kind).candidates()
    except VisitFailedError as error:
        return SourceProposal(page.url, (), robots, encoding, error.fault)
    return SourceProposal(page.url, candidates, robots, encoding)


def _first_page(visit: SiteVisit, url: str, alternative: str | None) -> FetchedPage:
    try:
        return visit.page(url)
    except VisitFailedError as error:
        is_about_https = error.fault.cause in {
            FailureCause.UNREACHABLE,
            FailureCause.CERTIFICATE,
            FailureCause.ROBOTS_UNAVAILABLE,
        }
        if alternative is None or not is_about_https:
            raise
    return visit.page(alternative)


def _robots(visit: SiteVisit, url: str) -> RobotsFinding | None:
    try:
        return visit.robots(url)
    except VisitFailedError:
        return None


class _Proposer:
    def __init__(
        self, visit: SiteVisit, policy: AddressPolicy, page: FetchedPage, kind: str | None
    ) -> None:
        self._visit = visit
        self._policy = policy
        self._first = page
        self._kind = kind
        self._nothing = fault_of(FailureCause.UNREADABLE, "页面能打开，但没有认出可采集的内容。")

    def candidates(self) -> tuple[SourceCandidate, ...]:
        """Give at most three, best first, the first one with whole texts; raises VisitFailedError."""
        now = self._visit.now
        readings: list[ShapeReading] = []
        for shape in self._shapes():
            reading = read_shape(self._visit, self._policy, shape, self._first)
            if reading is not None:
                readings.append(reading)
            if len(readings) == MOST_CANDIDATES:
                break
        if not readings:
            raise VisitFailedError(self._nothing)
        readings.sort(key=lambda found: (found.shape.kind != self._kind, found.is_stale(now)))
        best, *others = readings
        whole = sample(self._visit, best.source_type, best.profile, best.harvest)
        return (
            candidate_of(best, whole, self._visit),
            *(candidate_of(other, announcements(other.harvest), self._visit) for other in others),
        )

    def _shapes(self) -> Iterator[ProposedShape]:
        if self._kind is not None and SOURCE_TYPES.load(self._kind).needs_url:
            asked = (shape for shape in self._seen() if shape.kind == self._kind)
            yield next(
                asked,
                ProposedShape(self._kind, self._first.url, "按您选的类型读取。", is_asked=True),
            )
        yield from (shape for shape in self._seen() if shape.kind != self._kind)

    def _seen(self) -> Iterator[ProposedShape]:
        data = json_of(self._first)
        if data is not None:
            yield from data_shapes(data, self._first.url, self._visit.now)
            return
        xml = xml_shape(self._first)
        if xml is not None:
            yield from xml_shapes(xml, self._first.url)
            return
        yield from self._html()

    def _html(self) -> Iterator[ProposedShape]:
        page = html_page(self._first)
        if page is None:
            self._nothing = fault_of(FailureCause.UNREADABLE, "页面是空的，或不是网页。")
            return
        traits = traits_of(page)
        headline_links = self._headline_links()
        shape = shape_of(page, traits, headline_links=headline_links)
        yield from ranking_shapes(page, headline_links)
        yield from html_shapes(page, shape, is_of_messages=traits.is_of_messages)
        if shape is PageShape.LOGIN:
            self._nothing = fault_of(FailureCause.FORBIDDEN, "这个网址要登录才能看。")
        elif shape is PageShape.ARTICLE:
            self._nothing = VisitFault(
                FailureCause.UNREADABLE,
                "这是一篇文章的网址，不是会更新的列表。",
                "请粘贴文章所在栏目的网址。",
            )
            for url, name in parent_pages(page)[:MOST_PARENTS]:
                called = f"「{name}」" if name else ""
                yield ProposedShape(
                    "list_page", url, f"您粘贴的是一篇文章；它所在的栏目{called}像是这个列表页。"
                )

    def _headline_links(self) -> int:
        profile = SourceProfile(0, "", "list_page", self._first.url, {"same_site": True})
        try:
            return len(ListPage().parse(self._first, profile).links)
        except ExtractionError:
            return 0
