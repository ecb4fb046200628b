"""Taking the texts of a file in: each row becomes a document or is refused with a reason."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import structlog
from sqlalchemy.orm import Session

from core.clock import parse_time
from core.crypto.author_hash import AuthorHasher
from core.database.models.collecting import Source, SourceLevel
from core.database.sessions import Sessions
from core.faults import fault_point
from crawlers.coverage import ledger as coverage
from crawlers.extraction.page import absolute_url
from crawlers.extraction.published_time import read_time
from crawlers.importing.column_mapping import ALIASES, ColumnMapping
from crawlers.importing.formats import Fields, FileLayout, ImportFileError, Row, format_of, rows
from crawlers.importing.layout import layout_of
from crawlers.intake import CollectedDocument, StoreStatus, cleaned, store
from crawlers.parsing.counts import number
from crawlers.sources import ensure_import_source

log = structlog.get_logger(__name__)

BATCH = 200
LONGEST_SOURCE_NAME = 100
_LEVELS = {
    "中央": SourceLevel.NATIONAL, "省级": SourceLevel.PROVINCIAL, "市级": SourceLevel.CITY,
    "商业": SourceLevel.COMMERCIAL, "公众": SourceLevel.PUBLIC,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImportContext:
    """Without a ``mapping`` columns are known by their usual names."""

    now: Callable[[], dt.datetime]
    hasher: AuthorHasher
    collected_by: str
    default_source: str = "文件导入"
    is_demo: bool = False
    mapping: ColumnMapping | None = None


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """``line`` counts from 1; in CSV and XLSX line 1 is the header."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    accepted: int
    duplicate: int
    refused: tuple[RefusedLine, ...]
    document_ids: tuple[int, ...] = field(repr=False)


class RefusedRowError(ValueError):
    """Carries the Chinese reason for one row."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    source: str
    document: CollectedDocument


def import_file(sessions: Sessions, path: Path, *, context: ImportContext) -> ImportResult:
    """Take a file in, in batches that commit one by one; a second run finds duplicates only.

    Raises ImportFileError when the file as a whole cannot be read.
    """
    file_format = format_of(path)
    try:
        with path.open("rb") as stream:
            layout = layout_of(stream, file_format)
            return import_stream(sessions, stream, layout, context=context)
    except FileNotFoundError:
        raise ImportFileError(f"没有文件「{path}」，什么也没有导入。") from None
    except (PermissionError, IsADirectoryError) as error:
        raise ImportFileError(
            f"文件「{path}」读不了（{error.strerror}），什么也没有导入。"
        ) from error


def import_stream(
    sessions: Sessions, stream: BinaryIO, layout: FileLayout, *, context: ImportContext
) -> ImportResult:
    """As ``import_file``, from an open file in a known layout."""
    refused: list[RefusedLine] = []
    accepted: list[int] = []
    duplicates = 0
    candidates = _candidates(rows(stream, layout), context, refused)
    while batch := list(islice(candidates, BATCH)):
        with sessions.begin() as session:
            new, known = _store_batch(session, batch, context)
            fault_point("ingest.before_commit")
        fault_point("ingest.after_commit")
        accepted.extend(new)
        duplicates += known
    log.info("file_imported", accepted=len(accepted), duplicate=duplicates, refused=len(refused))
    return ImportResult(len(accepted), duplicates, tuple(refused), tuple(accepted))


def _candidates(
    found: Iterator[Row], context: ImportContext, refused: list[RefusedLine]
) -> Iterator[_Candidate]:
    for line, row in found:
        if isinstance(row, str):
            refused.append(RefusedLine(line, row))
            continue
        try:
            fields = row if context.mapping is None else context.mapping.applied(row)
            yield _Candidate(*read_row(fields, context.now(), context.default_source))
        except RefusedRowError as error:
            refused.append(RefusedLine(line, str(error)))


def read_row(row: Fields, now: dt.datetime, default_source: str) -> tuple[str, CollectedDocument]:
    """Give the name of the source and the document; raises RefusedRowError."""
    title, text = _text(row, "title"), _text(row, "text")
    if not title and not text:
        raise RefusedRowError("标题和正文都是空的")
    document = CollectedDocument(
        title=title,
        text=text,
        url=_url(row, title, text),
        published_at=_time(row, now),
        author=_text(row, "author") or None,
        platform=_text(row, "platform")[:50] or None,
        level=_level(row),
        views=_count(row, "views"),
        reposts=_count(row, "reposts"),
        comments=_count(row, "comments"),
        likes=_count(row, "likes"),
    )
    return _text(row, "source")[:LONGEST_SOURCE_NAME] or default_source, document


def _value(row: Fields, name: str) -> object:
    for key in (name, *ALIASES.get(name, ())):
        if row.get(key) is not None:
            return row[key]
    return None


def _text(row: Fields, name: str) -> str:
    value = _value(row, name)
    if isinstance(value, (Mapping, list)):
        raise RefusedRowError(f"「{name}」要填文字，收到的是一个结构")
    return cleaned(str(value)) if value is not None else ""


def _url(row: Fields, title: str, text: str) -> str:
    given = _text(row, "url")
    if not given:
        # A text without an address is known by its content.
        return f"urn:zhisheng:{hashlib.sha256(f'{title}{text}'.encode()).hexdigest()[:32]}"
    if not given.startswith(("http://", "https://")) or absolute_url(given, given) is None:
        raise RefusedRowError(
            f"网址「{given[:100]}」不是以 http:// 或 https:// 开头的完整网址，或者太长"
        )
    return given


def _time(row: Fields, now: dt.datetime) -> dt.datetime | None:
    value = _value(row, "published_at")
    if isinstance(value, (dt.datetime, dt.date)):
        try:
            return parse_time(value.isoformat())
        except ValueError:
            raise RefusedRowError(
                f"发布时间「{value}」不可能，应写成 2026-11-21 09:30 这样"
            ) from None
    text = _text(row, "published_at")
    if not text:
        return None
    found = read_time(text, now)
    if found is None:
        raise RefusedRowError(f"发布时间「{text[:40]}」看不懂，应写成 2026-11-21 09:30 这样")
    return found


def _level(row: Fields) -> str | None:
    text = _text(row, "level")
    if not text:
        return None
    if text in _LEVELS:
        return _LEVELS[text].value
    try:
        return SourceLevel(text.lower()).value
    except ValueError:
        allowed = "、".join(level.value for level in SourceLevel)
        raise RefusedRowError(f"层级「{text[:20]}」不对，只能是：{allowed}") from None


def _count(row: Fields, name: str) -> int | None:
    text = _text(row, name)
    if not text:
        return None
    found = number(text)
    largest = 2**62 if name == "views" else 2**31 - 1
    if found is None or found > largest:
        raise RefusedRowError(f"「{name}」要填不小于 0 的数，收到的是「{text[:20]}」")
    return found


def _store_batch(
    session: Session, batch: list[_Candidate], context: ImportContext
) -> tuple[list[int], int]:
    now = context.now()
    new: list[int] = []
    sources: dict[str, Source] = {}
    seen: Counter[int] = Counter()
    fresh: Counter[int] = Counter()
    for candidate in batch:
        if candidate.source not in sources:
            sources[candidate.source] = ensure_import_source(
                session, candidate.source, now=now, is_demo=context.is_demo
            )
        source = sources[candidate.source]
        outcome = store(
            session,
            source,
            candidate.document,
            now=now,
            hasher=context.hasher,
            collected_by=context.collected_by,
        )
        seen[source.id] += 1
        if outcome.status is StoreStatus.NEW:
            new.append(outcome.document_id)
            fresh[source.id] += 1
    for source_id, count in seen.items():
        gained = coverage.Yield(
            seen=count, new=fresh[source_id], duplicates=count - fresh[source_id]
        )
        coverage.record(session, source_id, gained, now)
    return new, len(batch) - len(new)
