"""A recording that somebody brings: looked at while it is sealed, and put beside the others once it is wanted."""

from __future__ import annotations

import datetime as dt
import os
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from core.errors import ExtractionError, StorageError
from core.options import Options
from crawlers.importing.pending_uploads import OpenUpload
from crawlers.intake import CollectedDocument
from crawlers.parsing.recordings import Record, read_recording
from crawlers.source import FetchedPage, SourceProfile
from crawlers.source_types.replay import Replay

LOOKED_AT = 10
MOST_SAMPLES = 5
NOTHING = "文件里没有读到网页。请上传 WARC（.warc、.warc.gz）文件，或装着网页的 zip 文件。"
NOT_WRITTEN = "录制文件写不进数据文件夹，数据源没有保存。请管理员检查磁盘空间和权限后再试。"
# Where saved pages do not name their own address and nobody has said one yet.
_SOMEWHERE = "https://recording.invalid/"
_UNUSUAL = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class RecordingLook:
    """The first pages, what would be read from them, and why some cannot be read (Chinese sentences)."""

    pages: tuple[Record, ...] = field(repr=False)
    items: tuple[CollectedDocument, ...] = field(default=(), repr=False)
    faults: tuple[str, ...] = ()


def recorded_pages(content: bytes, url: str = "") -> tuple[Record, ...]:
    """Give the first pages; raises ExtractionError for what is no recording, or holds no page."""
    pages = tuple(read_recording(content, count=LOOKED_AT, base_url=url or _SOMEWHERE))
    if not pages:
        raise ExtractionError(NOTHING)
    return pages


def look_at_recording(
    content: bytes, url: str, options: Options, now: dt.datetime
) -> RecordingLook:
    """Read the first pages as the source would; raises ExtractionError as ``recorded_pages``."""
    pages = recorded_pages(content, url)
    source = SourceProfile(0, "", Replay.name, url, options)
    items: list[CollectedDocument] = []
    faults: list[str] = []
    for page in pages:
        recorded_at = page.recorded_at or now
        read = FetchedPage(page.url, page.body, recorded_at, page.content_type, first_url=page.url)
        try:
            items.extend(Replay().parse(read, source).documents)
        except ExtractionError as error:
            faults.append(str(error))
    return RecordingLook(pages, tuple(items[:MOST_SAMPLES]), tuple(faults))


def put_recording(folder: Path, upload: OpenUpload) -> str:
    """Write an upload into the folder of recordings and give its name there; raises StorageError."""
    name = f"{upload.id}-{_UNUSUAL.sub('-', PurePath(upload.name).name)[-100:]}"
    unfinished = folder / f".{name}.part"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # fmt: skip
            file.write(upload.content)
            os.fsync(file.fileno())
        unfinished.replace(folder / name)
    except OSError as error:
        raise StorageError(NOT_WRITTEN) from error
    return name


def drop_recording(folder: Path, name: str) -> None:
    """Take a recording away again whose source could not be saved."""
    (folder / name).unlink(missing_ok=True)
