"""How records read in JSON: ids are text, times RFC 3339 in UTC, the unknown is null and never left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import IntEnum, StrEnum

from core.clock import to_rfc3339

# What a JSON document is made of; nested, so that mypy is content with object inside.
JSON = dict[str, object] | list[object] | str | int | float | bool | None


def is_id(name: str) -> bool:
    return name == "id" or name.endswith("_id")


def represent(value: object, name: str = "") -> JSON:  # noqa: C901, PLR0911 (one return per kind of value)
    """Write a record, or a list or mapping of records; ``name`` is the field the value stands in."""
    match value:
        case None | bool() | float():
            return value
        case IntEnum():
            return value.name.lower()
        case StrEnum() | str():
            return str(value)
        case int():
            return str(value) if is_id(name) else value
        case dt.datetime():
            return to_rfc3339(value)
        case dt.date():
            return value.isoformat()
        case bytes():
            return value.hex()
        case Mapping():
            return {_key(key): represent(item, _key(key)) for key, item in value.items()}
        case list() | tuple():
            return [represent(item, name) for item in value]
        case AbstractSet():
            return [represent(item, name) for item in sorted(value)]
    if is_dataclass(value):
        return {
            field.name: represent(getattr(value, field.name), field.name) for field in fields(value)
        }
    raise TypeError(f"{type(value).__name__} in field {name!r} has no JSON form")


def _key(key: object) -> str:
    return key.name.lower() if isinstance(key, IntEnum) else str(key)
