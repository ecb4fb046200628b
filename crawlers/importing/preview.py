"""What importing a file would do: how its first rows are read, and what would be refused."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from crawlers.importing.column_mapping import ColumnMapping
from crawlers.importing.file_import import RefusedRowError, read_row
from crawlers.importing.formats import Fields, FileLayout, rows
from crawlers.intake import CollectedDocument

MOST_READ = 20_000
SAMPLES = 5
_QUOTED = re.compile(r"「[^」]*」")


@dataclass(frozen=True, slots=True)
class RefusedKind:
    """``reason`` without the values of single rows; ``line`` and ``example`` are the first of its kind."""

    reason: str
    count: int
    line: int
    example: str


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """``samples`` are (line, document); ``is_partial`` when only the first rows were read."""

    total: int
    readable: int
    samples: tuple[tuple[int, str, CollectedDocument], ...]
    refused: tuple[RefusedKind, ...]
    is_partial: bool = False


def preview_import(
    stream: BinaryIO,
    layout: FileLayout,
    mapping: ColumnMapping,
    *,
    now: dt.datetime,
    default_source: str,
) -> ImportPreview:
    """Read a file as it would be imported, storing nothing; raises ImportFileError."""
    samples: list[tuple[int, str, CollectedDocument]] = []
    kinds: dict[str, RefusedKind] = {}
    total = readable = 0
    found = rows(stream, layout)
    for line, row in islice(found, MOST_READ):
        total += 1
        try:
            source, document = _read(row, mapping, now, default_source)
        except RefusedRowError as error:
            reason = _QUOTED.sub("「…」", str(error))
            known = kinds.get(reason)
            kinds[reason] = (
                RefusedKind(reason, known.count + 1, known.line, known.example)
                if known
                else RefusedKind(reason, 1, line, str(error))
            )
            continue
        readable += 1
        if len(samples) < SAMPLES:
            samples.append((line, source, document))
    is_partial = total == MOST_READ and next(found, None) is not None
    refused = tuple(sorted(kinds.values(), key=lambda kind: (-kind.count, kind.line)))
    return ImportPreview(total, readable, tuple(samples), refused, is_partial)


def _read(
    row: Fields | str, mapping: ColumnMapping, now: dt.datetime, default_source: str
) -> tuple[str, CollectedDocument]:
    if isinstance(row, str):
        raise RefusedRowError(row)
    return read_row(mapping.applied(row), now, default_source)
