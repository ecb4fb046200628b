"""The situation of the day."""

import datetime as dt

import pytest
from flask.testing import FlaskClient

from core.overview import floor, interval_for, rising_topics, trend, volume
from core.search.base import Interval, SearchQuery
from tests.webui.conftest import sign_in
from tests.webui.content import Content, Post

FRAGMENT = {"HX-Request": "true"}
SCOPE = SearchQuery(relevant=True)


def page(client: FlaskClient, path: str = "/", *, fragment: bool = False) -> str:
    answer = client.get(path, headers=FRAGMENT if fragment else {})
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def a_fortnight() -> list[Post]:
    """Two posts an hour at this time of each day, one of them negative."""
    return [
        Post(
            title=f"第{day}天",
            hours_ago=24 * day + 0.5,
            topics=("working_time",),
            polarity="negative" if number else "neutral",
        )
        for day in range(1, 15)
        for number in (0, 1)
    ]


def test_volume_is_compared_with_the_day_and_the_week_before(content: Content) -> None:
    content.posts([*a_fortnight(), *(Post(title=f"今天{number}") for number in range(3))])
    found = volume(content.console.reader, SCOPE, content.now)
    assert (found.documents, found.before) == (3, 2)
    assert found.change == pytest.approx(0.5)
    assert found.negative_share == 1
    assert found.usual_negative_share == pytest.approx(0.5)
    assert found.share_change == pytest.approx(50)


def test_nothing_before_means_no_comparison(content: Content) -> None:
    content.post(Post())
    found = volume(content.console.reader, SCOPE, content.now)
    assert found.change is None
    assert found.share_change is None


def test_topic_rises_against_the_same_hours(content: Content) -> None:
    content.posts([*a_fortnight(), *(Post(title=f"今天{number}") for number in range(5))])
    content.post(Post(title="照旧", topics=("working_time",)))
    found = rising_topics(content.console.reader, SCOPE, content.now)
    assert found.days >= 13
    assert [(topic.code, topic.documents) for topic in found.topics] == [("wage_arrears", 5)]


def test_short_history_calls_nothing_usual(content: Content) -> None:
    content.posts([Post(title=f"今天{number}") for number in range(5)])
    found = rising_topics(content.console.reader, SCOPE, content.now)
    assert found.topics == ()
    assert found.days == 0


def test_trend_has_every_hour_and_loses_no_document(content: Content) -> None:
    content.posts([Post(hours_ago=number * 7 + 0.1, polarity=None) for number in range(10)])
    since = content.now - dt.timedelta(hours=72)
    interval, points = trend(content.console.reader, SCOPE, since=since, until=content.now)
    assert interval is Interval.HOUR
    assert len(points) == 73
    assert sum(point.total for point in points) == 10
    assert sum(point.neutral for point in points) == 10


@pytest.mark.parametrize(
    ("days", "interval"), [(3, Interval.HOUR), (30, Interval.DAY), (400, Interval.WEEK)]
)
def test_longer_ranges_have_wider_buckets(days: int, interval: Interval) -> None:
    assert interval_for(dt.timedelta(days=days)) is interval


@pytest.mark.parametrize(
    ("interval", "start"),
    [
        (Interval.HOUR, "2026-11-21T01:00:00+00:00"),
        (Interval.DAY, "2026-11-20T16:00:00+00:00"),
        (Interval.WEEK, "2026-11-15T16:00:00+00:00"),
    ],
)
def test_buckets_begin_by_the_clock_of_shanghai(
    content: Content, interval: Interval, start: str
) -> None:
    assert floor(content.now, interval).isoformat() == start


def test_page_shows_alerts_numbers_trend_and_news(client: FlaskClient, content: Content) -> None:
    content.install_duty("wangmin")
    content.rule()
    content.post(Post())
    content.evaluate()
    sign_in(client, "zhoulan")
    shown = page(client)
    for words in ("24 小时声量", "负面占比", "待处置预警", "升温最快主题", "声量趋势",
                  "查看数据表", "最新信息", "今明发布计划", "剩 5 分钟"):  # fmt: skip
        assert words in shown, words


def test_calm_says_when_it_was_checked(client: FlaskClient, content: Content) -> None:
    content.post(Post())
    sign_in(client, "sunyue")
    assert "当前没有待处置预警，09:30 检查。" in page(client)


def test_silence_is_not_shown_as_calm(client: FlaskClient, content: Content) -> None:
    assert content
    sign_in(client, "sunyue")
    assert "没有新信息不等于没有事" in page(client)


@pytest.mark.parametrize("part", ["now", "trend"])
def test_parts_renew_themselves(client: FlaskClient, content: Content, part: str) -> None:
    content.post(Post())
    sign_in(client, "sunyue")
    shown = page(client, f"/?part={part}", fragment=True)
    assert "<html" not in shown


def test_news_are_told_only_when_there_are_some(client: FlaskClient, content: Content) -> None:
    content.post(Post())
    sign_in(client, "sunyue")
    seen = (content.now - dt.timedelta(hours=2)).isoformat()
    answer = client.get("/", query_string={"part": "news", "seen": seen}, headers=FRAGMENT)
    assert "有 1 条新信息" in answer.get_data(as_text=True)
    seen = content.now.isoformat()
    answer = client.get("/", query_string={"part": "news", "seen": seen}, headers=FRAGMENT)
    assert answer.status_code == 204


def test_latest_list_is_filtered(client: FlaskClient, content: Content) -> None:
    content.posts([Post(), Post(title="骑手超时扣款", polarity="neutral", relevant=None)])
    sign_in(client, "sunyue")
    assert "骑手" not in page(client, "/?q=", fragment=True)
    assert "骑手" in page(client, "/?relevant=&q=骑手", fragment=True)
    assert "表达式有误" in page(client, "/?q=(", fragment=True)


def test_reviewer_sees_numbers_but_no_posts(client: FlaskClient, content: Content) -> None:
    content.post(Post())
    sign_in(client, "chenjing")
    shown = page(client)
    assert "24 小时声量" in shown
    assert "最新信息" not in shown
    assert "/documents" not in shown.partition("<main")[2]


def test_reviewer_gets_no_posts_by_asking_for_the_part(
    client: FlaskClient, content: Content
) -> None:
    content.post(Post())
    sign_in(client, "chenjing")
    assert client.get("/?q=欠薪", headers=FRAGMENT).status_code == 403


def test_who_has_no_overview_goes_to_their_own_page(client: FlaskClient, content: Content) -> None:
    assert content
    sign_in(client, "auditor")
    assert client.get("/").status_code == 302
