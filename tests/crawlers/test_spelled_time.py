import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SHANGHAI
from crawlers.extraction.published_time import read_moment, read_time, time_in_url
from crawlers.extraction.spelled_time import moments
from tests.crawlers.article_page import NOW

MOMENTS = st.datetimes(
    min_value=dt.datetime.fromisoformat("1996-01-01"),
    max_value=dt.datetime.fromisoformat("2026-11-01"),
).map(lambda moment: moment.replace(microsecond=0, tzinfo=SHANGHAI))
SPELLINGS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y.%m.%d %H:%M:%S",
    "%Y.%m.%d%H:%M:%S",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日%H:%M:%S",
    "%Y年%m月%d日 %H时%M分%S",
    "%Y年%m月%d日 星期五 %H:%M:%S",
    "%Y %m/%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S+08:00",
    "%Y%m%d%H%M%S",
    "发布时间：%Y-%m-%d %H:%M:%S 来源：河湾日报",
    "本帖由工友于%Y年%m月%d日%H:%M:%S发表",
    "%H:%M:%S %Y-%m-%d",
)
DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y%m%d", "（%Y年%m月%d日 04版）", "%Y.%m.%d")


@given(moment=MOMENTS, spelling=st.sampled_from(SPELLINGS))
def test_a_time_is_read_back_from_every_spelling(moment: dt.datetime, spelling: str) -> None:
    if spelling.startswith("%Y%m") and moment.year < 2000:
        return
    read = read_moment(moment.strftime(spelling), NOW)
    assert read is not None
    assert (read.at, read.is_day_only) == (moment, False)


@given(moment=MOMENTS, spelling=st.sampled_from(DAYS))
def test_a_day_alone_says_that_it_is_one(moment: dt.datetime, spelling: str) -> None:
    if spelling.startswith("%Y%m") and moment.year < 2000:
        return
    read = read_moment(moment.strftime(spelling), NOW)
    assert read is not None
    assert read.is_day_only
    assert read.day == moment.date()


@given(moment=MOMENTS)
def test_chinese_numerals_are_read(moment: dt.datetime) -> None:
    def spelled(number: int) -> str:
        tens, ones = divmod(number, 10)
        digits = "〇一二三四五六七八九"
        return ("" if tens == 0 else ("" if tens == 1 else digits[tens]) + "十") + (
            digits[ones] if ones else ""
        )

    year = "".join("〇一二三四五六七八九"[int(digit)] for digit in str(moment.year))
    read = read_moment(f"{year}年{spelled(moment.month)}月{spelled(moment.day)}日", NOW)
    assert read is not None
    assert read.day == moment.date()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3小时前", "2026-11-21 06:30"),
        ("半小时前", "2026-11-21 09:00"),
        ("15分鐘前", "2026-11-21 09:15"),
        ("昨天 10:20", "2026-11-20 10:20"),
        ("前天", "2026-11-19 00:00"),
        ("刚刚", "2026-11-21 09:30"),
        ("05月03日 08:15", "2026-05-03 08:15"),
        ("12-29 21:35", "2025-12-29 21:35"),
        ("09-3022:46", "2026-09-30 22:46"),
        ("18-03-0823:16", "2018-03-08 23:16"),
        ("20260105 08:30", "2026-01-05 08:30"),
        ("２０２６年１月５日", "2026-01-05 00:00"),
        ("十一月 6th, 2025", "2025-11-06 00:00"),
        ("1月 5, 2026 at 08:30", "2026-01-05 08:30"),
        ("2024年5月20日週一 下午2:05", "2024-05-20 14:05"),
        ("2024-05-20 12:05 AM", "2024-05-20 00:05"),
        ("民國113年5月3日", "2024-05-03 00:00"),
        ("May 3, 2024 8:15 PM", "2024-05-03 20:15"),
        ("8/12/2005 4:12:00 PM", "2005-08-12 16:12"),
        ("05年8月12日16:12", "2005-08-12 16:12"),
        ("二○○五年八月十二日", "2005-08-12 00:00"),
        ("Dec 28 Sat 2013 00:28", "2013-12-28 00:28"),
        ("3 May 2024", "2024-05-03 00:00"),
        ("Fri Aug 12 16:12:21 2005", "2005-08-12 16:12"),
        ("Fri, 03 May 2024 08:15:33 GMT", "2024-05-03 16:15"),
        ("2024-05-20T06:05:02.000Z", "2024-05-20 14:05"),
        ("1581517074", "2020-02-12 22:17"),
        ("1581517074000", "2020-02-12 22:17"),
        ("2005-08-26 24:00", "2005-08-26 00:00"),
    ],
)
def test_other_ways_to_say_when(text: str, expected: str) -> None:
    read = read_time(text, NOW)
    assert read is not None
    assert read.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") == expected


@pytest.mark.parametrize(
    "text",
    ["", "1-10月固定资产投资", "比分3-2", "电话 010-8888-1234", "2024-13-40", "第5号", "10.5.3.1"],
)
def test_other_numbers_are_no_times(text: str) -> None:
    assert read_time(text, NOW) is None


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("http://paper.example/n1/2024/0510/c1004-40232587.html", "2024-05-10"),
        ("http://paper.example/2024-05/20/content_1.htm", "2024-05-20"),
        ("http://paper.example/xw/t20240503_991.html", "2024-05-03"),
        ("http://paper.example/19/0909/17/A1.html", "2019-09-09"),
        ("http://paper.example/archive/2005/07/31/2.aspx", "2005-07-31"),
        ("http://paper.example/art/2026/1/5/art_1_2.html", "2026-01-05"),
        ("http://paper.example/41210/1/1.html", None),
    ],
)
def test_the_day_in_an_address(url: str, day: str | None) -> None:
    read = time_in_url(url)
    assert (read and read.astimezone(SHANGHAI).strftime("%Y-%m-%d")) == day


@given(st.text(max_size=300))
def test_no_text_is_too_strange_to_look_through(text: str) -> None:
    for moment in moments(text, NOW):
        assert moment.at.tzinfo is not None
