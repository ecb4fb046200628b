"""The first few items of a source, as they would be stored, for somebody who decides about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.errors import CrawlError
from crawlers.intake import CollectedDocument
from crawlers.proposal.site_visit import SiteVisit, VisitFailedError
from crawlers.source import FetchedPage, Harvest, PageLink, SourceProfile, SourceType

MOST_SAMPLES = 5
# A site that asks for long pauses gets one page from us, not five in a row.
PATIENT_DELAY_S = 2.0


@dataclass(frozen=True, slots=True)
class Sample:
    """``unread`` counts the items of which only the announcement could be had."""

    items: tuple[CollectedDocument, ...] = ()
    links_found: int = 0
    unread: int = 0


def read_harvest(
    visit: SiteVisit, source_type: SourceType, source: SourceProfile, page: FetchedPage
) -> Harvest:
    """Read a first page, and the next where it only leads on; raises ExtractionError, VisitFailedError."""
    harvest = source_type.parse(replace(page, first_url=page.first_url or page.url), source)
    if harvest.documents or harvest.links or not harvest.follow:
        return harvest
    further = harvest.follow[0]
    following = visit.page(further.url, further.headers, body=further.body)
    return source_type.parse(
        replace(
            following, number=further.number, first_url=page.url, cursor=harvest.cursor or {}
        ),
        source,
    )  # fmt: skip


def sample(
    visit: SiteVisit,
    source_type: SourceType,
    source: SourceProfile,
    harvest: Harvest,
) -> Sample:
    """Read up to five items; of a linked page that cannot be read its announcement is shown."""
    if harvest.documents:
        return Sample(harvest.documents[:MOST_SAMPLES], len(harvest.links))
    items: list[CollectedDocument] = []
    unread = 0
    for position, link in enumerate(harvest.links[:MOST_SAMPLES]):
        is_read = position < _most_read(visit, link)
        found = _linked(visit, source_type, source, link) if is_read else None
        unread += found is None
        items.append(found or announced(link))
    return Sample(tuple(items), len(harvest.links), unread)


def announcements(harvest: Harvest) -> Sample:
    """Show what is known without fetching anything more."""
    if harvest.documents:
        return Sample(harvest.documents[:MOST_SAMPLES], len(harvest.links))
    shown = tuple(announced(link) for link in harvest.links[:MOST_SAMPLES])
    return Sample(shown, len(harvest.links), len(shown))


def announced(link: PageLink) -> CollectedDocument:
    return CollectedDocument(
        title=link.title or "", text="", url=link.url, published_at=link.published_at
    )


def _most_read(visit: SiteVisit, link: PageLink) -> int:
    try:
        delay_s = visit.robots(link.url).crawl_delay_s
    except VisitFailedError:
        return 0
    return 1 if delay_s >= PATIENT_DELAY_S else MOST_SAMPLES


def _linked(
    visit: SiteVisit, source_type: SourceType, source: SourceProfile, link: PageLink
) -> CollectedDocument | None:
    try:
        page = replace(visit.page(link.url), first_url=link.url)
        documents = source_type.parse_linked(page, source).documents
    except (VisitFailedError, CrawlError):
        # One bad page of five says little; that it was not read is counted.
        return None
    return documents[0] if documents else None
