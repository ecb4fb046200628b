import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import SHANGHAI
from core.errors import ExtractionError
from crawlers.extraction.facts import Facts, read_facts
from crawlers.extraction.page import read_page
from tests.crawlers.article_page import HEADLINE, NOW, OPENING, article_page, facts_of


def shown(facts: Facts) -> str | None:
    if facts.published_at is None:
        return None
    local = facts.published_at.astimezone(SHANGHAI)
    return local.strftime("%Y-%m-%d" if facts.is_day_only else "%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("title", "headline"),
    [
        (f"{HEADLINE}_河湾新闻网", f"<h1>{HEADLINE}</h1>"),
        (f"{HEADLINE}|工会|工资_河湾新闻_河湾网", f"<h1>{HEADLINE}</h1>"),
        (f"{HEADLINE}--时政--河湾网", f'<div class="title">{HEADLINE}</div>'),
        (f"{HEADLINE} - 河湾晚报", f"<h2><em>原创</em>{HEADLINE}</h2>"),
        (f"{HEADLINE[:8]}..._政务_河湾新闻", f"<h1>{HEADLINE}</h1>"),
        ("新闻动态--河湾市总工会官网", f"<h5>{HEADLINE}</h5>"),
        ("", f"<b>{HEADLINE}</b>"),
        (f"河湾论坛 {HEADLINE}", f"<td>主题： {HEADLINE}</td>"),
        (f"{HEADLINE}_河湾新闻网", ""),
    ],
)
def test_the_headline_is_what_is_shown_without_the_site(title: str, headline: str) -> None:
    assert facts_of(article_page(title=title, headline=headline)).title == HEADLINE


@pytest.mark.parametrize(
    "headline",
    [
        '奖金711万元！"中国奖"首位获奖女工啥来头?',
        "“讨薪”群里的年轻人：我们不想只是等",
        "书记这一周 | 奋马扬鞭争春色，“虎”力全开向未来",
        "夜雨",
        "投身外交(3)",
    ],
)
def test_punctuation_does_not_cut_a_headline(headline: str) -> None:
    escaped = headline.replace('"', "&quot;")
    cut = headline.partition("！")[0] + "！"
    page = article_page(
        title=f"{escaped}_河湾新闻网",
        headline=f"<h1>{escaped}</h1>",
        head=f'<meta property="og:title" content="{cut}">',
    )
    assert facts_of(page).title == headline


def test_a_headline_over_two_lines_is_joined_as_its_title_says() -> None:
    page = article_page(
        title="为现代化凝聚力量——热烈祝贺大会开幕_河湾网",
        headline="<h1>为现代化凝聚力量<br>——热烈祝贺大会开幕</h1>",
    )
    assert facts_of(page).title == "为现代化凝聚力量——热烈祝贺大会开幕"


def test_a_title_that_is_cut_before_the_site_is_given_whole() -> None:
    page = article_page(title=f"{HEADLINE[:8]}…_河湾网", headline=f"<div>{HEADLINE}</div>")
    assert facts_of(page).title == HEADLINE


def test_a_heading_of_other_stories_is_no_headline() -> None:
    page = article_page(
        title="河湾新闻网",
        headline=f"<p>{HEADLINE}</p><p>2026-11-20 08:15</p>",
        below="<div><h3>相关报道</h3><p><a href='/b'>别处的报道</a></p></div>",
    )
    assert facts_of(page).title == HEADLINE


def test_a_page_that_shows_no_headline_is_called_what_it_tells_other_sites() -> None:
    page = article_page(
        title="河湾日报客户端",
        headline="",
        head=f"<meta property='og:title' content='{HEADLINE}'>",
    )
    assert facts_of(page).title == HEADLINE


@pytest.mark.parametrize(
    "headline",
    ["记者走访三个工地看工资支付", "分享经济下的骑手保险怎么交", "来源不明的扣款该怎么要回来"],
)
def test_a_headline_may_begin_as_a_byline_does(headline: str) -> None:
    page = article_page(title="河湾新闻网", headline=f"<h1>{headline}</h1>")
    assert facts_of(page).title == headline


def test_a_heading_of_a_list_does_not_beat_what_the_title_says() -> None:
    page = article_page(
        title=f"{HEADLINE}(图)",
        headline=f"<td>{HEADLINE}(图)</td>",
        below="<p>2026-11-20 08:15</p><h3>热点排行</h3><p><a href='/1'>热点新闻的标题很长很长</a></p>",
    )
    assert facts_of(page).title == f"{HEADLINE}(图)"


def test_a_recommended_article_lends_no_headline() -> None:
    page = article_page(
        after='<h2>作者最新文章</h2><h2><a href="/b">别的文章的很长的标题在这里</a></h2>'
    )
    assert facts_of(page).title == HEADLINE


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (article_page(below="<p>2026年11月20日 08:15 河湾日报</p>"), "2026-11-20 08:15"),
        (article_page(above="<p>2026年11月20日</p>"), "2026-11-20"),
        (article_page(below="<i>2026</i><p>11/20</p><p>08:15</p>"), "2026-11-20 08:15"),
        (article_page(below="<p>发布时间：3小时前</p>"), "2026-11-21 06:30"),
        (article_page(head='<meta name="PubDate" content="2026-11-20 08:15">'), "2026-11-20 08:15"),
        (
            article_page(
                head='<script type="application/ld+json">{"@type":"NewsArticle",\n"datePublished":'
                '"2026-11-20T00:15:00Z"}</script>'
            ),
            "2026-11-20 08:15",
        ),
        (article_page(after='<script>var ct = "1581517074";</script>'), "2020-02-12 22:17"),
        (
            article_page(below="<p>昨天</p>", after='<script>var ct = "1581517074";</script>'),
            "2020-02-12 22:17",
        ),
        (article_page(after="<p>发表于 2026-11-20 08:15:33</p>"), "2026-11-20 08:15"),
        (article_page(below="<p>最后更新: 2026-11-20 08:15</p><p>2026-11-19 07:00 字号</p>"), "2026-11-19 07:00"),
        (article_page(below="<p>2026-05-06 10:20</p><p>活动时间：2026年6月1日</p>"), "2026-05-06 10:20"),
        (article_page(below="<p>2026-11-19 07:00 发布 2026-11-20 08:15 更新</p>"), "2026-11-19 07:00"),
        (article_page(below="<p>成文日期：2026-11-12 发布日期：2026-11-19</p>"), "2026-11-19"),
        (article_page(below="<p>发表于 <b title='2025-1-5 8:30'>x</b><i title='2025-1-5 8:30'>昨天 08:30</i></p>"), "2025-01-05 08:30"),
        (article_page(below="<time datetime='2025-01-05T08:30:00+08:00'>1月5日</time>"), "2025-01-05 08:30"),
        (article_page(below="<b>05</b><p>2026-01</p>"), "2026-01-05"),
        (article_page(head='<meta property="bytedance:published_time" content="2026-01-05T08:30:00+08:00">'), "2026-01-05 08:30"),
        (article_page(below="<p>2026-06-27 10:56</p><p><a href='/b'>别处的报道</a> 2026-11-02</p>"), "2026-06-27 10:56"),
        (article_page(below="<p>2026-06-27 10:56</p>", opening=f"老工长因病医治无效，于2026年6月26日23时16分辞世，{OPENING}"), "2026-06-27 10:56"),
        (article_page(below="<p>2031-01-01 00:00</p>"), None),
        (article_page(below="<p>1970-01-01 08:00</p>"), None),
        (article_page(after='<a href="/x">相关：别的事</a> 2026-11-02 10:00'), None),
        (article_page(), None),
    ],
    ids=range(23),
)  # fmt: skip
def test_the_time_of_publication(page: str, expected: str | None) -> None:
    assert shown(facts_of(page)) == expected


def test_the_day_in_the_address_helps_where_the_page_is_silent() -> None:
    facts = facts_of(article_page(), url="http://news.example/2026-11/20/c_1.htm")
    assert shown(facts) == "2026-11-20"
    assert facts.published_at == dt.datetime(2026, 11, 19, 16, tzinfo=dt.UTC)


def test_a_yearless_time_takes_its_year_from_the_page() -> None:
    page = article_page(
        head='<meta itemprop="dateUpdate" content="2019-09-30 22:46:13">',
        below="<p>发布时间：09-3022:46</p>",
    )
    assert shown(facts_of(page)) == "2019-09-30 22:46"


@pytest.mark.parametrize(
    ("below", "outlet", "source"),
    [
        ("<p>来源：河湾日报 2026-11-20</p>", "河湾新闻网", "河湾日报"),
        ("<p>2026-11-20 08:15 来源: <a>每日经济新闻</a> 举报</p>", "河湾新闻网", "每日经济新闻"),
        ("<p>来源：人民网－河湾日报</p>", "河湾新闻网", "河湾日报"),
        ("<p>来源：光明网-《河湾日报》2026-11-20 03:15</p>", "河湾新闻网", "河湾日报"),
        ("<p>来源：</p><p>河湾日报</p>", "河湾新闻网", "河湾日报"),
        ("<p>本文来源于河湾统计局 2026-11-20</p>", "河湾新闻网", "河湾统计局"),
        ("<p>2026年11月20日 04:04 河湾日报</p>", "河湾新闻网", "河湾日报"),
        ("<p>来源丨河湾日报</p>", "河湾新闻网", "河湾日报"),
        ("<p>来源/河湾日报</p>", "河湾新闻网", "河湾日报"),
        ("<p>河湾日报 2026-11-20 08:15</p>", "河湾新闻网", "河湾日报"),
        ("<p>2026-11-20 08:15 河湾日报 王小满</p>", "河湾新闻网", "河湾日报"),
        ("<p>来源：河湾日报小字号</p>", "河湾新闻网", "河湾日报"),
        ("<p>本文转载自微信公众号“渡口观察”</p>", "河湾新闻网", "渡口观察"),
        ("<p>（据河湾日报）</p>", "河湾新闻网", "河湾日报"),
        ("<p>来自: river.S 2026-11-20 08:15</p>", "河湾新闻网", None),
        ("<p>资金来源：财政拨款</p>", "河湾新闻网", None),
        ("<p>来源：河湾新闻网</p>", "河湾新闻网", None),
        ("<p>来源：本站原创</p>", "河湾新闻网", None),
        ("<p>来源：互联网</p>", "河湾新闻网", None),
    ],
)
def test_the_site_and_whom_it_took_the_text_from(
    below: str, outlet: str, source: str | None
) -> None:
    facts = facts_of(article_page(below=below))
    assert (facts.outlet, facts.original_source) == (outlet, source)


@settings(max_examples=60, deadline=None)
@given(
    soup=st.lists(
        st.one_of(
            st.sampled_from(
                ["<h1>", "</h1>", "<p>", "<a>", "作者：", "来源：", "2024-05-03 ", "记者", "（", "）", "<script>",
                 "var ct=", '{"@type":', "<title>", "<!--", "&#x110000;", "<table>", "\x00", "1" * 14]
            ),
            st.text(max_size=20),
        ),
        max_size=40,
    ),
    text=st.text(max_size=60),
)  # fmt: skip
def test_no_soup_raises_anything_but_an_extraction_error(soup: list[str], text: str) -> None:
    try:
        page = read_page("".join(soup).encode("utf-8", "replace"), "http://news.example/")
    except ExtractionError:
        return
    read_facts(page, text, now=NOW)
