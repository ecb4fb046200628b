"""One contract for every parser of the table, a page of our own per layout, and the real pages where there are any."""

import datetime as dt
import json
from itertools import pairwise
from pathlib import Path

import pytest

from core.clock import SHANGHAI
from crawlers.extraction.article import extract
from crawlers.extraction.page import read_page
from crawlers.site_parser import Site, SiteParser
from crawlers.site_parsers import SITES
from crawlers.site_parsers.choice import site_reading
from tests.crawlers.article_page import NOW, article_page
from tests.quality.extraction import SETS, gold_pages, text_f1
from tests.quality.gate import data_folder

GOLDEN = Path(__file__).parents[1] / "golden" / "site_parsers"
LAYOUTS = [(name, version) for name, site in SITES.load_all().items() for version in site.versions]
NAMES = [f"{name}.{version.__name__}" for name, version in LAYOUTS]
ADDRESSES = {
    "people": "http://society.people.com.cn/n1/2024/0510/c1-1.html",
    "xinhua": "http://www.news.cn/local/20240509/1/c.html",
    "netease": "https://www.163.com/dy/article/1.html",
    "weixin": "http://mp.weixin.qq.com/s?__biz=1",
}


@pytest.mark.parametrize(("name", "version"), LAYOUTS, ids=NAMES)
class TestEveryParser:
    def test_it_leaves_pages_of_other_layouts_alone(
        self, name: str, version: type[SiteParser]
    ) -> None:
        page = read_page(article_page().encode(), ADDRESSES[name])
        assert version().parse(page, NOW) is None

    def test_it_takes_empty_and_broken_pages(self, name: str, version: type[SiteParser]) -> None:
        for soup in (b"<p>", b"<h1 id=activity-name><div id=js_content>", b"<div id=endText>"):
            version().parse(read_page(soup, ADDRESSES[name]), NOW)

    def test_its_own_page_is_read_to_the_letter(self, name: str, version: type[SiteParser]) -> None:
        key = f"{name}.{version.__name__}"
        body = (GOLDEN / f"{key}.html").read_bytes()
        expected = json.loads((GOLDEN / f"{key}.json").read_text(encoding="utf-8"))
        page = read_page(body, expected["url"])
        found = version().parse(page, NOW)
        assert found is not None
        assert found.is_plausible
        assert found.title == expected["title"]
        assert found.text.splitlines() == expected["lines"]
        assert found.published is not None
        local = found.published.at.astimezone(SHANGHAI)
        assert local == dt.datetime.fromisoformat(expected["published"])
        article = extract(body, expected["url"], now=local)
        assert article.extractor == f"site:{key}"
        assert (article.author, article.original_source) == (
            expected["author"],
            expected["source"],
        )

    def test_a_page_it_cannot_read_is_read_as_any_other(
        self, name: str, version: type[SiteParser]
    ) -> None:
        day = version.VALID_UNTIL or dt.date(2026, 11, 21)
        now = dt.datetime.combine(day, dt.time(), dt.UTC) - dt.timedelta(days=1)
        address = ADDRESSES[name].replace("2024", str(now.year))
        article = extract(article_page().encode(), address, now=now)
        assert article.extractor.startswith("running after site:" + name)
        assert "逐个班组核对考勤" in article.text


@pytest.mark.parametrize("name", list(SITES))
def test_the_layouts_of_a_site_follow_each_other_without_a_gap(name: str) -> None:
    versions = SITES.load(name).versions
    assert versions[0].VALID_UNTIL is None
    for newer, older in pairwise(versions):
        assert newer.VALID_FROM == older.VALID_UNTIL


@pytest.mark.parametrize(
    ("url", "is_served"),
    [
        ("http://people.com.cn/a", True),
        ("http://society.people.com.cn/a", True),
        ("http://notpeople.com.cn/a", False),
        ("http://people.com.cn.evil.example/a", False),
        ("http://[people.com.cn/", False),
        ("", False),
    ],
)
def test_a_site_is_its_hosts_and_those_below(url: str, is_served: bool) -> None:
    assert Site(("people.com.cn",), ()).serves(url) is is_served


def test_an_old_page_is_read_by_the_layout_of_its_day() -> None:
    page = read_page(
        (GOLDEN / "people.V1.html").read_bytes(), "http://society.people.com.cn/n1/2016/0510/1.html"
    )
    reading = site_reading(page, NOW)
    assert reading is not None
    assert reading.parser == "site:people.V1"
    assert reading.article is not None


def test_an_empty_text_in_the_right_place_is_no_reading() -> None:
    page = read_page(
        b"<h1 id='activity-name'>t</h1><div id='js_content'></div>", ADDRESSES["weixin"]
    )
    reading = site_reading(page, NOW)
    assert reading is not None
    assert reading.article is None


@pytest.mark.slow
def test_parsers_read_real_pages_no_worse_than_the_general_way() -> None:
    data = data_folder()
    if data is None:
        pytest.skip("ZHISHENG_DATA is not set: no real pages to compare on")
    compared = 0
    for gold in (page for name in SETS for page in gold_pages(data, name)):
        if gold.text is None or gold.label is None:
            continue
        reading = site_reading(read_page(gold.body, gold.url), NOW)
        if reading is None or reading.article is None:
            continue
        compared += 1
        # The same page without its address is read in the general way.
        general = extract(gold.body, "", now=NOW)
        assert reading.article.title == gold.label.title
        by_site = text_f1(gold.text, reading.article.text)
        assert by_site >= text_f1(gold.text, general.text) - 0.005
    assert compared >= 4
