"""JMESPath expressions that people write: checked when they are saved, bounded when they are used."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from core.errors import ExtractionError
from core.options import Options
from crawlers.extraction.encoding import decoded

LONGEST_PATH = 300
LONGEST_VALUE = 100_000
# A list of k expressions makes k results of one value; chained, they multiply.
LARGEST_GROWTH = 64
_USUAL_NAMES = ("items", "list", "data", "result", "results", "rows", "records")
_DEPTH = 4
_GROWING = frozenset({"multi_select_list", "multi_select_dict"})


def json_data(body: bytes, content_type: str = "") -> object:
    """Raise ExtractionError for what is no JSON; text around it is tolerated, as in JSONP."""
    text, _ = decoded(body, content_type)
    try:
        data: object = json.loads(_unwrapped(text))
    except (ValueError, RecursionError) as error:
        raise ExtractionError("这个地址返回的不是 JSON。") from error
    return data


def _unwrapped(text: str) -> str:
    text = text.strip().lstrip("\ufeff")
    if text.startswith(("{", "[")) or not text.endswith((")", ");")):
        return text
    return text.partition("(")[2].rstrip(";").removesuffix(")")


def path_fault(path: str) -> str | None:
    """Say in a Chinese sentence why a path cannot be used."""
    if len(path) > LONGEST_PATH:
        return f"路径最多 {LONGEST_PATH} 个字符。"
    try:
        growth = _growth(_compiled(path).parsed)
    except (JMESPathError, RecursionError):
        return f"「{path}」不是正确的 JMESPath 路径。"
    return None if growth <= LARGEST_GROWTH else f"「{path}」过于复杂，请写得简单些。"


def path_faults(options: Options, names: Iterable[str]) -> dict[str, str]:
    found = {name: path_fault(str(options.get(name) or "@")) for name in names}
    return {name: fault for name, fault in found.items() if fault is not None}


def found_at(path: str, data: object) -> object:
    """Raise ExtractionError for a path that cannot be used, or that does not fit the data."""
    fault = path_fault(path)
    if fault is not None:
        raise ExtractionError(fault)
    try:
        found: object = _compiled(path).search(data)
    except (JMESPathError, RecursionError, TypeError, ValueError) as error:
        raise ExtractionError(f"路径「{path}」与返回的数据不符，接口可能改版了。") from error
    return found


def list_at(path: object, data: object) -> list[object]:
    """Give the list of items; without a path the first list under a usual name. Raises ExtractionError."""
    found = found_at(str(path), data) if path else _usual_list(data, _DEPTH)
    if not isinstance(found, list):
        where = f"「{path}」不是列表" if path else "没有找到条目的列表"
        raise ExtractionError(
            f"JSON 里的{where}，接口可能改版了。"
            if path
            else f"JSON 里{where}，请填写条目所在的路径。"
        )
    return found


def _usual_list(data: object, depth: int) -> object:
    if isinstance(data, list) or not isinstance(data, Mapping) or depth == 0:
        return data
    for name in _USUAL_NAMES:
        if name in data and isinstance(found := _usual_list(data[name], depth - 1), list):
            return found
    return None


def text_at(path: object, data: object) -> str:
    """Give the text of a field, empty where there is none; lists are joined by line ends."""
    if not path:
        return ""
    value = found_at(str(path), data)
    if isinstance(value, list):
        parts = [as_text(part) for part in value[:100]]
        return "\n".join(part for part in parts if part)
    return as_text(value)


def as_text(value: object) -> str:
    if value is None or isinstance(value, (bool, Mapping, list)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)[:LONGEST_VALUE].strip()


@lru_cache(maxsize=256)
def _compiled(path: str) -> ParsedResult:
    return jmespath.compile(path)


def _growth(node: object) -> int:
    """Multiply the widths of all lists that an expression makes."""
    if not isinstance(node, Mapping):
        return 1
    children = node.get("children")
    children = children if isinstance(children, list) else []
    growth = max(1, len(children)) if node.get("type") in _GROWING else 1
    for child in children:
        growth *= _growth(child)
        if growth > LARGEST_GROWTH:
            break
    return growth
