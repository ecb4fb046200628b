"""Counting by time and by value; tantivy takes the same requests as Elasticsearch."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypedDict, cast

from core.search.base import Breakdown, FacetField, HistogramBucket, Interval, TermCount

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Midnight in Shanghai is 16:00 UTC; the first Monday after the epoch began 88 hours after it there.
_WIDTHS = {
    Interval.HOUR: ("1h", "0h"),
    Interval.DAY: ("1d", "16h"),
    Interval.WEEK: ("7d", "88h"),
}
_MANY = 1000
"""Values fetched for a facet, so that ties at the end of a short list are broken by value."""


class Bucket(TypedDict, total=False):
    key: float | str
    doc_count: int
    by: "Terms"


class Terms(TypedDict):
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


def histogram_request(
    interval: Interval, by: Breakdown | None, *, breadth: Mapping[str, int]
) -> Aggregation:
    width, offset = _WIDTHS[interval]
    request: Aggregation = {
        "date_histogram": {
            "field": "published",
            "fixed_interval": width,
            "offset": offset,
            "min_doc_count": 1,
        }
    }
    if by is not None:
        request["aggs"] = {"by": terms_request(by.value, size=_MANY, breadth=breadth)}
    return request


def term_counts(terms: object, size: int) -> tuple[TermCount, ...]:
    # The engines answer untyped JSON; this is its documented shape.
    buckets = cast("Terms", terms)["buckets"]
    counts = [TermCount(str(bucket["key"]), bucket["doc_count"]) for bucket in buckets]
    counts.sort(key=lambda count: (-count.count, count.value))
    return tuple(counts[:size])


def histogram_buckets(histogram: object) -> tuple[HistogramBucket, ...]:
    # As above.
    buckets: Sequence[Bucket] = cast("Terms", histogram)["buckets"]
    return tuple(
        HistogramBucket(
            start=_EPOCH + timedelta(milliseconds=float(bucket["key"])),
            total=bucket["doc_count"],
            counts={
                count.value: count.count for count in term_counts(bucket.get("by", _NONE), _MANY)
            },
        )
        for bucket in buckets
        if bucket["doc_count"]
    )


_NONE: Terms = {"buckets": []}
