"""Invented content for the page that shows every component."""

from __future__ import annotations

import datetime as dt
import math
from typing import TypedDict


class Sample(TypedDict):
    overdue: str
    soon: str
    later: str
    trend: dict[str, object]
    rows: list[dict[str, str]]
    agenda: list[dict[str, object]]
    weeks: list[list[dict[str, object]]]


HOURS = 72
BURST = range(52, 60)
POSTS = (
    (
        "11-21 09:30",
        "微信公众号",
        "网友提问：试用期被辞退能否申请劳动仲裁",
        "劳动合同",
        "positive",
        "3,797",
    ),
    ("11-21 09:13", "贴吧", "丙区环卫工人节日加班费发放情况引发关注", "工资报酬", "negative", "62"),
    (
        "11-21 08:56",
        "微博",
        "甲市某企业集体合同续签，工资增幅引发职工讨论",
        "集体协商",
        "negative",
        "1,455",
    ),
    (
        "11-21 08:39",
        "今日头条",
        "短视频称己新区某厂连续加班，评论区求证较多",
        "工时休假",
        "neutral",
        "3,589",
    ),
    (
        "11-21 08:22",
        "微信公众号",
        "甲市某工地工友反映年底结算款仍未到账，称已两次找项目部沟通",
        "工资报酬",
        "negative",
        "881",
    ),
)
AGENDA = (
    ("今天 11 月 21 日 周六", (("12:00", "微信", "政策图解：带薪年休假怎么算", "draft"),)),
    (
        "明天 11 月 22 日 周日",
        (("18:30", "视频号", "劳模故事", "scheduled"), ("18:30", "微博", "冬送温暖", "in_review")),
    ),
    ("周一 11 月 23 日", ()),
)
CALENDAR = {
    2: (("09:00", "抖音 政策图解", "published"), ("12:00", "微博 政策图解", "published")),
    5: (("18:30", "微信 暖心驿站", "published"),),
    12: (("18:30", "微信 政策图解", "published"), ("18:30", "抖音 权益问答", "unknown")),
    18: (("18:30", "微信 冬送温暖", "published"),),
    20: (("18:30", "微信 普法小课堂", "missed"), ("09:00", "抖音 政策图解", "published")),
    21: (("12:00", "微信 政策图解", "draft"),),
    22: (("18:30", "视频号 劳模故事", "scheduled"), ("18:30", "微博 冬送温暖", "in_review")),
    27: (("12:00", "微信 权益问答", "in_review"), ("12:00", "微信 权益问答", "draft")),
}


def sample(now: dt.datetime) -> Sample:
    """Give the context of styleguide.html; deadlines are relative to ``now``."""

    def moment(minutes: int) -> str:
        return (now + dt.timedelta(minutes=minutes)).isoformat(timespec="seconds")

    keys = ("time", "platform", "text", "topic", "polarity", "reposts")
    return {
        "overdue": moment(-12),
        "soon": moment(18),
        "later": moment(60),
        "trend": _trend(),
        "rows": [dict(zip(keys, post, strict=True)) for post in POSTS],
        "agenda": [
            {"label": label, "items": [_entry(*item) for item in items]} for label, items in AGENDA
        ],
        "weeks": [[_day(week * 7 + weekday - 5) for weekday in range(7)] for week in range(6)],
    }


def _entry(time: str, channel: str, title: str, state: str) -> dict[str, str]:
    return {"time": time, "channel": channel, "title": title, "href": "#calendar", "state": state}


def _day(number: int) -> dict[str, object]:
    """Give a day of November 2026; numbers below 1 and above 30 lie outside."""
    date = dt.date(2026, 11, 1) + dt.timedelta(days=number - 1)
    items = CALENDAR.get(number, ())
    return {
        "iso": date.isoformat(),
        "number": date.day,
        "outside": date.month != 11,  # noqa: PLR2004 (November)
        "today": number == 21,  # noqa: PLR2004 (the sample's today)
        "note": {8: "记者节", 22: "小雪"}.get(number, ""),
        "href": "#calendar",
        "more": 2 if number == 22 else 0,  # noqa: PLR2004 (one full day)
        "items": [
            {"time": time, "title": title, "href": "#calendar", "state": state}
            for time, title, state in items
        ],
    }


def _trend() -> dict[str, object]:
    start = dt.datetime(2026, 11, 18, 10, tzinfo=dt.UTC)
    labels = [(start + dt.timedelta(hours=hour)).strftime("%m-%d %H 时") for hour in range(HOURS)]
    daily = [1 + 0.5 * math.sin((hour - 3) / 24 * math.tau) for hour in range(HOURS)]
    return {
        "labels": labels,
        "negative": [
            round(10 * day) + (95 if hour in BURST else 0) for hour, day in enumerate(daily)
        ],
        "neutral": [round(42 * day) for day in daily],
        "positive": [round(16 * day) for day in daily],
        "unit": "条/小时",
        "marks": [{"label": labels[BURST.start], "text": "聚集号召出现"}],
    }
