"""CSV, XLSX and JSON Lines, read row by row in the layout that they turn out to have."""

from __future__ import annotations

import codecs
import csv
import io
import json
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, TypeAlias
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from core.errors import ZhishengError
from crawlers.extraction.encoding import decoded

SNIFFED_BYTES = 200_000
LARGEST_CELL = 1_000_000
LARGEST_UNPACKED = 1_000_000_000
LARGEST_RATIO = 200
Fields: TypeAlias = Mapping[str, object]
# A row is its line number with its fields, or with the Chinese reason why it cannot be read.
Row: TypeAlias = tuple[int, Fields | str]


class FileFormat(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"
    XLSX = "xlsx"


class ImportFileError(ZhishengError):
    """The file as a whole cannot be read; nothing of it was taken in."""


def format_of(path: Path) -> FileFormat:
    suffix = path.suffix.lower().lstrip(".")
    known = {"json": FileFormat.JSONL, "ndjson": FileFormat.JSONL, "txt": FileFormat.JSONL}
    try:
        return known.get(suffix) or FileFormat(suffix)
    except ValueError:
        raise ImportFileError(
            f"不认识文件「{path.name}」的格式，请用 .jsonl、.csv 或 .xlsx 文件。什么也没有导入。"
        ) from None


@dataclass(frozen=True, slots=True)
class FileLayout:
    """How a file is to be read. None and True stand for what is usual: found out, comma, a header."""

    file_format: FileFormat
    encoding: str | None = None
    delimiter: str = ","
    has_header: bool = True


def rows(stream: BinaryIO, layout: FileLayout) -> Iterator[Row]:
    """Give the rows with their line numbers (from 1); raises ImportFileError."""
    match layout.file_format:
        case FileFormat.JSONL:
            return _jsonl(stream, layout)
        case FileFormat.CSV:
            return _csv(stream, layout)
        case FileFormat.XLSX:
            return _xlsx(stream, layout)


def text_stream(stream: BinaryIO, encoding: str | None = None) -> io.TextIOWrapper:
    """Open a file as text; its encoding is found out unless it is given."""
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BytesIO(stream.read())
    name = encoding or encoding_of(buffered)
    return io.TextIOWrapper(buffered, encoding=name, errors="replace", newline="")


def encoding_of(stream: BinaryIO) -> str:
    """Find the encoding of a file from its beginning; the file is back at its start afterwards."""
    head = stream.read(SNIFFED_BYTES)
    stream.seek(0)
    cut = head if len(head) < SNIFFED_BYTES else head[: head.rfind(b"\n") + 1] or head
    name = decoded(cut)[1]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = "utf-16"
    return "utf-8-sig" if name == "utf-8" else name


def column_names(cells: Sequence[str]) -> list[str]:
    """Name the columns of a header: in lower case, without gaps, each of them once."""
    names: list[str] = []
    for position, cell in enumerate(cells, start=1):
        name = cell.strip().lower() or f"第 {position} 列"
        names.append(name if name not in names else f"{name}（第 {position} 列）")
    return names


def numbered_columns(count: int) -> list[str]:
    return [f"第 {position} 列" for position in range(1, count + 1)]


def _jsonl(stream: BinaryIO, layout: FileLayout) -> Iterator[Row]:
    for line, text in enumerate(text_stream(stream, layout.encoding), start=1):
        if not text.strip():
            continue
        try:
            value: object = json.loads(text)
        except (ValueError, RecursionError):
            yield line, "这一行不是完整的 JSON"
            continue
        if isinstance(value, dict):
            yield line, {str(name).strip().lower(): item for name, item in value.items()}
        else:
            yield line, "这一行不是一个 JSON 对象"


def _csv(stream: BinaryIO, layout: FileLayout) -> Iterator[Row]:
    text = text_stream(stream, layout.encoding)
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.reader(text, delimiter=layout.delimiter)
    header: list[str] | None = None
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield start, f"这一行不是正确的 CSV（{error}）"
            continue
        if cells is None:
            break
        if header is None:
            header = column_names(cells) if layout.has_header else numbered_columns(len(cells))
            if layout.has_header:
                continue
        if any(cell.strip() for cell in cells):
            yield start, dict(zip(header, cells, strict=False))
    if header is None:
        raise ImportFileError("CSV 文件是空的，什么也没有导入。")


def _xlsx(stream: BinaryIO, layout: FileLayout) -> Iterator[Row]:
    _refuse_bomb(stream)
    try:
        with warnings.catch_warnings():
            # Styles and extensions that openpyxl leaves out do not matter to us.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
            sheet = book.active
        if sheet is None:
            raise ImportFileError("XLSX 文件里没有工作表，什么也没有导入。")
        header: list[str] | None = None
        for line, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            if header is None:
                texts = [str(cell or "") for cell in cells]
                header = column_names(texts) if layout.has_header else numbered_columns(len(texts))
                if layout.has_header:
                    continue
            if any(cell is not None for cell in cells):
                yield line, dict(zip(header, cells, strict=False))
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        ParseError,
        OSError,
        TypeError,
        EOFError,
    ) as error:
        raise ImportFileError(
            "XLSX 文件打不开，可能已经损坏，或不是 Excel 保存的文件。请用 Excel 重新另存一份再导入。"
        ) from error


def _refuse_bomb(stream: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(stream) as archive:
            packed = sum(entry.compress_size for entry in archive.infolist())
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ImportFileError(
            "XLSX 文件打不开，可能已经损坏，或不是 Excel 保存的文件。请用 Excel 重新另存一份再导入。"
        ) from error
    if unpacked > LARGEST_UNPACKED or unpacked > LARGEST_RATIO * max(packed, 100_000):
        raise ImportFileError("XLSX 文件解开后大得不正常，为安全起见没有读取，什么也没有导入。")
    stream.seek(0)
