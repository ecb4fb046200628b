"""Reading an evidence file back: its records as they stand, each checked against its own digests."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord

Headers = tuple[tuple[str, str], ...]
TEXT_RECORDS = frozenset({"conversion", "resource"})


@dataclass(frozen=True, slots=True)
class ArchiveRecord:
    """``fault`` is None when the record agrees with its digests; ``http`` is the first line and the headers."""

    kind: str
    id: str
    headers: Headers
    first_line: str
    http: Headers
    content: bytes = field(repr=False)
    fault: str | None

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Archive:
    """The records of a file; ``fault`` says why it could not be read to its end."""

    records: tuple[ArchiveRecord, ...]
    fault: str | None = None

    @property
    def text(self) -> tuple[str, str]:
        """Title and text of the document, masked as they were stored."""
        for record in self.records:
            if record.kind in TEXT_RECORDS:
                title, _, text = record.content.decode("utf-8", "replace").partition("\n\n")
                return title, text
        return "", ""

    @property
    def faults(self) -> tuple[str, ...]:
        found = [
            f"{record.kind} 记录 {record.id}：{record.fault}"
            for record in self.records
            if record.fault
        ]
        return (*found, *([self.fault] if self.fault else []))


def read_archive(content: bytes) -> Archive:
    """Read what can be read; nothing raises, because an altered file must still be described."""
    records: list[ArchiveRecord] = []
    try:
        for record in _records(content):
            records.append(record)  # noqa: PERF402 (what was read before a fault is kept)
    except (ArchiveLoadFailed, zlib.error, EOFError, ValueError, KeyError) as error:
        return Archive(tuple(records), f"文件在第 {len(records) + 1} 条记录处读不下去（{error}）")
    return Archive(tuple(records), None if records else "文件里没有任何记录")


def _records(content: bytes) -> Iterator[ArchiveRecord]:
    for record in ArchiveIterator(io.BytesIO(content), check_digests=True):
        body = record.raw_stream.read()
        yield ArchiveRecord(
            kind=record.rec_type,
            id=str(record.rec_headers.get_header("WARC-Record-ID")),
            headers=tuple(record.rec_headers.headers),
            first_line=_first_line(record),
            http=tuple(record.http_headers.headers) if record.http_headers else (),
            content=body,
            fault=_fault(record),
        )


def _first_line(record: ArcWarcRecord) -> str:
    head = record.http_headers
    return "" if head is None else f"{head.protocol} {head.statusline}"


def _fault(record: ArcWarcRecord) -> str | None:
    if record.rec_headers.get_header("WARC-Block-Digest") is None:
        return "没有摘要"
    if record.digest_checker.passed is not True:
        return "内容与摘要不符"
    return None
