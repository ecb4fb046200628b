"""What a file that somebody brings looks like: its encoding, its delimiter, its header, its columns."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import BinaryIO

from crawlers.importing.column_mapping import KNOWN_NAMES
from crawlers.importing.formats import (
    LARGEST_CELL,
    FileFormat,
    FileLayout,
    ImportFileError,
    encoding_of,
    rows,
    text_stream,
)

DELIMITERS = {",": "逗号", "\t": "制表符", ";": "分号", "|": "竖线"}
SAMPLED_LINES = 50
SAMPLED_BYTES = 1_000_000
LONGEST_NAME = 40
_DATA = re.compile(r"https?://|^\d{4}[-/.年]\d{1,2}|^[\d.,]+$")


@dataclass(frozen=True, slots=True)
class FileLook:
    """``rows`` are the first rows by column; ``columns`` are named as the rows name them."""

    layout: FileLayout
    encoding: str | None
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, object], ...]


def look_at(
    stream: BinaryIO, file_format: FileFormat, *, wanted: FileLayout | None = None
) -> FileLook:
    """Find out a file's layout, or read it in the ``wanted`` one; raises ImportFileError.

    The file is back at its start afterwards.
    """
    with _beginning(stream, file_format) as head:
        layout = wanted or layout_of(head, file_format)
        encoding = encoding_of(head) if file_format is not FileFormat.XLSX else None
        columns: dict[str, None] = {}
        sampled: list[Mapping[str, object]] = []
        for _, row in islice(rows(head, layout), SAMPLED_LINES):
            if not isinstance(row, str):
                columns |= dict.fromkeys(row)
                sampled.append(row)
    stream.seek(0)
    if not columns:
        raise ImportFileError("文件里没有可以导入的行，什么也没有导入。请检查文件和它的格式。")
    return FileLook(layout, layout.encoding or encoding, tuple(columns), tuple(sampled))


def layout_of(stream: BinaryIO, file_format: FileFormat) -> FileLayout:
    """Find out the delimiter and whether there is a header; the file is back at its start afterwards."""
    layout = FileLayout(file_format)
    if file_format is FileFormat.JSONL:
        return layout
    with _beginning(stream, file_format) as head:
        if file_format is FileFormat.CSV:
            layout = replace(layout, delimiter=_delimiter(head))
        first = next(rows(head, replace(layout, has_header=False)), None)
    stream.seek(0)
    if first is None or isinstance(first[1], str):
        return layout
    return replace(layout, has_header=_is_header([v for v in first[1].values() if v is not None]))


@contextmanager
def _beginning(stream: BinaryIO, file_format: FileFormat) -> Iterator[BinaryIO]:
    """Give the whole lines at the start of a file, apart from it; a workbook is only whole as a whole."""
    stream.seek(0)
    if file_format is FileFormat.XLSX:
        yield stream
        return
    head = stream.read(SAMPLED_BYTES)
    if len(head) == SAMPLED_BYTES:
        head = head[: head.rfind(b"\n") + 1] or head
    with io.BytesIO(head) as copy:
        yield copy


def _is_header(cells: list[object]) -> bool:
    texts = [str(cell).strip() for cell in cells]
    if any(text.lower() in KNOWN_NAMES for text in texts):
        return True
    return not any(
        isinstance(cell, (int, float, dt.date)) or len(text) > LONGEST_NAME or _DATA.search(text)
        for cell, text in zip(cells, texts, strict=True)
    )


def _delimiter(stream: BinaryIO) -> str:
    """Choose the sign that cuts the most lines into the same number of cells."""
    head = text_stream(stream).read()
    stream.seek(0)
    lines = head.splitlines()[:SAMPLED_LINES]
    return max(DELIMITERS, key=lambda sign: _evenness(lines, sign))


def _evenness(lines: list[str], sign: str) -> tuple[float, int]:
    csv.field_size_limit(LARGEST_CELL)
    try:
        widths = Counter(len(cells) for cells in csv.reader(lines, delimiter=sign) if cells)
    except csv.Error:
        return 0.0, 0
    width, count = max(widths.items(), key=lambda pair: pair[1], default=(1, 0))
    return (count / widths.total(), width) if width > 1 else (0.0, 0)
