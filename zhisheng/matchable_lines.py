"""JSON lines as documents that expressions are matched with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from config.regions import Region
from core.clock import parse_time
from core.expression import Field, MatchDocument
from core.expression.fields import BUILT_IN_NAMES
from core.expression.value_names import ValueNames
from core.matching_text import matching_text
from zhisheng.json_lines import BadLineError

Row = Mapping[str, object]


class LineDocuments:
    """Reads the fields of a row by the names of the language; codes and names mean the same."""

    def __init__(
        self, names: Mapping[Field, Mapping[str, str]], regions: Mapping[str, Region]
    ) -> None:
        known = {**BUILT_IN_NAMES, **names}
        self._names = {field: ValueNames.of(values) for field, values in known.items()}
        self._regions = regions

    def document(self, row: Row) -> MatchDocument:
        """Build the document; raises BadLineError with a Chinese sentence."""
        source = row.get("source")
        is_number = isinstance(source, int) and not isinstance(source, bool)
        return MatchDocument(
            title=_text(row, "title") or "",
            text=_required(row, "text"),
            published_at=_moment(row, "published_at"),
            platform=_text(row, "platform") or "",
            source_id=_identifier(row, "source" if is_number else "source_id") or 0,
            source_name="" if is_number else _text(row, "source") or "",
            level=self._one(row, "level", Field.LEVEL),
            regions=self._places(row),
            topics=tuple(self._several(row, ("topics", "topic"), Field.TOPIC)),
            polarity=self._one(row, "polarity", Field.POLARITY),
            relevant=_truth(row, "relevant"),
            our_union=_truth(row, "our_union"),
            employers=tuple(_texts(row, ("employers", "employer"))),
            event_id=_identifier(row, "event_id", "event"),
            story_id=_identifier(row, "story_id", "story"),
            views=_count(row, "views"),
            reposts=_count(row, "reposts"),
            comments=_count(row, "comments"),
        )

    def _value(self, field: Field, written: str) -> str:
        """Give the code for a name; what is unknown stays as it is, and no expression can ask for it."""
        names = self._names.get(field)
        known = names.resolved(matching_text(written).strip()) if names else None
        return written if known is None else known

    def _one(self, row: Row, key: str, field: Field) -> str | None:
        written = _text(row, key)
        return self._value(field, written) if written else None

    def _several(self, row: Row, keys: tuple[str, ...], field: Field) -> Iterator[str]:
        for written in _texts(row, keys):
            yield self._value(field, written)

    def _places(self, row: Row) -> tuple[str, ...]:
        """List the adcodes with those of the places they lie in."""
        found: dict[str, None] = {}
        for adcode in self._several(row, ("regions", "region"), Field.REGION):
            found[adcode] = None
            place = self._regions.get(adcode)
            while place is not None and place.parent is not None:
                found[place.parent] = None
                place = self._regions.get(place.parent)
        return tuple(found)


def _text(row: Row, key: str) -> str | None:
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise BadLineError(f"{key} 应为字符串。")
    return value


def _required(row: Row, key: str) -> str:
    value = _text(row, key)
    if value is None:
        raise BadLineError(f"缺少 {key}（字符串）。")
    return value


def _texts(row: Row, keys: tuple[str, ...]) -> Iterator[str]:
    """Yield what a list holds; one value may stand without brackets, a code without quotation marks."""
    for key in keys:
        value = row.get(key)
        values = value if isinstance(value, list) else [value] if value is not None else []
        for one in values:
            if isinstance(one, bool) or not isinstance(one, str | int):
                raise BadLineError(f"{key} 应为字符串的列表。")
            yield str(one)


def _truth(row: Row, key: str) -> bool | None:
    value = row.get(key)
    if value is not None and not isinstance(value, bool):
        raise BadLineError(f"{key} 应为 true、false 或 null。")
    return value


def _count(row: Row, key: str) -> int | None:
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadLineError(f"{key} 应为整数。")
    return value


def _identifier(row: Row, *keys: str) -> int | None:
    for key in keys:
        value = row.get(key)
        if value is None:
            continue
        is_digits = isinstance(value, str) and value.isascii() and value.isdigit()
        if isinstance(value, bool) or not (isinstance(value, int) or is_digits):
            raise BadLineError(f"{key} 应为编号。")
        return int(str(value))
    return None


def _moment(row: Row, key: str) -> dt.datetime | None:
    value = row.get(key)
    if value is None:
        return None
    try:
        return parse_time(str(value))
    except ValueError as error:
        raise BadLineError(
            f"{key} 应为时间，如 2026-11-21T09:30:00+08:00，而不是「{str(value)[:40]}」。"
        ) from error
