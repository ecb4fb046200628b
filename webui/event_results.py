"""What the list of events shows around its rows: tabs, facets, the conditions in force, pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy import select

from core.database.models.organisation import Person
from core.database.models.understanding import EventStatus
from core.event_list import NOBODY, EventCounts, EventFacet, FacetCount
from webui.console import reading
from webui.document_facets import Facet, FacetValue
from webui.event_filters import PAGE, PERIODS, SILENCED, THRESHOLDS, USUAL_THRESHOLD, EventFilters
from webui.event_words import (
    FACET_LABELS,
    HEAT_LABELS,
    NEGATIVE_LABELS,
    NO_OWNER,
    STATUS_LABELS,
)
from webui.vocabulary import region_label, topic_label

PATH = "/events"
TABS = (
    EventStatus.RISING,
    EventStatus.REBOUND,
    EventStatus.NEW,
    EventStatus.ONGOING,
    EventStatus.FALLING,
    EventStatus.CLOSED,
)


def tabs(filters: EventFilters, counts: EventCounts) -> list[dict[str, object]]:
    going_on = sum(
        count for status, count in counts.by_status.items() if status is not EventStatus.CLOSED
    )
    listed = [("", "进行中", going_on)]
    listed += [(one.value, STATUS_LABELS[one], counts.by_status[one]) for one in TABS]
    listed.append((SILENCED, "已静默", counts.silenced))
    return [
        {
            "label": label,
            "href": replace(filters, status=status, page=1).address(PATH),
            "current": filters.status == status,
            "count": count,
        }
        for status, label, count in listed
    ]


def facets(filters: EventFilters, counts: EventCounts) -> list[Facet]:
    names = owner_names(
        [one.value for one in counts.facets[EventFacet.OWNER]] + list(filters.owner)
    )
    return [_facet(facet, counted, filters, names) for facet, counted in counts.facets.items()]


def _facet(
    facet: EventFacet,
    counted: Sequence[FacetCount],
    filters: EventFilters,
    names: dict[str, str],
) -> Facet:
    chosen = filters.values(facet)
    counts = {one.value: one.count for one in counted}
    counts |= {value: 0 for value in chosen if value not in counts}
    return Facet(
        facet.value,
        FACET_LABELS[facet],
        tuple(
            FacetValue(
                value_label(facet, value, names),
                count,
                filters.toggled(facet, value).address(PATH),
                value in chosen,
            )
            for value, count in counts.items()
        ),
    )


def value_label(facet: EventFacet, value: str, names: dict[str, str]) -> str:
    match facet:
        case EventFacet.TOPIC:
            return topic_label(value)
        case EventFacet.REGION:
            return region_label(value)
        case EventFacet.HEAT:
            return HEAT_LABELS.get(value, value)
        case EventFacet.NEGATIVE:
            return NEGATIVE_LABELS.get(value, value)
        case EventFacet.OWNER:
            return names.get(value, value)


def owner_names(values: Sequence[str]) -> dict[str, str]:
    ids = {int(value) for value in values}
    rows = reading().execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {str(NOBODY): NO_OWNER} | {str(id_): name for id_, name in rows}


def pills(filters: EventFilters) -> list[dict[str, str]]:
    return [
        {"label": label, "href": replace(without, page=1).address(PATH)}
        for label, without in _conditions(filters)
    ]


def _conditions(filters: EventFilters) -> Iterator[tuple[str, EventFilters]]:
    if filters.q:
        yield f"含“{filters.q}”", replace(filters, q="")
    if filters.period:
        yield PERIODS[filters.period][0], replace(filters, period="")
    if filters.least != USUAL_THRESHOLD:
        yield THRESHOLDS[filters.least], replace(filters, least=USUAL_THRESHOLD)
    names = owner_names(filters.owner)
    for facet in EventFacet:
        for value in filters.values(facet):
            label = f"{FACET_LABELS[facet]}：{value_label(facet, value, names)}"
            yield label, filters.toggled(facet, value)


def pager(filters: EventFilters, total: int, shown: int) -> dict[str, str | None]:
    first = (filters.page - 1) * PAGE + 1
    is_last = filters.page * PAGE >= total
    return {
        "previous": replace(filters, page=filters.page - 1).address(PATH)
        if filters.page > 1
        else None,
        "next": None if is_last else replace(filters, page=filters.page + 1).address(PATH),
        "text": f"第 {first} 至 {first + shown - 1} 件，共 {total} 件",
    }
