"""Counting by time and by value; tantivy takes the same requests as Elasticsearch."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypedDict, cast

from core.search.base import Breakdown, FacetField, HistogramBucket, Interval, TermCount

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Hours, and where the first bucket begins: midnight in Shanghai is 16:00 UTC, and the first Monday after the epoch
# began 88 hours after it there.
_WIDTHS = {Interval.HOUR: (1, 0), Interval.DAY: (24, 16), Interval.WEEK: (168, 88)}
_MANY = 1000
"""Values fetched for a facet, so that ties at the end of a short list are broken by value."""


class Bucket(TypedDict, total=False):
    key: float | str
    doc_count: int
    histogram: "Buckets"


class Buckets(TypedDict):
    buckets: list[Bucket]


Aggregation = dict[str, dict[str, object]]
Requests = dict[str, Aggregation]
"""Aggregations by the name that their answers come under."""


def facet_column(field: FacetField) -> str:
    """Name the column that is counted for a facet."""
    return "source_id" if field is FacetField.SOURCE else field.value


def terms_request(column: str, *, size: int, breadth: Mapping[str, int]) -> Aggregation:
    """Ask for the values of a column; `breadth` is the engine's own option for exact counts."""
    return {"terms": {"field": column, "size": max(size, _MANY), **breadth}}


def hours_request(interval: Interval) -> Aggregation:
    """Ask for a histogram of a column that counts hours since 1970."""
    width, offset = _WIDTHS[interval]
    return {"histogram": {"field": "hour", "interval": width, "offset": offset, "min_doc_count": 1}}


def dates_request(interval: Interval) -> Aggregation:
    """Ask for a histogram of a column of dates, answered in milliseconds since 1970."""
    width, offset = _WIDTHS[interval]
    return {
        "date_histogram": {
            "field": "published",
            "fixed_interval": f"{width}h",
            "offset": f"{offset}h",
            "min_doc_count": 1,
        }
    }


def histogram_requests(
    histogram: Aggregation, by: Breakdown | None, *, breadth: Mapping[str, int]
) -> Requests:
    """Ask for the totals and, value by value, for the parts.

    The few values hold the many buckets: the other way round each bucket would look up its values anew.
    """
    requests: Requests = {"histogram": histogram}
    if by is not None:
        parts = terms_request(by.value, size=_MANY, breadth=breadth)
        requests["by"] = {**parts, "aggs": {"histogram": histogram}}
    return requests


def term_counts(terms: object, size: int) -> tuple[TermCount, ...]:
    # The engines answer untyped JSON; this is its documented shape.
    buckets = cast("Buckets", terms)["buckets"]
    counts = [TermCount(str(bucket["key"]), bucket["doc_count"]) for bucket in buckets]
    counts.sort(key=lambda count: (-count.count, count.value))
    return tuple(counts[:size])


def histogram_buckets(answer: Mapping[str, object], unit: timedelta) -> tuple[HistogramBucket, ...]:
    """Read the answer; `unit` is that of the keys."""
    # As above.
    parts = cast("Mapping[str, Buckets]", answer)
    totals = {
        float(bucket["key"]): bucket["doc_count"]
        for bucket in parts["histogram"]["buckets"]
        if bucket["doc_count"]
    }
    counts: dict[float, dict[str, int]] = {key: {} for key in totals}
    for value in parts.get("by", _NONE)["buckets"]:
        name = str(value["key"])
        for bucket in value["histogram"]["buckets"]:
            if bucket["doc_count"]:
                counts[float(bucket["key"])][name] = bucket["doc_count"]
    return tuple(
        HistogramBucket(start=_EPOCH + key * unit, total=totals[key], counts=counts[key])
        for key in sorted(totals)
    )


_NONE: Buckets = {"buckets": []}
