"""A search query as one expression and its position in an order."""

from datetime import datetime

from core.errors import StorageError
from core.expression.facts import keyword, milliseconds
from core.expression.syntax import (
    And,
    Condition,
    Expression,
    Field,
    Group,
    Near,
    Or,
    TimeRange,
    Word,
    conjunction,
)
from core.search.base import RELEVANT_HITS, SearchDocument, SearchOrder, SearchPage, SearchQuery

_ID_BITS = 32
_HEAT_SCALE = 1000
_TOP = (1 << 31) - 1


class CursorError(StorageError):
    """A cursor that does not belong to this query; nothing is wrong with the index."""

    def __init__(self, cursor: str) -> None:
        super().__init__(f"翻页位置“{cursor[:40]}”无法识别，请从第一页重新检索。")


def selection(query: SearchQuery) -> Expression | None:
    """Join the expression and the filters, all but `ingested_since`."""
    parts: list[Expression] = [] if query.expression is None else [query.expression]
    wanted: tuple[tuple[Field, tuple[str, ...]], ...] = (
        (Field.PLATFORM, query.platforms),
        (Field.SOURCE, tuple(str(source_id) for source_id in query.source_ids)),
        (Field.LEVEL, query.levels),
        (Field.REGION, query.regions),
        (Field.TOPIC, query.topics),
        (Field.POLARITY, query.polarities),
        (Field.RELEVANT, _truth(query.relevant)),
        (Field.OUR_UNION, _truth(query.our_union)),
        (Field.EVENT, () if query.event_id is None else (str(query.event_id),)),
        (Field.STORY, () if query.story_id is None else (str(query.story_id),)),
    )
    parts += [
        Condition(field, tuple(keyword(value) for value in values))
        for field, values in wanted
        if values
    ]
    if query.since is not None or query.until is not None:
        parts.append(TimeRange(since=query.since, until=query.until))
    return conjunction(tuple(parts)) if parts else None


def _truth(value: bool | None) -> tuple[str, ...]:  # noqa: FBT001 -- the value itself is meant
    return () if value is None else ("true" if value else "false",)


def bounds(leaf: TimeRange, now: datetime | None) -> tuple[int | None, int | None]:
    """Give the half-open bounds of a range in milliseconds; `now` is needed for a recent one."""
    if leaf.recent is None:
        return (
            milliseconds(leaf.since) if leaf.since else None,
            milliseconds(leaf.until) if leaf.until else None,
        )
    if now is None:
        raise ValueError("A query with a recent time range needs `now`.")
    return milliseconds(now - leaf.recent), None


def order_key(document: SearchDocument) -> int:
    """Order by second published, then id: unique, and less than 2**63."""
    seconds = milliseconds(document.published_at) // 1000
    return _key(seconds, document.id)


def heat_key(document: SearchDocument) -> int:
    return _key(int(max(document.hotness, 0.0) * _HEAT_SCALE), document.id)


def _key(value: int, document_id: int) -> int:
    return (min(max(value, 0), _TOP) << _ID_BITS) | (document_id & ((1 << _ID_BITS) - 1))


def ordering(query: SearchQuery) -> SearchOrder:
    """Give the order that is meant: without words that score, the most relevant is the newest."""
    is_ranked = query.order is SearchOrder.RELEVANCE
    if is_ranked and (query.expression is None or not has_scored_words(query.expression)):
        return SearchOrder.NEWEST
    return query.order


def has_scored_words(expression: Expression) -> bool:
    """Say whether it has a word outside NOT."""
    match expression:
        case And(operands) | Or(operands):
            return any(has_scored_words(operand) for operand in operands)
        case Word() | Group() | Near():
            return True
        case _:
            return False


def ranked_window(query: SearchQuery) -> tuple[int, int]:
    """Give the first rank of a page by relevance and how many it has at most; raises CursorError."""
    first = 0
    if query.cursor is not None:
        first = key_of(SearchOrder.RELEVANCE, query.cursor)
        if first >= RELEVANT_HITS:
            raise CursorError(query.cursor)
    return first, min(query.limit, RELEVANT_HITS - first)


def ranked_page(ids: tuple[int, ...], first: int, total: int) -> SearchPage:
    end = first + len(ids)
    has_more = bool(ids) and end < min(total, RELEVANT_HITS)
    return SearchPage(ids, total, cursor_of(SearchOrder.RELEVANCE, end) if has_more else None)


def cursor_of(order: SearchOrder, key: int) -> str:
    return f"{order.value[0]}{key:x}"


def key_of(order: SearchOrder, cursor: str) -> int:
    """Read the key behind which the next page begins; raises CursorError."""
    try:
        key = int(cursor[1:], 16)
    except ValueError:
        raise CursorError(cursor) from None
    if cursor[:1] != order.value[0] or not 0 <= key < 1 << 63:
        raise CursorError(cursor)
    return key
