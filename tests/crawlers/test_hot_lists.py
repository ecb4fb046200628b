"""Hot lists in the forms that sites and their mirrors give them, and the counts beside the titles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ExtractionError
from crawlers.parsing.counts import first_number, number
from crawlers.source import Harvest
from tests.crawlers.parsing import NOW, parsed

NEWSNOW = {
    "status": "success", "id": "weibo", "updatedTime": 1_795_219_200_000,
    "items": [
        {"id": "a", "title": "工地讨薪", "url": "https://s.example.com/w?q=a", "mobileUrl": "https://m.example.com/a",
         "extra": {"icon": {"url": "x"}, "info": "323万热度"}},
        {"id": "b", "title": "天气", "mobileUrl": "https://m.example.com/b", "extra": {}},
    ],
}  # fmt: skip
RSSHUB = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>微博热搜榜</title>
<item><title>工地讨薪</title><link>https://s.example.com/w?q=a</link><description>323万</description></item>
<item><title>天气</title><link>https://m.example.com/b</link></item></channel></rss>"""
PAGE = """<html><body><table class=hot>
<tr><td class=rank>置顶</td><td class=word><a href="/top">本站公告</a></td><td></td></tr>
<tr><td class=rank>1</td><td class=word><a href="https://s.example.com/w?q=a">工地
讨薪</a></td><td class=heat>323万热度</td></tr>
<tr><td class=rank>2</td><td class=word>天气<a href="https://m.example.com/b">↗</a></td><td class=heat></td></tr>
</table></body></html>"""
SELECTORS = {"item_selector": ".hot tr", "title_selector": ".word", "rank_selector": ".rank",
             "heat_selector": ".heat"}  # fmt: skip


def summary(harvest: Harvest) -> list[tuple[str, str, int | None, int | None]]:
    return [(d.title.replace(" ", ""), d.url, d.rank, d.views) for d in harvest.documents]


@pytest.mark.parametrize(
    ("body", "options", "heat"),
    [
        (NEWSNOW, {}, 3_230_000),
        (NEWSNOW["items"], {}, 3_230_000),
        (RSSHUB, {}, None),
        (PAGE.replace("天气<a", "天气</td><td><a"), SELECTORS, 3_230_000),
    ],
)
def test_the_usual_forms_need_no_mapping(
    body: object, options: dict[str, str], heat: int | None
) -> None:
    harvest = parsed("trending_list", body, **options)
    assert harvest.is_ranking
    assert summary(harvest) == [
        ("工地讨薪", "https://s.example.com/w?q=a", 1, heat),
        ("天气", "https://m.example.com/b", 2, None),
    ]
    assert {document.kind for document in harvest.documents} == {"trending"}
    assert {document.published_at for document in harvest.documents} == {NOW}


@pytest.mark.parametrize(
    ("body", "options", "reason"),
    [
        ("<html><body></body></html>", {"item_selector": ".hot li"}, "没有选中条目"),
        ({"items": []}, {}, "没有读到条目"),
        ({"error": 1}, {}, "没有找到条目的列表"),
        ("<html></html>", {}, "不是 JSON"),
    ],
)
def test_a_list_that_changed_says_so(body: object, options: dict[str, str], reason: str) -> None:
    with pytest.raises(ExtractionError, match=reason):
        parsed("trending_list", body, **options)


@pytest.mark.parametrize(
    ("written", "alone", "within"),
    [
        ("12,345", 12_345, 12_345),
        ("3.2万", 32_000, 32_000),
        ("1.5亿", 150_000_000, 150_000_000),
        ("2千万", 20_000_000, 20_000_000),
        ("10w+", 100_000, 100_000),
        ("1.2k", 1_200, 1_200),
        ("热度 323万", None, 3_230_000),
        ("阅读(56)", None, 56),
        ("5 week", None, 5),
        ("没有", None, None),
        ("", None, None),
        ("9" * 30, None, None),
    ],
)
def test_counts_are_read_as_sites_write_them(
    written: str, alone: int | None, within: int | None
) -> None:
    assert number(written) == alone
    assert first_number(written) == within


@given(value=st.integers(0, 10**12))
def test_plain_and_grouped_counts_come_back(value: int) -> None:
    assert number(str(value)) == number(f"{value:,}") == first_number(f"共 {value:,} 次") == value
