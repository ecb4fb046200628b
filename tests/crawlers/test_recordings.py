"""Recordings below the replay folder: a WARC file, a zip file or a folder of saved pages."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import zipfile
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from core.errors import ExtractionError
from core.options import parse_options
from crawlers.parsing.recordings import Record, read_records
from crawlers.source import FetchedPage
from crawlers.source_types import SOURCE_TYPES
from tests.crawlers.parsing import NOW, source_of

BASE = "https://bbs.example.com/"
PAGE = "<html><body><h1>工地欠薪</h1><p>四十七名工人</p></body></html>"


def write_warc(path: Path, pages: dict[str, str | bytes], *, gzip: bool = True) -> None:
    """Write pages as a crawler would record them, with the requests in between."""
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=gzip)
        for n, (url, body) in enumerate(pages.items()):
            content = body.encode() if isinstance(body, str) else body
            status = "404 Not Found" if url.endswith("gone") else "200 OK"
            headers = StatusAndHeaders(status, [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")  # fmt: skip
            date = {"WARC-Date": f"2026-11-20T0{n}:00:00Z"}
            request = StatusAndHeaders("GET / HTTP/1.1", [("Host", "bbs.example.com")], is_http_request=True)  # fmt: skip
            writer.write_record(writer.create_warc_record(url, "request", http_headers=request))
            writer.write_record(
                writer.create_warc_record(
                    url, "response", payload=io.BytesIO(content), http_headers=headers,
                    warc_headers_dict=date,
                )
            )  # fmt: skip


def read(folder: Path, name: str, *, start: int = 0, count: int = 50) -> list[Record]:
    return read_records(folder, name, start=start, count=count, base_url=BASE)


@pytest.mark.parametrize("gzip", [True, False])
def test_a_warc_file_is_read_record_by_record_from_any_position(tmp_path: Path, gzip: bool) -> None:
    pages: dict[str, str | bytes] = {f"{BASE}t/{n}": PAGE for n in range(5)}
    pages |= {f"{BASE}gone": PAGE, f"{BASE}large": b"x" * 6_000_000, f"{BASE}last": "最后"}
    write_warc(tmp_path / "a.warc", pages, gzip=gzip)
    everything = read(tmp_path, "a.warc")
    assert [record.url for record in everything] == [
        *(f"{BASE}t/{n}" for n in range(5)),
        f"{BASE}last",
    ]
    assert everything[1].recorded_at == dt.datetime(2026, 11, 20, 1, tzinfo=dt.UTC)
    assert everything[0].body.decode() == PAGE
    position, found = 0, []
    while batch := read(tmp_path, "a.warc", start=position, count=2):
        found += [record.url for record in batch]
        position = batch[-1].next_position
    assert found == [record.url for record in everything]


def test_saved_pages_are_read_from_a_zip_file_and_from_a_folder_alike(tmp_path: Path) -> None:
    index = {"file": "c.html", "url": "/t/3", "fetched_at": "2026-11-20T08:00:00+08:00"}
    files = {
        "a.html": f"<!-- saved from url=(0026){BASE}t/1 -->{PAGE}",
        "b.htm": f"<link rel='canonical' href='{BASE}t/2'>{PAGE}",
        "c.html": PAGE,
        "d d.html": PAGE,
        "picture.png": "x",
        "index.jsonl": json.dumps(index) + "\n不是 JSON\n",
    }
    (tmp_path / "pages").mkdir()
    with zipfile.ZipFile(tmp_path / "pages.zip", "w") as archive:
        for name, text in files.items():
            (tmp_path / "pages" / name).write_text(text)
            archive.writestr(name, text)
    for recording in ("pages", "pages.zip"):
        records = read(tmp_path, recording)
        assert [record.url for record in records] == [
            f"{BASE}t/1", f"{BASE}t/2", f"{BASE}t/3", f"{BASE}d%20d.html",
        ]  # fmt: skip
        assert records[2].recorded_at == dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
        assert [record.url for record in read(tmp_path, recording, start=3)] == [records[3].url]


def test_bombs_in_a_zip_file_are_passed_over(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.html", b"\0" * 50_000_000)
        archive.writestr("dense.html", b"a" * 4_000_000)
        archive.writestr("good.html", PAGE)
    assert [record.url for record in read(tmp_path, "bomb.zip")] == [f"{BASE}good.html"]


@pytest.mark.parametrize(
    "name", ["../secret.html", "/etc/passwd", "..", ".hidden", "link", "missing.warc", "a\x00b", ""]
)
def test_nothing_outside_the_folder_is_read(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "replay"
    folder.mkdir()
    (tmp_path / "secret.html").write_text(PAGE)
    (folder / "link").symlink_to(tmp_path / "secret.html")
    with pytest.raises(ExtractionError):
        read(folder, name)


def test_a_link_out_of_a_folder_of_pages_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "replay" / "pages"
    folder.mkdir(parents=True)
    (tmp_path / "secret.html").write_text(PAGE)
    (folder / "link.html").symlink_to(tmp_path / "secret.html")
    assert read(tmp_path / "replay", "pages") == []


@pytest.mark.parametrize(
    "content", [b"", b"no recording", b"\x1f\x8b\x08broken", b"PK\x03\x04broken"]
)
def test_a_broken_recording_is_refused_or_empty(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.warc").write_bytes(content)
    with contextlib.suppress(ExtractionError):
        assert read(tmp_path, "a.warc") == []


THREAD = """<html><head><title>三个月没发工资</title></head><body>
<div class=post id=p1><i class=time>2026-11-20 08:00</i><div class=text>没发工资。</div></div>
<div class=post id=p2><i class=time>5分钟前</i><div class=text>我也是。</div></div>
<a href='/t/2?page=2'>下一页</a></body></html>"""


def test_a_recorded_page_is_read_as_the_type_it_was_recorded_for_at_its_own_time() -> None:
    source = source_of(
        "replay", BASE, as_type="forum", type_options="post_selector: .post\nlimit: 5"
    )
    recorded_at = NOW - dt.timedelta(days=10)
    page = FetchedPage(f"{BASE}t/1", THREAD.encode(), recorded_at, cursor={"shift_s": 864_000})
    harvest = SOURCE_TYPES.load("replay")().parse(page, source)
    assert harvest.is_thread
    assert (harvest.links, harvest.follow, harvest.cursor) == ((), (), None)
    opening, reply = harvest.documents
    assert opening.url == f"{BASE}t/1"
    assert opening.published_at == dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
    assert reply.published_at == NOW - dt.timedelta(minutes=5)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"file": "../a.warc"}, "file"),
        ({"file": "a.warc", "type_options": "nonsense: 1"}, "type_options"),
        ({"file": "a.warc", "type_options": "[1, 2]"}, "type_options"),
        ({"file": "a.warc", "type_options": "a: ["}, "type_options"),
        ({"file": "a.warc", "type_options": "link_selector: '[['"}, "type_options"),
    ],
)
def test_faulty_options_of_a_recording_are_refused(options: dict[str, object], field: str) -> None:
    source_type = SOURCE_TYPES.load("replay")
    assert set(source_type().faults(parse_options(source_type.options, options))) == {field}


def test_the_lists_of_a_recording_are_its_own_address() -> None:
    profile = source_of("replay", BASE, pages_are="")
    body = "<ul>" + "".join(f"<li><a href='/t/{n}0001'>关于拖欠工资的帖子第{n}号</a></li>" for n in range(4)) + "</ul>"  # fmt: skip
    page = FetchedPage(BASE, body.encode(), NOW)
    assert SOURCE_TYPES.load("replay")().parse(page, profile).documents == ()
