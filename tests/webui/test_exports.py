"""Posts as a file: what leaves, who allowed it, and that no spreadsheet runs any of it."""

import csv
import datetime as dt
import hashlib
import io

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from core.clock import FakeClock
from core.database.models.collecting import Document
from core.database.models.operations import AuditEntry
from core.database.models.searching import Export
from core.database.sessions import Sessions
from tests.webui.conftest import Member, post, sign_in
from tests.webui.content import Content, Post

FORM = {
    "purpose": "困难职工帮扶",
    "reason": "交帮扶中心核对，月底删除",
    "format": "csv",
}


@pytest.fixture
def analyst(console_app: Flask, people: dict[str, Member]) -> FlaskClient:
    assert people
    return signed_in(console_app, "sunyue")


@pytest.fixture
def leader(console_app: Flask, people: dict[str, Member]) -> FlaskClient:
    assert people
    return signed_in(console_app, "zhoulan")


def signed_in(app: Flask, login: str) -> FlaskClient:
    client = app.test_client()
    sign_in(client, login)
    return client


def ask(client: FlaskClient, query: str, **changes: str) -> TestResponse:
    return post(client, "/exports/new", FORM | {"query": query} | changes)


def address(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer.headers["Location"]


def rows_of(answer: TestResponse) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def many(content: Content, count: int) -> None:
    content.posts([Post(title=f"第 {number} 条欠薪反映") for number in range(count)])


def test_a_small_export_is_taken_at_once_and_logged(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    content.posts([Post(), Post(title="食堂又涨价", text="三块变五块。")])
    place = address(ask(analyst, "q=欠薪"))
    answer = post(analyst, f"{place}/file")
    (row,) = rows_of(answer)
    assert row["标题"] == "工地欠薪三个月，工友相约讨说法"
    assert row["情感"] == "负面"
    assert "孙越" in row["水印"]
    assert "仅限内部使用" in row["水印"]
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
    with sessions() as session:
        taken = session.scalars(select(AuditEntry).where(AuditEntry.action == "export.taken")).one()
    assert taken.detail is not None
    assert taken.detail["sha256"] == hashlib.sha256(answer.get_data()).hexdigest()
    assert taken.detail["rows"] == 1
    assert taken.detail["purpose"] == FORM["purpose"]


def test_no_column_names_who_wrote_it(analyst: FlaskClient, content: Content) -> None:
    content.post(Post())
    (row,) = rows_of(post(analyst, address(ask(analyst, "q=欠薪")) + "/file"))
    assert not [title for title in row if any(word in title for word in ("作者", "用户", "发布者"))]


def test_nothing_in_the_file_is_run_by_a_spreadsheet(
    analyst: FlaskClient, content: Content
) -> None:
    starts = ("=", "+", "-", "@", "\t", "＝", " =")
    content.posts([Post(title=f"{start}HYPERLINK(1)欠薪") for start in starts])
    found = rows_of(post(analyst, address(ask(analyst, "q=欠薪")) + "/file"))
    assert len(found) == len(starts)
    assert all(row["标题"].startswith("'") for row in found)
    answer = post(analyst, address(ask(analyst, "q=欠薪", format="xlsx")) + "/file")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.get_data()))["信息"]
    titles = [sheet.cell(row=3 + place, column=2) for place in range(len(starts))]
    assert all("HYPERLINK" in str(cell.value) and cell.quotePrefix for cell in titles)
    assert not [one for line in sheet.iter_rows() for one in line if one.data_type == "f"]
    assert "孙越" in str(sheet["A1"].value)
    assert sheet.oddHeader is not None
    assert "孙越" in str(sheet.oddHeader.center.text)


def test_more_than_a_hundred_rows_wait_for_a_leader(
    analyst: FlaskClient, leader: FlaskClient, content: Content
) -> None:
    many(content, 101)
    place = address(ask(analyst, "q=欠薪"))
    assert "等待批准" in analyst.get(place).get_data(as_text=True)
    refused = post(analyst, f"{place}/file")
    assert refused.status_code in {409, 422}
    assert "等待批准" in refused.get_data(as_text=True)
    assert post(analyst, f"{place}/decide", {"decision": "approve"}).status_code == 403
    assert "导出" in leader.get("/exports").get_data(as_text=True)
    address(post(leader, f"{place}/decide", {"decision": "approve", "note": "同意"}))
    assert len(rows_of(post(analyst, f"{place}/file"))) == 101


def test_small_exports_together_reach_the_limit_too(
    analyst: FlaskClient, content: Content, clock: FakeClock
) -> None:
    many(content, 60)
    address(ask(analyst, "q=欠薪"))
    again = address(ask(analyst, "q=欠薪"))
    assert "等待批准" in analyst.get(again).get_data(as_text=True)
    clock.advance(dt.timedelta(hours=24))
    sign_in(analyst, "sunyue")
    later = address(ask(analyst, "q=欠薪"))
    assert "可以下载" in analyst.get(later).get_data(as_text=True)


def test_nobody_approves_their_own(leader: FlaskClient, content: Content) -> None:
    many(content, 101)
    place = address(ask(leader, "q=欠薪"))
    answer = post(leader, f"{place}/decide", {"decision": "approve"})
    assert answer.status_code in {403, 409, 422}
    assert "不能批准自己" in answer.get_data(as_text=True)
    assert post(leader, f"{place}/file").status_code in {409, 422}


def test_a_refusal_needs_a_reason_and_shows_it(
    analyst: FlaskClient, leader: FlaskClient, content: Content
) -> None:
    many(content, 101)
    place = address(ask(analyst, "q=欠薪"))
    assert post(leader, f"{place}/decide", {"decision": "refuse"}).status_code == 422
    address(post(leader, f"{place}/decide", {"decision": "refuse", "note": "范围太大"}))
    assert "范围太大" in analyst.get(place).get_data(as_text=True)
    assert post(analyst, f"{place}/file").status_code in {409, 422}
    second = post(leader, f"{place}/decide", {"decision": "approve"})
    assert second.status_code == 409
    assert "已经由别人处理" in second.get_data(as_text=True)


def test_what_came_later_is_not_in_the_file(
    analyst: FlaskClient, content: Content, clock: FakeClock, sessions: Sessions
) -> None:
    content.post(Post())
    place = address(ask(analyst, "q=欠薪"))
    clock.advance(dt.timedelta(minutes=5))
    late = content.post(Post(title="又一条欠薪反映"))
    with sessions.begin() as session:
        moved = session.get_one(Document, late).ingested_at
        session.execute(update(Export).values(until=moved - dt.timedelta(microseconds=1)))
        early = session.scalars(select(Document.id).where(Document.ingested_at < moved)).all()
    assert len(rows_of(post(analyst, f"{place}/file"))) == len(early)


def test_one_who_did_not_ask_neither_sees_nor_takes_it(
    analyst: FlaskClient, console_app: Flask, content: Content
) -> None:
    content.post(Post())
    place = address(ask(analyst, "q=欠薪"))
    other = signed_in(console_app, "wangmin")
    assert other.get(place).status_code == 404
    assert post(other, f"{place}/file").status_code == 404
    editor = signed_in(console_app, "lixiang")
    assert editor.get("/exports").status_code == 403


def test_an_old_permission_to_take_it_ends(
    analyst: FlaskClient, content: Content, clock: FakeClock
) -> None:
    content.post(Post())
    place = address(ask(analyst, "q=欠薪"))
    clock.advance(dt.timedelta(days=7))
    sign_in(analyst, "sunyue")
    answer = post(analyst, f"{place}/file")
    assert answer.status_code in {409, 422}
    assert "过期" in answer.get_data(as_text=True)


def test_chosen_documents_leave_alone(analyst: FlaskClient, content: Content) -> None:
    first, _, third = content.posts([Post(), Post(title="别的事"), Post(title="第三件")])
    place = address(ask(analyst, f"document={first}&document={third}"))
    found = rows_of(post(analyst, f"{place}/file"))
    assert [row["编号"] for row in found] == [str(first), str(third)]


def test_a_request_that_does_not_say_what_for_is_refused_and_kept(
    analyst: FlaskClient, content: Content
) -> None:
    content.post(Post())
    for change, words in (
        ({"purpose": ""}, "请选择这次导出的用途"),
        ({"purpose": "打听是谁发的"}, "请选择这次导出的用途"),
        ({"reason": "看"}, "说明为什么需要"),
        ({"format": "exe"}, "请选择 Excel 或 CSV"),
    ):
        answer = ask(analyst, "q=欠薪", **change)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert words in page
        assert (FORM | change)["reason"] in page


def test_nothing_found_is_nothing_to_export(analyst: FlaskClient, content: Content) -> None:
    content.post(Post())
    answer = ask(analyst, "q=没有这样的词")
    assert answer.status_code == 422
    assert "没有可以导出的内容" in answer.get_data(as_text=True)


def test_an_expression_with_an_error_exports_nothing(
    analyst: FlaskClient, content: Content
) -> None:
    content.post(Post())
    answer = ask(analyst, "q=欠薪 AND (")
    assert answer.headers["Location"].endswith("/documents")
    assert "没有导出" in analyst.get("/documents").get_data(as_text=True)
