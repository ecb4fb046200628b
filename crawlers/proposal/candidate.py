"""A reading turned into a source that could be saved as it is."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from crawlers.proposal.claimed_encoding import EncodingFinding, encoding_of
from crawlers.proposal.interval import proposed_interval
from crawlers.proposal.page_neighbours import page_names
from crawlers.proposal.sampling import PATIENT_DELAY_S, Sample
from crawlers.proposal.shape_reading import ShapeReading, html_page
from crawlers.proposal.site_visit import RobotsFinding, SiteVisit
from crawlers.proposal.terms import proposed_basis, proposed_name, proposed_platform, standing
from crawlers.sources import SourceDraft


@dataclass(frozen=True, slots=True)
class SourceCandidate:
    """``why`` and ``notes`` are Chinese sentences; ``is_stale`` when its newest item is months old."""

    draft: SourceDraft
    why: str
    sample: Sample
    robots: RobotsFinding
    encoding: EncodingFinding
    notes: tuple[str, ...] = ()
    is_stale: bool = False


def candidate_of(reading: ShapeReading, found: Sample, visit: SiteVisit) -> SourceCandidate:
    shape, page = reading.shape, reading.page
    robots, encoding = visit.robots(page.url), encoding_of(page)
    host = urlsplit(page.url).hostname or ""
    place = standing(host)
    interval = proposed_interval(
        reading.times if any(reading.times) else [item.published_at for item in found.items],
        visit.now,
        crawl_delay_s=robots.crawl_delay_s,
        is_ranking=shape.kind == "trending_list",
    )
    draft = SourceDraft(
        name=proposed_name(host, place, _names(reading)),
        kind=shape.kind,
        url=page.url,
        platform=proposed_platform(place, shape.kind),
        level=place.level,
        options=reading.profile.options,
        legal_basis=proposed_basis(place, robots, visit.now),
        interval_s=interval.interval_s,
        interval_floor_s=interval.floor_s,
        interval_ceiling_s=interval.ceiling_s,
        adcode=place.adcode or None,
        needs_browser=shape.needs_browser,
    )
    is_stale = reading.is_stale(visit.now)
    notes = [interval.why]
    if is_stale:
        notes.append("最新的一条也是三个月以前的，可能已经停止更新。")
    if encoding.is_misleading:
        notes.append(f"页面自称 {encoding.claimed}，实际是 {encoding.real}；按实际的读。")
    if robots.crawl_delay_s >= PATIENT_DELAY_S:
        notes.append(f"网站要求两次访问相隔 {robots.crawl_delay_s:g} 秒，样本只读了第一篇全文。")
    elif found.unread and found.unread == len(found.items) and not shape.needs_browser:
        notes.append("样本只有标题：正文还没有打开，或没有读到。")
    return SourceCandidate(draft, shape.why, found, robots, encoding, tuple(notes), is_stale)


def _names(reading: ShapeReading) -> tuple[str, ...]:
    if reading.shape.kind == "feed":
        documents = reading.harvest.documents
        outlet = documents[0].outlet if documents else None
        return tuple(name for name in (outlet, reading.shape.name) if name)[:1]
    page = html_page(reading.page)
    return page_names(page) if page is not None else ()
