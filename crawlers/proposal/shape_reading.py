"""A proposed shape, tried on its page: what it would bring."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

from core.errors import ExtractionError, InvalidOptionsError
from core.outbound.address_policy import AddressPolicy
from crawlers.extraction.page import Page, read_page
from crawlers.parsing.forum_floors import floor_options
from crawlers.proposal.board_marks import board_options
from crawlers.proposal.page_shape import json_of, xml_shape
from crawlers.proposal.sampling import read_harvest
from crawlers.proposal.shapes import ProposedShape
from crawlers.proposal.site_visit import SiteVisit, VisitFailedError
from crawlers.source import FetchedPage, Harvest, SourceProfile, SourceType
from crawlers.source_types import SOURCE_TYPES
from crawlers.sources import SourceDraft, checked_options

STALE_AFTER = dt.timedelta(days=90)
SHORTEST_WHOLE_TEXT = 150
# What these types cannot do without is found on the pages that a list leads to.
_MARKS = {"forum": floor_options, "message_board": board_options}


@dataclass(frozen=True, slots=True)
class ShapeReading:
    """A shape with its page and all that the page brought."""

    shape: ProposedShape
    page: FetchedPage = field(repr=False)
    profile: SourceProfile
    harvest: Harvest = field(repr=False)

    @property
    def source_type(self) -> SourceType:
        return SOURCE_TYPES.load(self.shape.kind)()

    @property
    def times(self) -> tuple[dt.datetime | None, ...]:
        found = self.harvest.documents or self.harvest.links
        return tuple(item.published_at for item in found)

    def is_stale(self, now: dt.datetime) -> bool:
        newest = max((time for time in self.times if time is not None), default=None)
        return newest is not None and now - newest > STALE_AFTER


def read_shape(
    visit: SiteVisit, policy: AddressPolicy, shape: ProposedShape, first: FetchedPage
) -> ShapeReading | None:
    """Read a shape from the page that was pasted, or from its own; None when it brings nothing."""
    try:
        page = first if shape.url == first.url else visit.page(shape.url)
        find_marks = _MARKS.get(shape.kind)
        if find_marks is not None and not shape.options:
            shape = replace(shape, options=find_marks(visit, page))
            if not shape.options and not shape.is_asked:
                return None
        reading = _read(visit, policy, shape, page)
    except (VisitFailedError, ExtractionError, InvalidOptionsError):
        # What cannot be read is no candidate; the next may be one.
        return None
    if shape.needs_browser or reading.harvest.documents or reading.harvest.links:
        return _with_whole_texts(visit, policy, reading)
    return None


def html_page(page: FetchedPage) -> Page | None:
    """Read a page as HTML; None when it is something else, or nothing."""
    if json_of(page) is not None or xml_shape(page) is not None:
        return None
    try:
        return read_page(page.body, page.url, page.content_type)
    except ExtractionError:
        return None


def _read(
    visit: SiteVisit, policy: AddressPolicy, shape: ProposedShape, page: FetchedPage
) -> ShapeReading:
    draft = SourceDraft("proposed", shape.kind, shape.url, "proposed", "public", shape.options)
    profile = SourceProfile(0, "", shape.kind, shape.url, checked_options(draft, policy))
    if shape.needs_browser:
        return ShapeReading(shape, page, profile, Harvest())
    source_type = SOURCE_TYPES.load(shape.kind)()
    return ShapeReading(shape, page, profile, read_harvest(visit, source_type, profile, page))


def _with_whole_texts(
    visit: SiteVisit, policy: AddressPolicy, reading: ShapeReading
) -> ShapeReading:
    """Let a feed that carries summaries only be followed to its articles."""
    documents = reading.harvest.documents
    lengths = sorted(len(document.text) for document in documents)
    if (
        reading.shape.kind != "feed"
        or not documents
        or lengths[len(lengths) // 2] >= SHORTEST_WHOLE_TEXT
    ):
        return reading
    shape = replace(
        reading.shape,
        options={**reading.shape.options, "follow_links": True},
        why=f"{reading.shape.why}里面只有摘要，所以打开每条链接采集全文。",
        name=documents[0].outlet or reading.shape.name,
    )
    try:
        again = _read(visit, policy, shape, reading.page)
    except (VisitFailedError, ExtractionError, InvalidOptionsError):
        return reading
    return again if again.harvest.links else reading
