"""A file that somebody brings: its layout found out, its columns proposed, its rows tried."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import FakeClock
from core.crypto.author_hash import AuthorHasher
from core.database.sessions import Sessions
from core.errors import InvalidOptionsError
from crawlers.importing.column_mapping import FIELDS, ColumnMapping, proposed_columns, read_mapping
from crawlers.importing.file_import import ImportContext, import_file
from crawlers.importing.formats import FileFormat, FileLayout, ImportFileError
from crawlers.importing.layout import look_at
from crawlers.importing.preview import preview_import

NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
TEXT = "工地拖欠三个月工资，请有关部门核实情况。"


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "layout", "columns"),
    [
        ("标题,正文\na,b\n".encode(), ("utf-8-sig", ",", True), ("标题", "正文")),
        ("标题;正文\n反映,拖欠;b,c\n".encode("gb18030"), ("gb18030", ";", True), ("标题", "正文")),
        ("題目\t內文\n欠薪\tb\n".encode("utf-16"), ("utf-16", "\t", True), ("題目", "內文")),
        (f"https://a.example/1|{TEXT}|2026-11-20\nhttps://a.example/2|{TEXT}|2026-11-21\n".encode(),
         ("utf-8-sig", "|", False), ("第 1 列", "第 2 列", "第 3 列")),
        (b"a,,a\n1,2,3\n", ("utf-8-sig", ",", True), ("a", "第 2 列", "a（第 3 列）")),
        (f'标题,正文\n"甲","{TEXT}\n第二行"\n'.encode(), ("utf-8-sig", ",", True), ("标题", "正文")),
    ],
)  # fmt: skip
def test_encoding_delimiter_and_header_are_found_out(
    content: bytes, layout: tuple[str, str, bool], columns: tuple[str, ...]
) -> None:
    look = look_at(io.BytesIO(content), FileFormat.CSV)
    assert (look.encoding, look.layout.delimiter, look.layout.has_header) == layout
    assert look.columns == columns


def test_a_workbook_without_a_header_is_read_from_its_first_row() -> None:
    content = workbook([dt.date(2026, 11, 20), "反映欠薪", TEXT], [dt.date(2026, 11, 21), "又一条", TEXT])  # fmt: skip
    look = look_at(io.BytesIO(content), FileFormat.XLSX)
    assert (look.layout.has_header, len(look.rows)) == (False, 2)
    mapping = proposed_columns(look.columns, look.rows, NOW)
    assert dict(mapping.fields) == {
        "title": "第 2 列",
        "text": "第 3 列",
        "published_at": "第 1 列",
    }


def test_columns_of_json_lines_are_gathered_from_many_rows() -> None:
    content = b'{"a": 1}\n{"b": 2}\nbroken\n'
    assert look_at(io.BytesIO(content), FileFormat.JSONL).columns == ("a", "b")
    for nothing in (b"", b"{}\n", b"broken\n"):
        with pytest.raises(ImportFileError):
            look_at(io.BytesIO(nothing), FileFormat.JSONL)


@pytest.mark.parametrize(
    ("columns", "values", "fields"),
    [
        (["标题", "正文", "网址", "发布时间"], ["a", "b", "", ""],
         {"title": "标题", "text": "正文", "url": "网址", "published_at": "发布时间"}),
        (["帖子标题", "帖子内容", "原文链接", "发帖日期", "点击数", "媒体名称"],
         ["反映欠薪", TEXT, "https://a.example/1", "2026/11/20", "1.2万", "河湾晚报"],
         {"title": "帖子标题", "text": "帖子内容", "url": "原文链接", "published_at": "发帖日期",
          "views": "点击数", "source": "媒体名称"}),
        (["甲", "乙", "丙", "丁", "戊"],
         ["17", "https://a.example/1", "反映欠薪的事", TEXT, "2026-11-20 09:30"],
         {"url": "乙", "title": "丙", "text": "丁", "published_at": "戊"}),
        (["标题", "标题长度"], ["反映欠薪的事", "6"], {"title": "标题"}),
    ],
)  # fmt: skip
def test_columns_are_proposed_by_name_and_by_what_they_hold(
    columns: list[str], values: list[str], fields: dict[str, str]
) -> None:
    rows = [dict(zip(columns, values, strict=True))] * 3
    assert dict(proposed_columns(columns, rows, NOW).fields) == fields


COLUMN = st.text(min_size=1, max_size=12).map(str.lower).filter(lambda text: text == text.strip())


@given(st.dictionaries(st.sampled_from(list(FIELDS)), COLUMN))
def test_a_mapping_is_read_back_as_it_was_written(fields: dict[str, str]) -> None:
    assert dict(read_mapping(ColumnMapping(fields).lines()).fields) == fields


@given(st.lists(COLUMN, unique=True, max_size=6), st.lists(st.text(max_size=30), max_size=6))
def test_something_is_proposed_for_any_columns(columns: list[str], values: list[str]) -> None:
    rows = [dict(zip(columns, values, strict=False))]
    mapping = proposed_columns(columns, rows, NOW)
    assert set(mapping.fields.values()) <= set(columns)
    assert len(set(mapping.fields.values())) == len(mapping.fields)


@pytest.mark.parametrize("line", ["标题", "=标题", "帖子=颜色", "帖子="])
def test_a_mapping_that_cannot_be_is_refused_with_what_can(line: str) -> None:
    with pytest.raises(InvalidOptionsError, match="标题（title）"):
        read_mapping([line])
    with pytest.raises(InvalidOptionsError, match="两列"):
        read_mapping(["甲=标题", "乙=title"])


def test_a_preview_counts_what_would_be_refused_by_its_reason() -> None:
    lines = ["标题,时间"] + [f"第 {n} 条,{'改天' if n % 3 else '2026-11-20'}" for n in range(1, 31)] + [","]  # fmt: skip
    layout = FileLayout(FileFormat.CSV)
    mapping = ColumnMapping({"title": "标题", "published_at": "时间"})
    stream = io.BytesIO("\n".join(lines).encode())
    found = preview_import(stream, layout, mapping, now=NOW, default_source="导入")
    assert (found.total, found.readable, found.is_partial) == (30, 10, False)
    assert [line for line, _, _ in found.samples] == [4, 7, 10, 13, 16]
    (kind,) = found.refused
    assert (kind.count, kind.line) == (20, 2)
    assert "「改天」" in kind.example


def test_a_file_is_taken_in_by_the_mapping_that_is_given(
    sessions: Sessions, hasher: AuthorHasher, clock: FakeClock, tmp_path: Path
) -> None:
    path = tmp_path / "strange.csv"
    path.write_text(f"甲;乙\n{TEXT};反映欠薪\n", encoding="gb18030")
    context = ImportContext(
        now=clock.now, hasher=hasher, collected_by="ingest", mapping=read_mapping(["乙=标题", "甲=text"])
    )  # fmt: skip
    result = import_file(sessions, path, context=context)
    assert (result.accepted, result.refused) == (1, ())
