"""Typed options of plug-ins, declared once so that the console can draw their forms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias
from urllib.parse import urlsplit

from core.clock import parse_time
from core.errors import InvalidOptionsError

OptionValue: TypeAlias = str | int | float | bool | list[str] | None


class FieldKind(StrEnum):
    TEXT = "text"
    MULTILINE = "multiline"
    NUMBER = "number"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    SECRET = "secret"  # noqa: S105 (the name of a kind, not a secret)
    URL = "url"
    EMAIL = "email"
    DATETIME = "datetime"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One option. ``choices`` are (value, Chinese label) pairs; limits apply to numbers and lengths.

    ``group`` is the Chinese name under which a long form folds rarely used options away.
    """

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    default: OptionValue = None
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    group: str = ""


Options: TypeAlias = dict[str, OptionValue]


class _RefusedValueError(ValueError):
    """Carries the Chinese sentence for one field."""


def parse_options(specs: Iterable[FieldSpec], raw: Mapping[str, object]) -> Options:
    """Check raw form or JSON values against the specs.

    Unknown names are refused. Raises InvalidOptionsError with one sentence per faulty field.
    """
    specs = tuple(specs)
    faults: dict[str, str] = {}
    parsed: Options = {}
    known = {spec.name for spec in specs}
    for name in raw:
        if name not in known:
            faults[name] = f"没有名为「{name}」的选项，可用：{'、'.join(sorted(known)) or '（无）'}"
    for spec in specs:
        try:
            parsed[spec.name] = _parse(spec, raw.get(spec.name))
        except _RefusedValueError as error:
            faults[spec.name] = str(error)
    if faults:
        raise InvalidOptionsError(faults)
    return parsed


def _parse(spec: FieldSpec, value: object) -> OptionValue:
    if spec.kind is FieldKind.BOOLEAN:
        return _boolean(spec, value)
    if value is None or (isinstance(value, str) and not value.strip()) or value == []:
        if spec.default is not None:
            return spec.default
        if spec.required:
            raise _RefusedValueError(f"请填写「{spec.label}」")
        return [] if spec.kind is FieldKind.LIST else None
    if spec.kind in {FieldKind.NUMBER, FieldKind.DECIMAL}:
        return _number(spec, value)
    if spec.kind is FieldKind.LIST:
        return _list(value)
    return _text(spec, str(value) if spec.kind is FieldKind.MULTILINE else str(value).strip())


def _boolean(spec: FieldSpec, value: object) -> bool:
    if value is None:
        return bool(spec.default)
    return value is True or str(value).lower() in {"1", "true", "on", "yes", "是"}


def _list(value: object) -> list[str]:
    items = (
        value
        if isinstance(value, list)
        else str(value).replace("，", ",").replace("\n", ",").split(",")
    )
    return [str(item).strip() for item in items if str(item).strip()]


def _number(spec: FieldSpec, value: object) -> int | float:
    try:
        number = float(str(value))
    except ValueError:
        raise _RefusedValueError(f"「{spec.label}」要填数字，收到的是「{value}」") from None
    if spec.kind is FieldKind.NUMBER and not number.is_integer():
        raise _RefusedValueError(f"「{spec.label}」要填整数，收到的是「{value}」")
    if spec.minimum is not None and number < spec.minimum:
        raise _RefusedValueError(f"「{spec.label}」不能小于 {spec.minimum:g}，收到的是「{value}」")
    if spec.maximum is not None and number > spec.maximum:
        raise _RefusedValueError(f"「{spec.label}」不能大于 {spec.maximum:g}，收到的是「{value}」")
    return int(number) if spec.kind is FieldKind.NUMBER else number


def _text(spec: FieldSpec, text: str) -> str:
    if spec.maximum is not None and len(text) > spec.maximum:
        raise _RefusedValueError(
            f"「{spec.label}」最多 {spec.maximum:g} 个字，现在有 {len(text)} 个"
        )
    if spec.kind is FieldKind.CHOICE and text not in {value for value, _ in spec.choices}:
        allowed = "、".join(label for _, label in spec.choices)
        raise _RefusedValueError(f"「{spec.label}」只能选：{allowed}；收到的是「{text}」")
    if spec.kind is FieldKind.URL and not _is_web_address(text):
        raise _RefusedValueError(
            f"「{spec.label}」要填以 http:// 或 https:// 开头的网址，收到的是「{text}」"
        )
    if spec.kind is FieldKind.EMAIL and ("@" not in text[1:-1] or " " in text):
        raise _RefusedValueError(f"「{spec.label}」要填电子邮箱，收到的是「{text}」")
    if spec.kind is FieldKind.DATETIME:
        try:
            return parse_time(text).isoformat()
        except ValueError:
            example = dt.date(2026, 11, 21).isoformat()
            raise _RefusedValueError(
                f"「{spec.label}」要填时间，如 {example} 09:30；收到的是「{text}」"
            ) from None
    return text


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def secret_names(specs: Iterable[FieldSpec]) -> frozenset[str]:
    return frozenset(spec.name for spec in specs if spec.kind is FieldKind.SECRET)
