"""Recorded pages below the home folder: a WARC file, or saved pages in a folder or a zip file."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol
from urllib.parse import quote

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord

from core.clock import SHANGHAI
from core.errors import ExtractionError
from crawlers.extraction.encoding import decoded
from crawlers.extraction.page import absolute_url
from crawlers.extraction.published_time import read_time

LARGEST_RECORD = 5_000_000
MOST_FILES = 20_000
LARGEST_RATIO = 200
INDEX = "index.jsonl"
_PAGES = frozenset({".html", ".htm", ".shtml", ".xhtml", ".xml", ".json", ".rss", ".atom", ".gz"})
_SAVED_FROM = re.compile(r"<!--\s{0,5}saved from url=\(\d{1,6}\)(\S{1,2000})\s{0,5}-->")
_CANONICAL = re.compile(
    r"""<link\s[^>]{0,200}?rel=["']?canonical["']?[^>]{0,200}?href=["']([^"'\s]{1,2000})""",
    re.IGNORECASE,
)
_HEAD = 20_000
_PLAIN_NAME = re.compile(r"[^/\\\x00-\x1f]{1,200}")
_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)
OK = "200"
_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Record:
    """A page as it was recorded; ``next_position`` is where reading goes on after it."""

    url: str
    body: bytes = field(repr=False)
    content_type: str
    recorded_at: dt.datetime | None
    next_position: int


def name_fault(name: str) -> str | None:
    """Say in a Chinese sentence why a name cannot be that of a recording."""
    if not _PLAIN_NAME.fullmatch(name) or name.startswith("."):
        return "只能填 replay 文件夹里的文件名或文件夹名，不能带路径。"
    return None


def read_records(folder: Path, name: str, *, start: int, count: int, base_url: str) -> list[Record]:
    """Read up to ``count`` pages from a position on, 0 for the first.

    What is no page, or larger than a page may be, is passed over. ``base_url`` gives saved files an address
    that do not name their own. Raises ExtractionError for what is no recording of this folder.
    """
    path = _path(folder, name)
    if path.is_dir():
        found = _saved(_Folder(path), start, base_url)
    elif zipfile.is_zipfile(path):
        found = _saved(_Zip(path), start, base_url)
    else:
        found = _archived(path, start)
    return _taken(found, count, f"录制文件「{name}」")


def read_recording(content: bytes, *, count: int, base_url: str) -> list[Record]:
    """Read the first pages of a WARC or zip file in memory; raises ExtractionError for anything else."""
    if zipfile.is_zipfile(io.BytesIO(content)):
        return _taken(_saved(_Zip(content), 0, base_url), count, "这个文件")
    return _taken(_answers(io.BytesIO(content), 0), count, "这个文件")


def _taken(found: Iterator[Record], count: int, what: str) -> list[Record]:
    try:
        return list(itertools.islice(found, count))
    except (ArchiveLoadFailed, zipfile.BadZipFile, OSError, EOFError, ValueError) as error:
        raise ExtractionError(f"{what}已损坏或不是可以识别的格式，没有读取。") from error


def _path(folder: Path, name: str) -> Path:
    fault = name_fault(name)
    if fault is not None:
        raise ExtractionError(fault)
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.exists():
        raise ExtractionError(f"replay 文件夹里没有「{name}」。")
    return path


def _archived(path: Path, start: int) -> Iterator[Record]:
    """Read the successful answers of a WARC file; a position is the offset of a record."""
    with path.open("rb") as file:
        yield from _answers(file, start)


def _answers(file: BinaryIO, start: int) -> Iterator[Record]:
    file.seek(start)
    records = ArchiveIterator(file)
    for record in records:
        found = _answer(record)
        records.read_to_end()
        if found is not None:
            url, body, content_type, recorded_at = found
            yield Record(url, body, content_type, recorded_at, records.offset)


def _answer(record: ArcWarcRecord) -> tuple[str, bytes, str, dt.datetime | None] | None:
    headers = record.http_headers
    is_page = record.rec_type == "resource" or (
        record.rec_type == "response" and headers is not None and headers.get_statuscode() == OK
    )
    target = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")
    url = absolute_url(target, target)
    if not is_page or url is None:
        return None
    body = _bounded(record.content_stream())
    content_type = (headers or record.rec_headers).get_header("Content-Type") or ""
    time = read_time(record.rec_headers.get_header("WARC-Date") or "", _EPOCH)
    return None if body is None else (url, body, content_type, time)


def _bounded(stream: Readable) -> bytes | None:
    """Read a body that may be compressed; None for one that is too large."""
    body = bytearray()
    while piece := stream.read(_BLOCK):
        body += piece
        if len(body) > LARGEST_RECORD:
            return None
    return bytes(body)


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Files(Protocol):
    """Files by their names within a recording, in the order of these."""

    def names(self) -> list[str]: ...

    def read(self, name: str) -> bytes | None:
        """Give a file's bytes; None for one that is too large or lies elsewhere."""

    def changed_at(self, name: str) -> dt.datetime | None: ...


@dataclass(frozen=True, slots=True)
class _Folder:
    path: Path

    def names(self) -> list[str]:
        found = (each for each in self.path.rglob("*") if each.is_file())
        names = (each.relative_to(self.path).as_posix() for each in found)
        return sorted(itertools.islice(names, MOST_FILES))

    def read(self, name: str) -> bytes | None:
        path = (self.path / name).resolve()
        if not path.is_relative_to(self.path):
            return None
        with path.open("rb") as file:
            return _bounded(file)

    def changed_at(self, name: str) -> dt.datetime | None:
        return dt.datetime.fromtimestamp((self.path / name).stat().st_mtime, dt.UTC)


@dataclass(frozen=True, slots=True)
class _Zip:
    """A zip file on disk, or one in memory."""

    file: Path | bytes = field(repr=False)

    def _open(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(io.BytesIO(self.file) if isinstance(self.file, bytes) else self.file)

    def names(self) -> list[str]:
        with self._open() as archive:
            entries = archive.infolist()[:MOST_FILES]
        return sorted(entry.filename for entry in entries if not entry.is_dir())

    def read(self, name: str) -> bytes | None:
        with self._open() as archive:
            entry = archive.getinfo(name)
            is_bomb = entry.file_size > LARGEST_RATIO * max(entry.compress_size, 1)
            if is_bomb or entry.file_size > LARGEST_RECORD or entry.flag_bits & 1:
                return None
            with archive.open(entry) as file:
                return _bounded(file)

    def changed_at(self, name: str) -> dt.datetime | None:
        with self._open() as archive:
            try:
                # A zip file knows the local time of where it was made and no zone.
                time = dt.datetime(*archive.getinfo(name).date_time, tzinfo=SHANGHAI)
            except ValueError:
                return None
        return time.astimezone(dt.UTC)


def _saved(files: _Files, start: int, base_url: str) -> Iterator[Record]:
    """Read saved pages by name; a position is a place in the list of names."""
    index = _index(files.read(INDEX) if INDEX in files.names() else None)
    names = [
        name
        for name in files.names()
        if name in index or PurePosixPath(name).suffix.lower() in _PAGES
    ]
    for position in range(start, len(names)):
        name = names[position]
        body = files.read(name)
        if body is None:
            continue
        known = index.get(name, {})
        url = absolute_url(base_url, known.get("url") or _own_address(body) or quote(name))
        if url is None:
            continue
        time = read_time(known.get("fetched_at", ""), _EPOCH) or files.changed_at(name)
        yield Record(url, body, known.get("content_type", ""), time, position + 1)


def _index(body: bytes | None) -> dict[str, Mapping[str, str]]:
    """Read the lines {file, url, fetched_at, content_type} that may lie beside saved pages."""
    found: dict[str, Mapping[str, str]] = {}
    for line in (body or b"").decode(errors="replace").splitlines():
        try:
            row: object = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict) and isinstance(row.get("file"), str):
            found[row["file"]] = {
                name: row[name]
                for name in ("url", "fetched_at", "content_type")
                if isinstance(row.get(name), str)
            }
    return found


def _own_address(body: bytes) -> str | None:
    """Read the address that a browser notes in a page it saves, or that the page gives itself."""
    head = decoded(body[:_HEAD])[0]
    found = _SAVED_FROM.search(head) or _CANONICAL.search(head)
    return found[1] if found else None
