"""Sources: tried before they are saved, paused, imported from files."""

import datetime as dt
import html
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from core.clock import FakeClock
from core.database.models.collecting import Document, DocumentBody, PendingUpload, Source
from core.database.partitions import ensure_partitions
from core.database.sessions import Sessions
from crawlers.parsing.recordings import read_records
from crawlers.source_types import SOURCE_TYPES
from tests.webui.conftest import Member, console_of, csrf_token, post, sign_in
from tests.webui.test_source_adding import fields

ITEMS = "".join(
    f"<item><title>第 {number} 条，联系 13812345678</title><link>http://127.0.0.1/{number}</link>"
    f"<description>正文 {number}，工人反映工资没有按时发放，已经向项目部反映多次。</description>"
    "<pubDate>Sat, 21 Nov 2026 09:00:00 +0800</pubDate></item>"
    for number in range(7)
)
FEED = f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{ITEMS}</channel></rss>'


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = FEED.encode() if self.path == "/feed.xml" else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def admin(client: FlaskClient, sessions: Sessions, clock: FakeClock) -> FlaskClient:
    with sessions.begin() as session:
        ensure_partitions(session, clock.now())
    sign_in(client, "admin")
    return client


def feed(url: str, /, **changes: object) -> dict[str, object]:
    fields: dict[str, object] = {
        "name": "河湾新闻",
        "url": url,
        "platform": "网站",
        "level": "city",
        "legal_basis": "公开订阅源",
        "interval_s": "600",
        "do": "save",
    }
    return fields | changes


def stored(sessions: Sessions) -> list[Source]:
    with sessions() as session:
        return list(session.scalars(select(Source)))


def test_trial_shows_five_masked_samples_and_saves_nothing(
    admin: FlaskClient, sessions: Sessions, site: str
) -> None:
    answer = post(admin, "/sources/new/feed", feed(f"{site}/feed.xml", do="try"))
    text = answer.get_data(as_text=True)
    assert "采到 5 条样本" in text
    assert "13812345678" not in text
    assert 'value="河湾新闻"' in text
    assert stored(sessions) == []


def test_saved_source_is_due_at_once_then_paused_resumed_and_visited(
    admin: FlaskClient, sessions: Sessions, clock: FakeClock, site: str
) -> None:
    assert post(admin, "/sources/new/feed", feed(f"{site}/feed.xml")).status_code == 303
    (source,) = stored(sessions)
    assert source.due_at == clock.now()
    assert "河湾新闻" in admin.get("/sources").get_data(as_text=True)
    states = []
    for action in ("pause", "resume", "visit"):
        assert post(admin, f"/sources/{source.id}/{action}").status_code == 303
        states.append(stored(sessions)[0].state)
    assert states == ["paused", "active", "active"]


def test_every_type_draws_its_own_form_and_says_which_field_is_wrong(admin: FlaskClient) -> None:
    for kind, source_type in SOURCE_TYPES.load_all().items():
        if source_type.needs_url:
            page = html.unescape(admin.get(f"/sources/new/{kind}").get_data(as_text=True))
            assert [spec.name for spec in source_type.options if spec.label not in page] == []
            assert "built-in" not in page
    wrong = {"option.title_field": "a[", "option.cursor_path": "b["}
    answer = post(admin, "/sources/new/json_api", feed("https://api.example.com/", **wrong))
    assert answer.status_code == 422
    page = html.unescape(answer.get_data(as_text=True))
    assert "「a[」不是正确的 JMESPath 路径。" in page
    assert '<details class="unfold" open><summary>分页与续采' in page


def test_edited_source_keeps_its_number(admin: FlaskClient, sessions: Sessions, site: str) -> None:
    post(admin, "/sources/new/feed", feed(f"{site}/feed.xml"))
    (source,) = stored(sessions)
    assert 'value="河湾新闻"' in admin.get(f"/sources/{source.id}").get_data(as_text=True)
    changed = feed(f"{site}/feed.xml", name="河湾要闻", interval_s="60")
    assert post(admin, f"/sources/{source.id}", changed).status_code == 303
    assert [(row.id, row.name, row.interval_s) for row in stored(sessions)] == [
        (source.id, "河湾要闻", 60)
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"url": "file:///etc/passwd"}, "这个网址不能采集"),
        ({"url": "http://10.0.0.1/feed"}, "这个网址不能采集"),
        ({"url": ""}, "请填写网址"),
        ({"name": ""}, "请填写名称"),
        ({"interval_s": "0"}, "采集间隔应在"),
        ({"level": "galaxy"}, "层级只能是"),
    ],
)
def test_refused_source_names_the_fault_and_keeps_the_form(
    admin: FlaskClient, sessions: Sessions, changes: dict[str, object], sentence: str
) -> None:
    answer = post(admin, "/sources/new/feed", feed("http://127.0.0.1:9/feed.xml", **changes))
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert sentence in text
    assert 'value="公开订阅源"' in text
    assert stored(sessions) == []


def test_a_key_is_set_kept_and_replaced_without_ever_being_shown(
    admin: FlaskClient, sessions: Sessions
) -> None:
    url, key = "https://api.example.com/", "Bearer 4f9c-secret"
    typed = {"option.key_header": "Authorization", "option.key_value": key}
    refused = post(admin, "/sources/new/json_api", feed(url, **typed, name=""))
    assert (refused.status_code, "4f9c" in refused.get_data(as_text=True)) == (422, False)
    assert "已保存，留空则不更改" not in refused.get_data(as_text=True)
    assert post(admin, "/sources/new/json_api", feed(url, **typed)).status_code == 303
    (source,) = stored(sessions)
    page = admin.get(f"/sources/{source.id}").get_data(as_text=True)
    assert "已保存，留空则不更改" in page
    assert "4f9c" not in page + str(source.options)
    blank = typed | {"option.key_value": ""}
    assert post(admin, f"/sources/{source.id}", feed(url, **blank)).status_code == 303
    assert stored(sessions)[0].sealed_options == source.sealed_options
    moved = post(admin, f"/sources/{source.id}", feed("https://api.example.org/", **blank))
    assert "请重新填写密钥" in moved.get_data(as_text=True)
    post(admin, f"/sources/{source.id}", feed(url, **typed | {"option.key_value": "new"}))
    assert stored(sessions)[0].sealed_options != source.sealed_options


def test_unreachable_site_is_a_sentence_in_the_trial(admin: FlaskClient) -> None:
    answer = post(admin, "/sources/new/feed", feed("http://127.0.0.1:9/feed.xml", do="try"))
    assert "没有采到：" in answer.get_data(as_text=True)


def upload(client: FlaskClient, content: bytes, name: str) -> TestResponse:
    form = {"csrf_token": csrf_token(client), "file": (io.BytesIO(content), name)}
    return client.post("/sources/import", data=form, content_type="multipart/form-data")


def test_file_is_shown_then_imported_masked_and_refused_lines_are_listed(
    admin: FlaskClient, sessions: Sessions
) -> None:
    good = {
        "url": "https://example.invalid/1",
        "title": "反映工资拖欠",
        "text": "工地拖欠三个月工资，请联系 13812345678 核实情况。",
        "published_at": "2026-11-20 08:00",
        "author": "某网友",
    }
    lines = [
        json.dumps(good, ensure_ascii=False),
        "{broken",
        json.dumps({"url": "https://example.invalid/2"}),
    ]
    path = upload(admin, "\n".join(lines).encode(), "posts.jsonl").headers["Location"]
    page = admin.get(path).get_data(as_text=True)
    assert "能导入 1 行，拒绝 2 行" in page
    assert "13812345678" not in page
    with sessions() as session:
        assert session.scalars(select(Document.id)).all() == []
    text = post(admin, path, fields(page, path) | {"do": "import"}).get_data(as_text=True)
    assert "导入 1 条，重复 0 条，拒绝 2 条" in text
    assert "没有导入的行" in text
    with sessions() as session:
        assert len(session.scalars(select(Document.id)).all()) == 1
        body = session.scalars(select(DocumentBody)).one()
        assert "13812345678" not in body.text
        assert "某网友" not in str(vars(body))
        assert session.scalars(select(PendingUpload)).all() == []
    assert admin.get(path).headers["Location"] == "/sources/import"


STRANGE = """\
帖子;何时;哪里;说了什么;热度
反映工资拖欠;2026年11月20日 08:00;https://example.invalid/1;工地拖欠三个月工资，请核实情况。;1.2万
没有时间;改天;https://example.invalid/2;工地又拖欠工资，请再核实情况。;3
"""


def test_columns_with_strange_names_are_guessed_corrected_and_remembered(
    admin: FlaskClient, sessions: Sessions, clock: FakeClock
) -> None:
    content = STRANGE.encode("gb18030")
    path = upload(admin, content, "posts.csv").headers["Location"]
    page = admin.get(path).get_data(as_text=True)
    form = fields(page, path)
    assert [form[f"column.{number}"] for number in range(5)] == ["title", "published_at", "url", "text", ""]  # fmt: skip
    assert "分号" in page
    assert "gb18030" in page
    assert "发布时间「…」看不懂" in page
    doubled = post(admin, path, form | {"column.4": "title", "do": "import"})
    assert (doubled.status_code, "对应了两列" in doubled.get_data(as_text=True)) == (422, True)
    none = {f"column.{number}": "" for number in range(5)}
    assert post(admin, path, form | none | {"do": "import"}).status_code == 422
    reread = post(admin, path, form | {"do": "reread", "delimiter": ","}).get_data(as_text=True)
    assert "帖子;何时;哪里;说了什么;热度" in reread
    chosen = form | {"column.4": "views", "source": "周报", "remember": "1", "do": "import"}
    assert "导入 1 条" in post(admin, path, chosen).get_data(as_text=True)
    with sessions() as session:
        assert session.scalars(select(Document.views)).all() == [12_000]
        assert session.scalars(select(Source.options)).one()["mapping"]
    path = upload(admin, content, "posts2.csv").headers["Location"]
    again = admin.get(path).get_data(as_text=True)
    assert "上次导入「周报」时一样" in again
    assert fields(again, path)["column.4"] == "views"
    discarded = post(admin, path, {"do": "discard"})
    assert discarded.status_code == 303
    path = upload(admin, content, "posts3.csv").headers["Location"]
    clock.advance(dt.timedelta(hours=3))
    sign_in(admin, "admin")
    assert post(admin, path, {"do": "import"}).headers["Location"] == "/sources/import"


def test_an_upload_is_only_there_for_whoever_brought_it(
    admin: FlaskClient, people: dict[str, Member], sessions: Sessions
) -> None:
    path = upload(admin, STRANGE.encode(), "posts.csv").headers["Location"]
    with sessions.begin() as session:
        session.execute(update(PendingUpload).values(uploaded_by=people["sunyue"].id))
    assert admin.get(path).headers["Location"] == "/sources/import"
    with sessions() as session:
        assert b"example.invalid" not in session.scalars(select(PendingUpload.sealed_content)).one()


@pytest.mark.parametrize(
    ("content", "name"), [(b"not a workbook", "broken.xlsx"), (b"x", "picture.png"), (b"", "")]
)
def test_unreadable_file_is_refused_in_words(admin: FlaskClient, content: bytes, name: str) -> None:
    answer = upload(admin, content, name)
    assert answer.status_code == 422
    assert "没有导入：" in answer.get_data(as_text=True)


@pytest.mark.parametrize("login", ["sunyue", "wangmin", "outsider"])
def test_others_may_not_change_sources(client: FlaskClient, login: str) -> None:
    sign_in(client, login)
    assert post(client, "/sources/new/feed", feed("https://example.invalid/")).status_code == 403
    assert post(client, "/sources/1/pause").status_code == 403
    assert post(client, "/sources/import").status_code == 403


def recording(pages: int = 2) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        for n in range(pages):
            head = f"<title>第{n}次法律援助走进工地</title><link rel='canonical' href='https://news.example.com/2026/1121/c{n}.html'>"
            body = f"<h1>第{n}次法律援助走进工地</h1><p>2026-11-20 09:00</p><p>联系 13812345678。{'工人反映工资没有按时发放，已经登记。' * 8}</p>"
            archive.writestr(f"{n}.html", f"<html><head>{head}</head><body>{body}</body></html>")
    return found.getvalue()


def bring(
    client: FlaskClient,
    content: bytes,
    name: str = "演练 十一月.zip",
    page: str = "/sources/recordings",
) -> TestResponse:
    form = {"csrf_token": csrf_token(client), "file": (io.BytesIO(content), name)}
    return client.post(page, data=form, content_type="multipart/form-data")


def test_a_recording_is_looked_at_sealed_and_becomes_a_source_that_the_crawler_can_read(
    admin: FlaskClient, console_app: Flask, sessions: Sessions
) -> None:
    path = bring(admin, recording()).headers["Location"]
    page = html.unescape(admin.get(path).get_data(as_text=True))
    assert "读出 2 条样本" in page
    assert "第0次法律援助走进工地" in page
    assert "13812345678" not in page
    with sessions() as session:
        assert b"html" not in session.scalars(select(PendingUpload.sealed_content)).one()
    folder = console_of(console_app).replay_folder
    assert folder is not None
    assert not folder.exists()
    form = fields(page, path)
    refused = post(admin, path, form | {"do": "save", "option.type_options": "不对"})
    assert (refused.status_code, list(folder.glob("*")) if folder.exists() else []) == (422, [])
    other = post(admin, path, form | {"do": "look", "option.as_type": "feed"})
    assert "一条也没有读出来" in other.get_data(as_text=True)
    assert post(admin, path, form | {"do": "save"}).status_code == 303
    (source,) = stored(sessions)
    name = str(source.options["file"])
    assert (source.kind, source.name) == ("replay", "回放 演练 十一月")
    assert (folder / name).stat().st_mode & 0o777 == 0o600
    (first, _) = read_records(folder, name, start=0, count=9, base_url=source.url or "")
    assert first.url == "https://news.example.com/2026/1121/c0.html"
    with sessions() as session:
        assert session.scalars(select(PendingUpload)).all() == []
    taken = bring(admin, recording()).headers["Location"]
    again = post(admin, taken, form | {"do": "save"})
    assert "已有名为" in again.get_data(as_text=True)
    assert [one.name for one in folder.iterdir()] == [name]
    assert post(admin, taken, {"do": "discard"}).status_code == 303
    assert admin.get(taken).headers["Location"] == "/sources/recordings"


@pytest.mark.parametrize("content", [b"", b"not a recording", b"\x1f\x8b broken", recording(0)])
def test_what_is_no_recording_is_refused_in_words(admin: FlaskClient, content: bytes) -> None:
    answer = bring(admin, content, "a.warc.gz")
    assert answer.status_code == 422
    assert "没有上传：" in answer.get_data(as_text=True)


def test_a_table_that_was_brought_for_import_is_no_recording(admin: FlaskClient) -> None:
    table = "标题,正文\n欠薪,三个月没发\n".encode()
    path = bring(admin, table, "来信.csv", "/sources/import").headers["Location"]
    path = path.replace("/import/", "/recordings/")
    refused = admin.get(path)
    assert refused.status_code == 422
    assert "不是可以识别的格式" in refused.get_data(as_text=True)
    filled = {
        "name": "回放",
        "url": "https://news.example.com/",
        "platform": "网站",
        "level": "public",
        "interval_s": "60",
        "legal_basis": "演练",
    }
    assert "不是可以识别的格式" in post(admin, path, filled | {"do": "look"}).get_data(as_text=True)
