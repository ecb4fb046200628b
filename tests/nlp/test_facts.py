"""The conventions of the facts that docs/facts.md states."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.matching_text import matching_text
from nlp.annotations import Facts
from nlp.facts.extraction import facts

PUBLISHED = dt.datetime(2024, 6, 15, 4, tzinfo=dt.UTC)


def read(text: str, published_at: dt.datetime | None = None) -> Facts:
    original = f"\n{text}"
    return facts(matching_text(original), original, published_at)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("月薪5000元，公司拖欠三个月共计15000元", 15_000),
        ("全班32人，每人被欠8000元", 8_000),
        ("拖欠工程款865万元，其中农民工工资120万元", 8_650_000),
        ("罚款两百元，工资已经结清", None),
        ("我的工资只到账一半，还差4200没发", 4_200),
        ("苹果公司赔偿员工3000万美元", None),
        ("尚欠工资１２０，０００元", 120_000),
    ],
)
def test_amount_is_the_one_that_is_owed(text: str, amount: int | None) -> None:
    assert read(text).amount_yuan == amount


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("半年没发工资", 180),
        ("工资拖了一年零三个月", 455),
        ("停工半个月没人管", 15),
        ("被拖欠一个季度的工资", 90),
        ("两年多了还没结清", 730),
        ("试用期三个月，工资没谈拢", None),
        ("社保缴满15年了", None),
    ],
)
def test_days_follow_the_calendar_of_the_conventions(text: str, days: int | None) -> None:
    assert read(text).days == days


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("今年3月份到现在没有发过工资", 106),
        ("从去年10月到现在工资一分没发", 258),
        ("被拖欠1-5月工资", 150),
    ],
)
def test_a_stretch_of_months_counts_until_the_publication(text: str, days: int) -> None:
    assert read(text, PUBLISHED).days == days


def test_a_stretch_until_now_needs_the_day_of_publication() -> None:
    assert read("从去年10月到现在工资一分没发").days is None


@pytest.mark.parametrize(
    ("text", "appeal"),
    [
        (
            "老板跑了。请求劳动监察大队介入，帮我们讨回工资！谢谢。",
            "请求劳动监察大队介入，帮我们讨回工资！",
        ),
        ("公司要求我们签自愿离职。没有赔偿。", None),
        ("希望领导重视。天气很热。希望早日支付拖欠的工资。", "希望早日支付拖欠的工资。"),
        ("今天发工资了", None),
    ],
)
def test_appeal_is_the_sentence_that_asks(text: str, appeal: str | None) -> None:
    assert read(text).appeal == appeal


def test_the_words_of_a_call_are_kept_as_written() -> None:
    called = read("通知：明天上午九点，ＡＢＣ厂门口集合讨薪！").gathering
    assert called is not None
    assert called.text == "通知：明天上午九点，ＡＢＣ厂门口集合讨薪"
    assert (called.time, called.place) == ("明天上午九点", "ＡＢＣ厂门口")


@given(st.text(alphabet="欠薪三万元没发12个月人死伤集合明天,。\n了工", max_size=60))
def test_any_text_gives_facts_that_are_possible(text: str) -> None:
    found = read(text, PUBLISHED)
    assert found.headcount is None or found.headcount >= 2
    assert found.amount_yuan is None or found.amount_yuan > 0
    assert found.days is None or found.days > 0
    assert found.appeal is None or found.appeal in text
