import io
import json
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from core.clock import FakeClock
from core.crypto.author_hash import AuthorHasher
from core.database.models.collecting import Document, DocumentBody, Source
from core.database.sessions import Sessions
from crawlers.importing.file_import import ImportContext, import_file, import_stream
from crawlers.importing.formats import FileFormat, FileLayout, ImportFileError

ROWS: list[dict[str, object]] = [
    {"url": "https://a.example.com/1", "title": "工资拖欠", "text": "三个月没发工资", "published_at": "2026-11-20 09:30", "source": "市民留言", "author": "老张", "views": 12},
    {"url": "https://a.example.com/1", "title": "工资拖欠", "text": "三个月没发工资", "published_at": "2026-11-20 09:30", "source": "市民留言"},
    {"url": "file:///etc/passwd", "title": "坏网址", "text": "x", "published_at": "", "source": "市民留言"},
    {"url": "https://a.example.com/2", "title": "坏时间", "text": "x", "published_at": "改天", "source": "市民留言"},
    {"url": "", "title": "没有网址", "text": "也能导入", "published_at": "", "source": ""},
    {"url": "https://a.example.com/3", "title": "", "text": " ", "published_at": "", "source": "x"},
]  # fmt: skip
COLUMNS = ["url", "title", "text", "published_at", "source", "author", "views"]


@pytest.fixture
def context(hasher: AuthorHasher, clock: FakeClock) -> ImportContext:
    return ImportContext(now=clock.now, hasher=hasher, collected_by="ingest")


def written(folder: Path, file_format: FileFormat, encoding: str = "utf-8") -> Path:
    path = folder / f"rows.{file_format}"
    if file_format is FileFormat.JSONL:
        path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS), encoding)
    elif file_format is FileFormat.CSV:
        lines = [",".join(f'"{row.get(name, "")}"' for name in COLUMNS) for row in ROWS]
        path.write_text("\n".join([",".join(COLUMNS), *lines]), encoding)
    else:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(COLUMNS)
        for row in ROWS:
            sheet.append([row.get(name) for name in COLUMNS])
        book.save(path)
    return path


@pytest.mark.parametrize(
    ("file_format", "encoding"),
    [
        (FileFormat.JSONL, "utf-8"), (FileFormat.JSONL, "gb18030"), (FileFormat.CSV, "utf-8-sig"),
        (FileFormat.CSV, "gb18030"), (FileFormat.XLSX, ""),
    ],
)  # fmt: skip
def test_rows_are_taken_in_or_refused_with_their_line(
    sessions: Sessions,
    context: ImportContext,
    tmp_path: Path,
    file_format: FileFormat,
    encoding: str,
) -> None:
    result = import_file(sessions, written(tmp_path, file_format, encoding), context=context)
    assert (result.accepted, result.duplicate) == (2, 1)
    first = 1 if file_format is FileFormat.JSONL else 2
    assert [line.line - first for line in result.refused] == [2, 3, 5]
    assert "网址" in result.refused[0].reason
    assert "改天" in result.refused[1].reason
    with sessions() as session:
        assert set(session.scalars(select(Source.name))) == {"市民留言", "文件导入"}
        document = session.scalars(
            select(Document).where(Document.canonical_url == "https://a.example.com/1")
        ).one()
        titles = session.scalars(select(DocumentBody.title)).all()
    assert document.published_at.isoformat() == "2026-11-20T01:30:00+00:00"
    assert document.views == 12
    assert document.author_hash is not None
    assert sorted(titles) == ["工资拖欠", "没有网址"]


def test_a_second_import_finds_duplicates_only(
    sessions: Sessions, context: ImportContext, tmp_path: Path
) -> None:
    path = written(tmp_path, FileFormat.JSONL)
    import_file(sessions, path, context=context)
    assert import_file(sessions, path, context=context).accepted == 0


def test_broken_lines_do_not_stop_the_rest(sessions: Sessions, context: ImportContext) -> None:
    lines = ["{", "[1]", json.dumps({"title": "好的一行", "text": "x"}), json.dumps({"title": {}})]
    stream = io.BytesIO("\n".join(lines).encode())
    result = import_stream(sessions, stream, FileLayout(FileFormat.JSONL), context=context)
    assert result.accepted == 1
    assert [line.line for line in result.refused] == [1, 2, 4]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.xlsx", b"PK\x03\x04 not a workbook", "打不开"),
        ("a.xlsx", b"", "打不开"),
        ("a.csv", b"", "空的"),
        ("a.pdf", b"%PDF", "格式"),
    ],
)
def test_a_broken_file_is_refused_as_a_whole(
    sessions: Sessions,
    context: ImportContext,
    tmp_path: Path,
    name: str,
    content: bytes,
    reason: str,
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ImportFileError, match=reason):
        import_file(sessions, path, context=context)


def test_a_missing_file_is_named(
    sessions: Sessions, context: ImportContext, tmp_path: Path
) -> None:
    with pytest.raises(ImportFileError, match=r"没有文件"):
        import_file(sessions, tmp_path / "none.csv", context=context)


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(
    sessions: Sessions, context: ImportContext, tmp_path: Path
) -> None:
    import zipfile

    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 60_000_000)
    with pytest.raises(ImportFileError, match="大得不正常"):
        import_file(sessions, path, context=context)
