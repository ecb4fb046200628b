"""Golden pages: exactly these documents and links, nothing else."""

import datetime as dt
import json

import pytest

from core.errors import ExtractionError
from crawlers.intake import CollectedDocument
from tests.crawlers.parsing import NOW, parsed, parsed_linked

RSS = """<?xml version="1.0" encoding="gbk"?><rss version="2.0"><channel><title>河湾日报</title>
<item><title>工地欠薪已解决</title><link>/a/1.html?utm_source=rss</link>
<description><![CDATA[<p>47名工人拿到了工资。</p><p>工会全程跟进。</p>]]></description>
<pubDate>Sat, 21 Nov 2026 08:00:00 +0800</pubDate><author>记者甲</author></item>
<item><title>没有链接的一条</title><description>正文</description><guid>id-2</guid></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>河湾日报</title>
<entry><title>工地欠薪已解决</title><link href="https://news.example.com/a/1.html"/><id>1</id>
<published>2026-11-21T00:00:00Z</published><author><name>记者甲</name></author>
<content type="html">&lt;p&gt;47名工人拿到了工资。&lt;/p&gt;&lt;p&gt;工会全程跟进。&lt;/p&gt;</content></entry></feed>"""
JSON_FEED = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "河湾日报",
        "items": [
            {
                "id": "1",
                "url": "https://news.example.com/a/1.html",
                "title": "工地欠薪已解决",
                "content_html": "<p>47名工人拿到了工资。</p><p>工会全程跟进。</p>",
                "date_published": "2026-11-21T08:00:00+08:00",
                "authors": [{"name": "记者甲"}],
            }
        ],
    }
)


@pytest.mark.parametrize("body", [RSS.encode("gbk"), RSS.encode(), ATOM, JSON_FEED])
def test_every_kind_of_feed_yields_the_same_document(body: str | bytes) -> None:
    document = parsed("feed", body).documents[0]
    assert document.url.startswith("https://news.example.com/a/1.html")
    assert document.title == "工地欠薪已解决"
    assert document.text == "47名工人拿到了工资。\n工会全程跟进。"
    assert document.published_at == dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    assert (document.author, document.outlet) == ("记者甲", "河湾日报")


def test_a_feed_can_announce_its_articles_instead() -> None:
    harvest = parsed("feed", ATOM, follow_links=True)
    assert harvest.documents == ()
    assert [link.url for link in harvest.links] == ["https://news.example.com/a/1.html"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<html><body>没有订阅源</body></html>", "不是 RSS"),
        ('{"items": 3}', "没有 items"),
        ('{"items": [', "不完整"),
        ("<!DOCTYPE x []><rss><!ENTITY c 'x'></rss>", "实体"),
    ],
)
def test_what_is_no_feed_is_refused_with_a_reason(body: str, reason: str) -> None:
    with pytest.raises(ExtractionError, match=reason):
        parsed("feed", body)


LIST = """<html><body><nav><a href="/">首页</a><a href="/about/contact.html">联系我们的编辑部</a></nav>
<ul class="news">
<li><a href="/2026/1121/c1.html?spm=1">建筑工地拖欠工资问题得到解决</a><span>2026-11-21</span></li>
<li><a href="/2026/1120/c2.html">快递小哥有了暖心驿站可以歇脚</a><span>11-20 08:30</span></li>
<li><a href="/2026/1120/c2.html#comments">快递小哥有了暖心驿站可以歇脚</a></li>
<li><a href="https://other.example.org/2026/x1234.html">别的网站上的一篇长标题文章</a></li>
<li><a href="javascript:void(0)">点击展开更多的新闻列表内容</a></li>
</ul></body></html>"""


@pytest.mark.parametrize("options", [{}, {"link_selector": "ul.news a"}])
def test_a_list_announces_its_articles_once(options: dict[str, object]) -> None:
    links = parsed("list_page", LIST, **options).links
    assert [link.url for link in links] == [
        "https://news.example.com/2026/1121/c1.html?spm=1",
        "https://news.example.com/2026/1120/c2.html",
    ]
    assert links[0].title == "建筑工地拖欠工资问题得到解决"
    assert links[0].published_at == dt.datetime(2026, 11, 20, 16, tzinfo=dt.UTC)
    assert links[1].published_at == dt.datetime(2026, 11, 20, 0, 30, tzinfo=dt.UTC)


def test_ten_thousand_links_are_bounded() -> None:
    links = "".join(
        f'<li><a href="/a/{n:05}.html">标题很长的新闻{n}</a></li>' for n in range(10_000)
    )
    assert len(parsed("list_page", f"<ul>{links}</ul>", limit=1000).links) == 1000


@pytest.mark.parametrize("selector", ["ul.nothing a", "ul[["])
def test_a_selector_that_finds_nothing_says_so(selector: str) -> None:
    with pytest.raises(ExtractionError, match="选择器"):
        parsed("list_page", LIST, link_selector=selector)


def test_a_hot_list_keeps_heat_and_rank() -> None:
    body = json.dumps(
        {
            "data": {
                "realtime": [
                    {"word": "工地讨薪", "num": 3_200_000},
                    {"word": "", "num": 1},
                    {"word": "天气", "num": "1.5万"},
                ]
            }
        }
    )
    documents = parsed(
        "trending_list", body, items="data.realtime", title_field="word", heat_field="num",
        url_template="https://s.example.com/w?q={title}",
    ).documents  # fmt: skip
    assert documents == (
        CollectedDocument(
            title="工地讨薪", text="", url="https://s.example.com/w?q=%E5%B7%A5%E5%9C%B0%E8%AE%A8%E8%96%AA",
            published_at=NOW, kind="trending", views=3_200_000, rank=1,
        ),
        CollectedDocument(
            title="天气", text="", url="https://s.example.com/w?q=%E5%A4%A9%E6%B0%94",
            published_at=NOW, kind="trending", views=15_000, rank=3,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(("body", "path"), [("<html>", "items"), ("{}", "items"), ("{}", "a[")])
def test_a_hot_list_that_changed_says_so(body: str, path: str) -> None:
    with pytest.raises(ExtractionError, match=r"JSON|JMESPath"):
        parsed("trending_list", body, items=path)


def test_a_thread_is_its_opening_post_and_its_replies() -> None:
    body = """<html><head><title>三个月没发工资了 - 河湾论坛</title></head><body>
    <h1>三个月没发工资了</h1><span class="views">浏览 1,234</span>
    <div class="post" id="p1"><b class="author">老张</b><i class="time">2026-11-21 08:00</i>
    <div class="text">我们四十七个人都没拿到钱。</div></div>
    <div class="post" id="p2"><b class="author">小李</b><i class="time">5分钟前</i>
    <div class="text">我也是这个工地的。</div></div></body></html>"""
    harvest = parsed_linked("forum", body, "https://bbs.example.com/t/1")
    opening, reply = harvest.documents
    assert harvest.is_thread
    assert (opening.title, opening.text) == ("三个月没发工资了", "我们四十七个人都没拿到钱。")
    assert (opening.author, opening.views) == ("老张", 1234)
    assert (reply.anchor, reply.text, reply.kind) == ("p2", "我也是这个工地的。", "reply")
    assert reply.published_at == NOW - dt.timedelta(minutes=5)
