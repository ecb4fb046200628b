"""The sources with what came beside what is usual, the ledger of each, and the header's count."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy.dialects.postgresql import insert

from core import notices
from core.clock import FakeClock
from core.coverage import hour_of
from core.database.models.collecting import FrontierURL, Source, SourceHour, SourceUsual
from core.database.sessions import Sessions
from core.source_ledger import LedgerSpan
from tests.webui.conftest import Member, post, sign_in
from tests.webui.content import Content, Post
from webui.console import Console
from webui.ledger_bars import ledger_bars

HOUR = dt.timedelta(hours=1)


def add(sessions: Sessions, now: dt.datetime, name: str, **values: object) -> int:
    """Add a source with two ordinary days in the ledger: two items where two and a half were usual."""
    given: dict[str, object] = {
        "kind": "feed", "url": "https://example.invalid/", "platform": "网站", "level": "city",
        "due_at": now, "last_item_at": now - HOUR / 2, "visited_at": now, "succeeded_at": now,
        "created_at": now - 40 * 24 * HOUR, "legal_basis": "公开订阅源",
    }  # fmt: skip
    with sessions.begin() as session:
        source = Source(name=name, **(given | values))
        session.add(source)
        session.flush()
        rows = [
            {"source_id": source.id, "hour": hour_of(now) - back * HOUR, "visits": 6, "succeeded": 6,
             "seen": 20, "new": 2, "duplicates": 18, "expected": 2.5, "pages": 2, "quality": 1.8}
            for back in range(48)
        ]  # fmt: skip
        session.execute(insert(SourceHour), rows)
        return source.id


@pytest.fixture
def three(sessions: Sessions, clock: FakeClock, people: dict[str, Member]) -> list[int]:
    assert people
    now = clock.now()
    silent = add(sessions, now, "江口论坛", silent_since=now - 9 * HOUR)
    with sessions.begin() as session:
        notices.raise_notice(session, f"source-silent:{silent}", "江口论坛静默，请核对。", now)
        notices.raise_notice(session, f"source-degraded:{silent}", "质量低。", now - 9 * HOUR)
        notices.clear_notice(session, f"source-degraded:{silent}", now - 8 * HOUR)
    return [
        add(sessions, now, "河湾新闻网"),
        silent,
        add(sessions, now, "出错网", failures=3, failure_reason="网站自身出错。", kind="list_page"),
    ]


def page(client: FlaskClient, path: str, *, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def test_list_shows_trouble_first_with_usual_and_reason(
    client: FlaskClient, three: list[int], sessions: Sessions, clock: FakeClock
) -> None:
    sign_in(client, "admin")
    text = page(client, "/sources")
    assert text.index("出错网") < text.index("江口论坛") < text.index("河湾新闻网")
    for words in (
        "已 9 小时",
        "网站自身出错",
        "24 时 48 条，平时 59",
        f"/sources/{three[1]}/coverage",
    ):
        assert words in text
    assert 'aria-label="近 48 小时新内容 96 条，按平时约 120 条"' in text
    for asked, found in (
        ("health=silent", "江口论坛"), ("kind=list_page", "出错网"), ("q=河湾", "河湾新闻网"),
    ):  # fmt: skip
        shown = page(client, f"/sources?{asked}")
        assert [
            name for name in ("河湾新闻网", "江口论坛", "出错网") if f">{name}</a>" in shown
        ] == [found]
    assert "没有符合条件的数据源" in page(client, "/sources?q=没有这个")
    for number in range(50):
        with sessions.begin() as session:
            session.add(
                Source(name=f"更多{number:02}", kind="feed", platform="网站", level="city", url="https://example.invalid/")
            )  # fmt: skip
    assert "第 1 至 50 个，共 53 个" in page(client, "/sources?sort=name")
    last = client.get("/sources?sort=name&from=50", headers={"HX-Request": "true"}).text
    assert "第 51 至 53 个，共 53 个" in last
    assert 'href="/sources?sort=name"' in last
    assert clock.now()


def test_ledger_of_a_source_shows_hours_days_failures_and_alarms(
    client: FlaskClient, three: list[int], sessions: Sessions, clock: FakeClock
) -> None:
    silent, now = three[1], clock.now()
    with sessions.begin() as session:
        session.add(
            SourceUsual(source_id=silent, learned_at=now, days=40, items=900, gap_s=5400.0, gap=2.4)
        )
        row = session.get_one(SourceHour, (silent, hour_of(now) - 3 * HOUR))
        row.failures = {"timeout": 4}
        gone = session.get_one(SourceHour, (silent, hour_of(now) - 5 * HOUR))
        gone.visits = gone.succeeded = gone.new = 0
        session.add(
            FrontierURL(source_id=silent, url="https://example.invalid/p1", kind="linked", hints={},
                        last_error="页面不存在（404）。", dead_at=now, attempt=1)
        )  # fmt: skip
    sign_in(client, "sunyue")
    text = page(client, f"/sources/{silent}/coverage")
    for words in ("江口论坛静默，请核对。", "网站答得太慢 4", "没有采集</span>", "仍未消除", "自动消除",
                  "页面不存在（404）。已放弃。", "40 天、900 条", "2 小时", "近 7 天新内容 94 条"):  # fmt: skip
        assert words in text, words
    assert f'href="/sources/{silent}"' not in text
    days = client.get(f"/sources/{silent}/coverage?by=day", headers={"HX-Request": "true"}).text
    assert "<html" not in days
    assert "11-20" in days
    assert "11-10" not in days
    client.delete_cookie("zhisheng")
    sign_in(client, "admin")
    assert f'href="/sources/{silent}"' in page(client, f"/sources/{silent}/coverage")
    assert "找不到这个数据源" in page(client, "/sources/99999/coverage", status=404)


def test_header_counts_by_the_ledger_and_links_for_those_who_may_look(
    client: FlaskClient, three: list[int], sessions: Sessions, console_for_tests: Console
) -> None:
    assert three
    sign_in(client, "sunyue")
    assert "还没有采集到信息，1/3 个数据源正常" in page(client, "/profile")
    Content(console_for_tests).post(Post(hours_ago=0))
    add(sessions, console_for_tests.clock.now(), "暂停的", state="paused")
    for path, status in (("/profile", 200), ("/documents", 200), ("/nothing-here", 404)):
        text = page(client, path, status=status)
        assert '<a href="/sources">数据更新于 09:30，1/3 个数据源正常</a>' in text
    client.delete_cookie("zhisheng")
    sign_in(client, "zhoulan")
    assert "<span>数据更新于 09:30，1/3 个数据源正常</span>" in page(client, "/alerts")


def test_system_page_leads_to_the_source_of_a_notice(client: FlaskClient, three: list[int]) -> None:
    sign_in(client, "admin")
    text = page(client, "/system")
    assert "江口论坛静默，请核对。" in text
    assert f'href="/sources/{three[1]}/coverage"' in text


def test_coverage_is_read_through_the_api(client: FlaskClient, three: list[int]) -> None:
    sign_in(client, "sunyue")
    found = client.get("/api/v1/coverage").get_json()
    assert (found["totals"]["sources"], found["totals"]["normal"]) == (3, 1)
    assert {one["id"] for one in found["sources"]} == {str(id_) for id_ in three}
    assert [one["reason"] for one in found["missing"]] == ["failing", "silent"]
    day = client.get("/api/v1/coverage?since=2026-11-20&until=2026-11-20T12:00").get_json()
    assert day["totals"]["new"] == 3 * 2 * 12
    for wrong in ("since=noon", "since=2026-11-22", "since=2020-01-01"):
        assert client.get(f"/api/v1/coverage?{wrong}").status_code == 422
    row = client.get("/api/v1/sources").get_json()["items"][0]
    assert (row["expected_last_day"], row["items_last_day"]) == (pytest.approx(58.75), 48)


def test_bars_say_in_words_what_they_draw() -> None:
    start = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    spans = [
        LedgerSpan(start, 1, 0, 4.0, new=2), LedgerSpan(start + HOUR, 1, 1, 4.0),
        LedgerSpan(start + 2 * HOUR, 1, 0, None, new=0),
    ]  # fmt: skip
    bars = ledger_bars(spans, "近 3 小时", width=30, height=20)
    assert bars.label == "近 3 小时新内容 2 条，按平时约 8 条，其中 1 小时没有采集"
    assert (bars.came.count("M"), bars.gaps.count("M"), len(bars.usual.split())) == (1, 1, 2)
    assert ledger_bars([], "近 3 小时").label == "近 3 小时新内容 0 条，平时多少还不知道"


def test_reports_topics_exports_and_digests_print_their_coverage(
    client: FlaskClient, three: list[int], console_for_tests: Console, people: dict[str, Member]
) -> None:
    assert three
    content = Content(console_for_tests)
    content.install_duty("wangmin")
    content.rule()
    content.post(Post())
    content.evaluate()
    alert = content.alert()
    said = (
        "覆盖：本期 1/3 个信源正常；缺：出错网（采集失败：网站自身出错）、江口论坛（静默 9 小时）"
    )
    sign_in(client, "wangmin")
    report = page(client, f"/alerts/{alert.id}/report")
    assert report.count(said) == 2
    assert said in page(client, "/roster")
    client.delete_cookie("zhisheng")
    sign_in(client, "sunyue")
    topic = {"name": "欠薪", "expression": "欠薪", "purpose": "劳动关系风险预警", "excludes": ""}
    made = post(client, "/standing-topics/new", topic | {"owner_id": str(people["sunyue"].id)})
    assert said in page(client, made.headers["Location"])
    wanted = {
        "query": "q=欠薪",
        "reason": "交帮扶中心核对",
        "purpose": "困难职工帮扶",
        "format": "xlsx",
    }
    place = post(client, "/exports/new", wanted).headers["Location"]
    book = openpyxl.load_workbook(io.BytesIO(post(client, f"{place}/file").get_data()))
    cells = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
    assert sum(said in cell for cell in cells) == 1
    assert any("信源 1/3 正常" in cell for cell in cells)
