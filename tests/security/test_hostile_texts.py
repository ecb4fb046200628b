"""Texts, addresses and times that no honest site sends, taken in from files and pages."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

import pytest
from sqlalchemy import select, text

from core.clock import FakeClock
from core.crypto.author_hash import AuthorHasher
from core.database.models.collecting import DocumentBody, Source
from core.database.sessions import Sessions
from crawlers.extraction.page import absolute_url
from crawlers.extraction.published_time import read_time
from crawlers.importing.file_import import ImportContext, ImportResult, import_stream
from crawlers.importing.formats import FileFormat, FileLayout
from tests.security.conftest import World
from tests.webui.conftest import console_of

PERSONAL = {
    "13812345678": "手机",
    "11010519491231002X": "身份证",
    "6222020200112233446": "银行卡",
    "苏A12345": "车牌",
}
TIMES = (
    "99999999999999999999天前", "昨天 99:99", "0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31 23:59:59",
    "Mon, 01 Jan 0001 00:00:00 +1400", "31 Dec 9999 23:59:59 -2359", "²天前", "13-45 99:99", "NaN", "-5分钟前", "",
)  # fmt: skip
ADDRESSES = (
    "https://news.example.com/" + "长" * 5000, "https://news.example.com/?" + "a" * 100_000, "https://[::1", "http://",
    "https://news.example.com:99999/", "javascript:alert(1)", "data:text/html,x", "https://news.example.com/\ud800",
)  # fmt: skip
ROWS: tuple[Mapping[str, object], ...] = (
    {"title": "很长", "text": "欠薪" * 50_000},
    {"title": "控制\0字符\x1b[31m", "text": "正文\0\u202e反写\u200b零宽\ufeff"},
    {"title": "半个字\ud83d", "text": "\udc00孤立的代理项"},
    {"title": "括号" + "（" * 20_000, "text": "(" * 50_000},
    {"title": "深", "text": "正文", "extra": {"a": [[[[]]]]}},
    {"title": ["不是", "文字"], "text": "正文"},
    {"title": "数", "text": "正文", "views": "9" * 400},
    {"title": "数", "text": "正文", "views": "nan"},
    {"title": "数", "text": "正文", "reposts": "-1"},
    {"title": "长名", "text": "正文", "source": "源" * 5000, "platform": "台" * 5000},
    *({"title": "址", "text": address[:9], "url": address} for address in ADDRESSES),
    *({"title": "时", "text": f"正文{number}", "published_at": at} for number, at in enumerate(TIMES)),
    {"title": "末尾", "text": "、".join(PERSONAL), "author": "发帖人老周", "published_at": ""},
)  # fmt: skip


def taken_in(
    sessions: Sessions, hasher: AuthorHasher, clock: FakeClock, body: bytes
) -> ImportResult:
    context = ImportContext(now=clock.now, hasher=hasher, collected_by="ingest")
    return import_stream(sessions, io.BytesIO(body), FileLayout(FileFormat.JSONL), context=context)


def everything_stored(sessions: Sessions) -> str:
    """Give all rows of all tables as text."""
    with sessions() as session:
        tables = session.scalars(
            text(
                "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                " where n.nspname = 'public' and c.relkind = 'r'"
            )
        ).all()
        return "\n".join(
            row[0]
            for table in tables
            for row in session.execute(text(f"select t::text from {table} t"))  # noqa: S608 (names from the catalogue)
        )


@pytest.fixture
def hasher(world: World) -> AuthorHasher:
    console = console_of(world.app)
    return AuthorHasher(console.sessions, console.keyring)


def test_hostile_rows_are_taken_in_or_refused_one_by_one(
    world: World, hasher: AuthorHasher, clock: FakeClock
) -> None:
    sessions = world.newsroom.sessions
    body = "\n".join(json.dumps(row) for row in ROWS) + "\n" + "[" * 100_000 + "\n{" + "\n"
    result = taken_in(sessions, hasher, clock, body.encode())
    assert result.accepted + len(result.refused) == len(ROWS) + 2
    assert {line.line for line in result.refused} >= {6, 11, 12, 13, 14, 15, 16}
    stored = everything_stored(sessions)
    assert "正文反写" in stored.replace("\u202e", "").replace("\u200b", "")
    for secret in (*PERSONAL, "发帖人老周", "\ud800"):
        assert secret not in stored, secret
    with sessions() as session:
        last = session.scalars(
            select(DocumentBody).order_by(DocumentBody.document_id.desc())
        ).first()
        assert last is not None
        assert len(session.scalars(select(Source.name)).all()) >= 2
    shown = world.browser("sunyue").get(f"/documents/{last.document_id}").get_data(as_text=True)
    for secret in (*PERSONAL, "老周"):
        assert secret not in shown


@pytest.mark.parametrize("at", TIMES)
def test_an_impossible_time_is_no_time(clock: FakeClock, at: str) -> None:
    found = read_time(at, clock.now())
    assert found is None or found.tzinfo is not None


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_cannot_be_kept_is_no_link(address: str) -> None:
    assert absolute_url("https://news.example.com/", address) is None


def test_a_search_of_any_size_is_answered_in_words(world: World) -> None:
    client = world.browser("sunyue")
    for typed in (
        "（" * 10_000,
        "欠薪 OR " * 5_000 + "讨薪",
        "\u202e欠薪\u200b",
        "-" * 10_000,
        "来源:" + "9" * 5_000,
    ):
        answer = client.get("/documents", query_string={"q": typed})
        assert answer.status_code == 200
        assert "<h1" in answer.get_data(as_text=True)
