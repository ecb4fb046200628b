"""Files of one JSON object a line, as commands read them: in constant memory, whatever a line holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO

LONGEST_LINE = 16 * 1024 * 1024

Numbered = tuple[int, bytes]


class BadLineError(ValueError):
    """A line that cannot be used; its text is a Chinese sentence."""


def numbered_lines(source: IO[bytes]) -> Iterator[Numbered]:
    """Yield lines with their number from 1; of a line that is too long only the beginning is kept."""
    number = 0
    while line := source.readline(LONGEST_LINE):
        end = line
        while not end.endswith(b"\n") and (end := source.readline(LONGEST_LINE)):
            pass
        number += 1
        yield number, line


def json_object(line: bytes) -> dict[str, object]:
    """Read the object of a line; raises BadLineError."""
    if len(line) >= LONGEST_LINE:
        raise BadLineError("这一行超过 16 MB，没有处理。")
    try:
        row: object = json.loads(line.decode("utf-8", "surrogatepass").removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise BadLineError("这一行不是正确的 JSON。") from error
    if not isinstance(row, dict):
        raise BadLineError("这一行应为一个 JSON 对象，含 id 与 text。")
    return row


def line_id(row: dict[str, object]) -> str:
    """Give the id of a line as a string; raises BadLineError."""
    id_ = row.get("id")
    if isinstance(id_, bool) or not isinstance(id_, str | int):
        raise BadLineError("缺少 id（字符串或整数）。")
    return str(id_)


def json_bytes(value: object) -> bytes:
    """Write a value on one line; characters that UTF-8 cannot hold are written as JSON escapes."""
    try:
        return json.dumps(value, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(value).encode() + b"\n"
