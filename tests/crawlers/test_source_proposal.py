"""What a pasted address is proposed as: the real types read real answers of a site on loopback."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import FakeClock
from core.outbound.client import HTTPClient
from crawlers.failures import FailureCause
from crawlers.proposal.claimed_encoding import EncodingFinding
from crawlers.proposal.interval import proposed_interval
from crawlers.proposal.mapping import proposed_mapping
from crawlers.proposal.page_shape import PageShape, shape_of, traits_of
from crawlers.proposal.pasted_address import PastedAddress, pasted_address
from crawlers.proposal.proposal import SourceProposal, propose
from crawlers.proposal.robots_rule import deciding_rule
from crawlers.proposal.shape_reading import html_page
from crawlers.proposal.site_visit import RobotsFinding, VisitFault
from crawlers.proposal.terms import proposed_basis, proposed_name, standing
from crawlers.robots import RobotsVerdict, rules_of
from crawlers.source import FetchedPage
from tests.crawlers.site import Answer, Site, html
from tests.crawlers.sources import LOOPBACK

NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
TEXT = (
    "工人反映工资没有按时发放，已经向项目部反映多次，有关部门正在核实情况并督促企业尽快支付。" * 6
)


def proposal_of(site: Site, path: str = "/", *, kind: str | None = None) -> SourceProposal:
    http = HTTPClient(LOOPBACK, user_agent="Zhisheng/test")
    return propose(
        site.url(path), http=http, policy=LOOPBACK, user_agent="Zhisheng/test", now=NOW, kind=kind
    )


def article(number: int) -> Answer:
    body = (
        '<div class="crumb">当前位置：<a href="/">首页</a> &gt; <a href="/news/">基层动态</a></div>'
        f"<h1>第 {number} 次反映欠薪问题的处理情况</h1><p>2026-11-{number:02d} 09:30</p><p>{TEXT}</p>"
    )
    return html(f"第 {number} 次反映欠薪问题的处理情况 - 河湾工会网", body)


def listing(*numbers: int, extra: str = "") -> Answer:
    items = "".join(
        f'<li><a href="/news/2026/t202611{n:02d}_{n}.html">第 {n} 次反映欠薪问题的处理情况</a><span>2026-11-{n:02d}</span></li>'
        for n in numbers
    )
    return html("基层动态-河湾工会网", f'<ul class="list">{items}</ul>', extra=extra)


def feed(days: int = 5, *, text: str = TEXT) -> Answer:
    items = "".join(
        f"<item><title>订阅第 {n} 条</title><link>/news/2026/t202611{n:02d}_{n}.html</link>"
        f"<description>{text}</description><pubDate>{n:02d} Nov 2026 09:00:00 +0800</pubDate></item>"
        for n in range(10, 10 + days)
    )
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>河湾工会网</title>{items}</channel></rss>'
    return Answer(body.encode(), headers=(("Content-Type", "application/xml"),))


def news(site: Site, *, extra: str = "") -> None:
    site.pages["/news/"] = listing(*range(10, 18), extra=extra)
    for number in range(10, 18):
        site.pages[f"/news/2026/t202611{number:02d}_{number}.html"] = article(number)


def test_a_list_page_is_proposed_whole_with_robots_encoding_name_and_interval(site: Site) -> None:
    news(site)
    site.pages["/robots.txt"] = Answer(
        b"User-agent: *\nDisallow: /admin\nAllow: /news\nCrawl-delay: 1"
    )
    found = proposal_of(site, "/news/")
    (best,) = found.candidates
    assert (best.draft.kind, best.draft.name) == ("list_page", "河湾工会网 基层动态")
    assert (len(best.sample.items), best.sample.links_found, best.sample.unread) == (5, 8, 0)
    assert all("项目部" in item.text for item in best.sample.items)
    assert best.robots.rule is not None
    assert (best.robots.rule.line, best.robots.rule.text) == (3, "Allow: /news")
    assert best.robots.crawl_delay_s == 1
    assert best.encoding == EncodingFinding("utf-8", "utf-8")
    assert best.draft.legal_basis == "公开页面，遵守 robots.txt（允许，2026-11-21 查）"
    # Eight items in eleven days: looked at twice for each.
    assert best.draft.interval_s == 43_200
    assert any("平均每" in note for note in best.notes)


def test_a_feed_that_the_page_names_comes_first_and_the_list_stays_a_choice(site: Site) -> None:
    news(site, extra='<link rel="alternate" type="application/rss+xml" href="/rss.xml">')
    site.pages["/rss.xml"] = feed()
    found = proposal_of(site, "/news/")
    assert [candidate.draft.kind for candidate in found.candidates] == ["feed", "list_page"]
    assert found.candidates[0].draft.url == site.url("/rss.xml")
    asked = proposal_of(site, "/news/", kind="list_page")
    assert asked.candidates[0].draft.kind == "list_page"


def test_a_feed_that_has_stopped_stands_behind_a_list_that_goes_on(site: Site) -> None:
    news(site, extra='<link rel="alternate" type="application/rss+xml" href="/rss.xml">')
    old = feed().body.replace(b"Nov 2026", b"Nov 2019")
    site.pages["/rss.xml"] = Answer(old)
    first, second = proposal_of(site, "/news/").candidates
    assert (first.draft.kind, second.draft.kind, second.is_stale) == ("list_page", "feed", True)


def test_a_feed_of_summaries_is_followed_to_its_articles(site: Site) -> None:
    news(site)
    site.pages["/rss.xml"] = feed(text="只有一句摘要。")
    (best, *_) = proposal_of(site, "/rss.xml").candidates
    assert best.draft.options["follow_links"] is True
    assert best.draft.name == "河湾工会网"
    assert all("项目部" in item.text for item in best.sample.items)


def test_an_article_leads_to_the_list_that_it_belongs_to(site: Site) -> None:
    news(site)
    found = proposal_of(site, "/news/2026/t20261112_12.html")
    assert found.candidates[0].draft.url == site.url("/news/")
    assert "基层动态" in found.candidates[0].why
    site.pages.pop("/news/")
    alone = proposal_of(site, "/news/2026/t20261112_12.html")
    assert alone.candidates == ()
    assert "一篇文章" in str(alone.fault)


def test_a_hot_list_gets_its_mapping(site: Site) -> None:
    rows = [
        {"word": f"热搜第{n}", "raw_hot": 10_000 - n, "link": f"/s?q={n}"} for n in range(1, 21)
    ]
    site.pages["/hot"] = Answer(json.dumps({"data": {"realtime": rows}}).encode())
    best = proposal_of(site, "/hot").candidates[0]
    assert best.draft.kind == "trending_list"
    assert best.draft.options["items"] == "data.realtime"
    assert [item.title for item in best.sample.items][:2] == ["热搜第1", "热搜第2"]
    assert best.sample.items[0].views == 9_999
    assert best.draft.interval_s == 600


def test_a_forum_is_told_by_its_threads_and_its_floors(site: Site) -> None:
    threads = "".join(
        f'<li><a href="/thread-{n}-1-1.html">第 {n} 个主题：工资拖欠怎么办</a></li>'
        for n in range(1, 8)
    )
    site.pages["/forum"] = html("职工之家", f"<ul>{threads}</ul>")
    floors = "".join(
        f'<div id="post_{n}"><div class="authi"><a>甲{n}</a><em>2026-11-20 09:0{n}</em></div><div class="t_f">第 {n} 楼说的话</div></div>'
        for n in range(1, 4)
    )
    for number in range(1, 8):
        site.pages[f"/thread-{number}-1-1.html"] = html(f"第 {number} 个主题", floors)
    best = proposal_of(site, "/forum").candidates[0]
    assert best.draft.kind == "forum"
    assert best.draft.platform == "论坛"
    assert best.sample.items[0].text == "第 1 楼说的话"


def test_a_page_made_by_scripts_is_proposed_for_the_browser(site: Site) -> None:
    site.pages["/"] = html("职工之声", '<div id="app"></div><script src="/app.js"></script>')
    (best,) = proposal_of(site).candidates
    assert best.draft.needs_browser
    assert best.sample.items == ()
    assert "脚本" in best.why


@pytest.mark.parametrize(
    ("answer", "robots", "cause", "words"),
    [
        (html("t", "x"), Answer(b"User-agent: *\nDisallow: /"), FailureCause.ROBOTS, "robots.txt 不允许"),
        (html("t", "x"), Answer(b"", 503), FailureCause.ROBOTS_UNAVAILABLE, "暂时取不到"),
        (Answer(b"", 404), Answer(b"", 404), FailureCause.GONE, "404"),
        (Answer(b"", 403), Answer(b"", 404), FailureCause.FORBIDDEN, "登录"),
        (Answer(b""), Answer(b"", 404), FailureCause.UNREADABLE, "空的"),
        (html("登录", '<form><input type="password"></form>'), Answer(b"", 404), FailureCause.FORBIDDEN, "登录"),
        (Answer(b"", endless=b"x" * 100_000, pieces=70), Answer(b"", 404), FailureCause.TOO_LARGE, "5 MB"),
        (Answer(b'{"ok": true}'), Answer(b"", 404), FailureCause.UNREADABLE, "没有认出"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_address_is_said_in_words(
    site: Site, answer: Answer, robots: Answer, cause: FailureCause, words: str
) -> None:
    site.pages |= {"/": answer, "/robots.txt": robots}
    found = proposal_of(site)
    assert found.candidates == ()
    assert found.fault is not None
    assert found.fault.cause is cause
    assert words in str(found.fault)
    assert found.fault.state
    assert found.fault.advice
    if cause is FailureCause.ROBOTS:
        assert found.robots is not None
        assert found.robots.rule is not None
        assert found.robots.rule.text == "Disallow: /"
        assert site.count("/") == 0


def test_a_site_that_never_ends_answering_is_given_up_in_time(site: Site, clock: FakeClock) -> None:
    del clock
    site.pages["/robots.txt"] = Answer(b"", 404)
    site.pages["/"] = html("t", "x")
    http = HTTPClient(LOOPBACK, user_agent="Zhisheng/test")
    found = propose(
        site.url("/"), http=http, policy=LOOPBACK, user_agent="Zhisheng/test", now=NOW, limit_s=0.1
    )
    assert found.fault is not None
    assert found.fault.cause in {FailureCause.TIMEOUT, FailureCause.ROBOTS_UNAVAILABLE}


@pytest.mark.parametrize(
    ("pasted", "url"),
    [
        (" https://a.example.com/x ", "https://a.example.com/x"),
        ("www.workercn.cn", "https://www.workercn.cn"),
        ("“https://a.example.com/x”，", "https://a.example.com/x"),
        ("https：／／www。example。com/新闻", "https://www.example.com/新闻"),
        ("127.0.0.1:8000/x", "https://127.0.0.1:8000/x"),
        ("file:///etc/passwd", "file:///etc/passwd"),
    ],
)
def test_an_address_is_read_as_people_paste_it(pasted: str, url: str) -> None:
    found = pasted_address(pasted)
    assert isinstance(found, PastedAddress)
    assert found.url == url


@pytest.mark.parametrize(
    "pasted",
    ["", "   ", "工人日报", "https://", "http://a.example http://b.example", "a b", "x" * 3000,
     "https:/a", "h" * 100],
)  # fmt: skip
def test_what_is_no_address_is_said_so(pasted: str) -> None:
    found = pasted_address(pasted)
    assert isinstance(found, VisitFault)
    assert found.advice


@given(st.text(max_size=300))
def test_anything_may_be_pasted(text: str) -> None:
    assert isinstance(pasted_address(text), (PastedAddress, VisitFault))


@pytest.mark.parametrize(
    ("url", "words"),
    [("file:///etc/passwd", "http"), ("http://10.0.0.1/", "内部"), ("ftp://a.example/", "http")],
)
def test_a_forbidden_address_is_never_asked(url: str, words: str) -> None:
    http = HTTPClient(LOOPBACK, user_agent="Zhisheng/test")
    found = propose(url, http=http, policy=LOOPBACK, user_agent="Zhisheng/test", now=NOW)
    assert found.fault is not None
    assert words in found.fault.what


ROBOTS = """# ours
User-agent: other
Disallow: /
User-agent: *
User-agent: zhisheng
Disallow: /a
Allow: /a/*.html$
Disallow: /*?page=
Disallow: /%E6%96%B0
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/a/x", 6),
        ("/a/x.html", 7),
        ("/a/x.html?y", 6),
        ("/b?page=2", 8),
        ("/新闻", 9),
        ("/b", None),
    ],
)
def test_the_line_that_decides_is_the_longest_that_fits(path: str, line: int | None) -> None:
    url = f"https://example.com{path}"
    found = deciding_rule(ROBOTS, url, "Zhisheng")
    assert (found.line if found else None) == line
    verdict = rules_of(200, ROBOTS.encode()).verdict(url, "Zhisheng/1")
    assert (found is None or found.allows) == (verdict is RobotsVerdict.ALLOWED)


PATHS = st.text(alphabet="/ab*$", max_size=8).map(lambda path: "/" + path)


@given(
    st.lists(st.tuples(st.booleans(), PATHS), max_size=6),
    PATHS.map(lambda p: p.replace("*", "").replace("$", "")),
)
def test_the_deciding_line_agrees_with_the_verdict(
    rules: list[tuple[bool, str]], path: str
) -> None:
    text = "User-agent: *\n" + "\n".join(
        f"{'Allow' if allows else 'Disallow'}: {pattern}" for allows, pattern in rules
    )
    url = f"https://example.com{path}"
    found = deciding_rule(text, url, "Zhisheng")
    verdict = rules_of(200, text.encode()).verdict(url, "Zhisheng/1")
    assert (found is None or found.allows) == (verdict is RobotsVerdict.ALLOWED)


def test_an_interval_follows_the_times_and_keeps_between_its_bounds() -> None:
    hourly = [NOW - dt.timedelta(hours=hours) for hours in range(1, 11)]
    found = proposed_interval(hourly, NOW)
    assert (found.interval_s, found.floor_s, found.ceiling_s) == (1800, 450, 14_400)
    assert proposed_interval([], NOW).interval_s == 1800
    assert proposed_interval(hourly, NOW, crawl_delay_s=7200).floor_s == 7200
    busy = [NOW - dt.timedelta(seconds=seconds) for seconds in range(1, 50)]
    assert proposed_interval(busy, NOW).interval_s == 60


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=30,
)  # fmt: skip


@given(JSON)
def test_a_mapping_is_found_or_not_in_any_data(data: object) -> None:
    found = proposed_mapping(data, NOW)
    assert found is None or "title" in found.fields


def test_a_mapping_knows_chinese_and_nested_names() -> None:
    rows = [
        {"标题": f"标题{n}", "meta": {"pub-time": f"2026-11-{n:02d} 09:00", "href": f"/a/{n}"},
         "内容": "一段正文"} for n in range(1, 6)
    ]  # fmt: skip
    found = proposed_mapping({"结果": {"rows": rows}}, NOW)
    assert found is not None
    assert found.items == '"结果".rows'
    assert found.fields == {"title": '"标题"', "text": '"内容"', "time": 'meta."pub-time"', "url": "meta.href"}  # fmt: skip
    assert not found.is_ranking


@pytest.mark.parametrize(
    ("host", "kind", "level"),
    [
        ("www.mohrss.gov.cn", "government", "national"),
        ("rst.hunan.gov.cn", "government", "provincial"),
        ("rsj.changsha.gov.cn", "government", "city"),
        ("www.bjzgh.org", "union", "city"),
        ("society.people.com.cn", "news", "national"),
        ("tieba.baidu.com", "forum", "public"),
        ("example.com", "other", "public"),
    ],
)
def test_a_host_is_judged_by_its_name(host: str, kind: str, level: str) -> None:
    found = standing(host)
    assert (found.kind.value, found.level) == (kind, level)


def test_a_ground_says_only_what_was_seen() -> None:
    place = standing("www.mohrss.gov.cn")
    missing = RobotsFinding(RobotsVerdict.ALLOWED, is_missing=True)
    assert (
        proposed_basis(place, missing, NOW)
        == "政府网站公开的信息，网站没有 robots.txt（2026-11-21 查）"
    )
    assert proposed_basis(place, RobotsFinding(RobotsVerdict.FORBIDDEN), NOW) == ""
    assert proposed_name("a.example", standing("a.example"), ()) == "a.example"


def test_a_list_with_a_long_notice_stays_a_list_and_a_marked_article_an_article() -> None:
    page = html_page(FetchedPage("https://example.com/news/", listing(*range(1, 10)).body, NOW))
    assert page is not None
    assert shape_of(page, traits_of(page), headline_links=9) is PageShape.LIST
    marked = html_page(FetchedPage("https://example.com/n/2026/0101/c1-123456.html", article(3).body, NOW))  # fmt: skip
    assert marked is not None
    assert shape_of(marked, traits_of(marked), headline_links=0) is PageShape.ARTICLE


def test_an_interface_a_message_board_and_a_sitemap_get_their_own_types(site: Site) -> None:
    rows = [
        {
            "subject": f"第 {n} 条通知",
            "pubDate": f"2026-11-{n:02d} 08:00",
            "link": f"/n/{n}",
            "content": TEXT,
        }
        for n in range(10, 20)
    ]
    site.pages["/api"] = Answer(json.dumps({"data": {"list": rows}}).encode())
    best = proposal_of(site, "/api").candidates[0]
    assert (best.draft.kind, best.draft.options["items"]) == ("json_api", "data.list")
    assert best.sample.items[0].title == "第 10 条通知"
    board = [{**row, "reply": {"content": "已责成项目部支付工资。"}} for row in rows]
    site.pages["/board"] = Answer(json.dumps(board).encode())
    best = proposal_of(site, "/board").candidates[0]
    assert best.draft.kind == "message_board"
    assert any("已责成" in item.text for item in best.sample.items)
    news(site)
    pages = "".join(f"<url><loc>{site.url(f'/news/2026/t202611{n:02d}_{n}.html')}</loc></url>" for n in range(10, 18))  # fmt: skip
    site.pages["/sitemap.xml"] = Answer(
        f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{pages}</urlset>'.encode()
    )
    best = proposal_of(site, "/sitemap.xml").candidates[0]
    assert (best.draft.kind, best.draft.options["undated"]) == ("sitemap", True)
    assert len(best.sample.items) == 5
