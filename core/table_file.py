"""A table as a file people open in a spreadsheet: nothing in it is ever calculated, and it says whose it is.

Formula injection: OWASP, "CSV Injection": a cell that begins with ``= + - @``, a tab or a line break may be run by the
program that opens it. In CSV such a cell gets an apostrophe before it; in XLSX every text is stored as text, and marked
as quoted so that saving it as CSV keeps it harmless.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openpyxl import Workbook
from openpyxl.cell import Cell as OpenpyxlCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

Cell = str | int | float | None

WATERMARK = "水印"
LONGEST_CELL = 32_000
"""Excel refuses cells of more than 32,767 characters."""
# Some spreadsheets fold the full-width signs to their ASCII twins.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CUT = "……（过长，已截断）"


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    width: int = 12
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """``watermark`` ends every row; in XLSX it also heads the sheet and every printed page.

    ``about`` tells how the table came to be, on a sheet of its own where the format has sheets.
    """

    name: str
    watermark: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    about: Sequence[tuple[str, str]]


def clean(value: Cell) -> Cell:
    """Drop what a file format cannot hold and cut what a cell cannot."""
    if not isinstance(value, str):
        return value
    text = _UNPRINTABLE.sub("", value)
    return text if len(text) <= LONGEST_CELL else text[:LONGEST_CELL] + _CUT


def is_dangerous(value: Cell) -> bool:
    """Tell whether a spreadsheet might run the cell instead of showing it."""
    return isinstance(value, str) and value.lstrip(" \u3000\ufeff").startswith(_DANGEROUS)


def csv_bytes(table: Table) -> bytes:
    """Write UTF-8 with the mark by which Excel knows it; the first line names the columns."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([*(column.title for column in table.columns), WATERMARK])
    writer.writerows(
        [*(_harmless(clean(value)) for value in row), table.watermark] for row in table.rows
    )
    return buffer.getvalue().encode("utf-8-sig")


def _harmless(value: Cell) -> Cell:
    return f"'{value}" if is_dangerous(value) else value


def xlsx_bytes(table: Table) -> bytes:
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(table.name)
    sheet.freeze_panes = "A3"
    for place, column in enumerate(table.columns, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = column.width
    sheet.oddHeader.center.text = sheet.oddFooter.center.text = table.watermark.replace("&", "&&")
    sheet.append([_cell(sheet, table.watermark, font=Font(color="A01C1C", bold=True))])
    head = PatternFill("solid", fgColor="EEF1F4")
    titles = [*(column.title for column in table.columns), WATERMARK]
    sheet.append([_cell(sheet, title, font=Font(bold=True), fill=head) for title in titles])
    wraps = [column.wraps for column in table.columns]
    grey = Font(color="7D8896")
    for row in table.rows:
        cells = [_cell(sheet, value, wraps=wrap) for value, wrap in zip(row, wraps, strict=True)]
        sheet.append([*cells, _cell(sheet, table.watermark, font=grey)])
    about = workbook.create_sheet("说明")
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 16, 80
    for name, text in table.about:
        about.append([_cell(about, name), _cell(about, text, wraps=True)])
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def _cell(
    sheet: WriteOnlyWorksheet,
    value: Cell,
    *,
    font: Font | None = None,
    fill: PatternFill | None = None,
    wraps: bool = False,
) -> OpenpyxlCell:
    cell = WriteOnlyCell(sheet, clean(value))
    if isinstance(value, str):
        # The library takes a leading "=" for a formula otherwise.
        cell.data_type = "s"
        cell.quotePrefix = is_dangerous(value)
    if font is not None:
        cell.font = font
    if fill is not None:
        cell.fill = fill
    if wraps:
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell
