"""Feeds as found in the wild."""

from __future__ import annotations

import datetime as dt

import pytest

from core.errors import ExtractionError
from crawlers.source_types import SOURCE_TYPES
from tests.crawlers.parsing import page_of, parsed, source_of

TIME = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
ITEM = "<title>工地欠薪已解决</title><link>/a/1.html</link><description>四十七名工人拿到了工资</description>"


def rss(
    item: str = ITEM, *, head: str = '<?xml version="1.0" encoding="utf-8"?>', more: str = ""
) -> str:
    return (
        f'{head}<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>河湾日报</title>'
        f"<item>{item}</item>{more}</channel></rss>"
    )


RSS_1 = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns="http://purl.org/rss/1.0/"><channel rdf:about="https://news.example.com/"><title>河湾日报</title></channel>
<item rdf:about="https://news.example.com/a/1.html"><title>工地欠薪已解决</title>
<link>https://news.example.com/a/1.html</link><description>四十七名工人拿到了工资</description></item></rdf:RDF>"""
RSS_091 = """<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
"http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel><title>河湾日报</title>
<item><title>工地欠薪已解决</title><link>https://news.example.com/a/1.html</link>
<description>四十七名工人拿到了工资</description></item></channel></rss>"""


@pytest.mark.parametrize(
    "body",
    [
        rss().encode("gbk"),
        rss(head='<?xml version="1.0" encoding="gb2312"?>'),
        b"\xef\xbb\xbf" + rss().encode(),
        "\n\n  \t" + rss(),
        "Warning: mysql_connect() in /index.php on line 3\n" + rss(),
        rss(head="<?xml version='1.0' ?><?xml-stylesheet href='/rss.xsl'?><!-- 生成于今天 -->"),
        rss(head='<!DOCTYPE rss [<!ENTITY nbsp "&#160;">]>'),
        rss(ITEM.replace("四十七名", "四十七名\x08\x0b")),
        rss(ITEM.replace("<description>", "<description><![CDATA[<p>").replace("</desc", "</p>]]></desc")),
        rss().encode("utf-16"),
        rss(more="<item><title>半条"),
        rss().partition("</item>")[0],
        RSS_1,
        RSS_091,
    ],
)  # fmt: skip
def test_a_feed_is_read_whatever_is_wrong_with_its_wrapping(body: str | bytes) -> None:
    document = parsed("feed", body).documents[0]
    assert (document.title, document.text) == ("工地欠薪已解决", "四十七名工人拿到了工资")
    assert document.url == "https://news.example.com/a/1.html"
    assert document.outlet == "河湾日报"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("工资&nbsp;已发", "工资\xa0已发"),
        ("A & B 公司", "A & B 公司"),
        ("职工&mdash;企业", "职工—企业"),
        ("&unknown;值", "&unknown值"),
        ("&lt;p&gt;一&lt;/p&gt;&lt;p&gt;二&lt;/p&gt;", "一\n二"),
        ("<![CDATA[<html><head><title>页</title><script>x]]>", "页"),
        ("<![CDATA[<script>alert(1)</script>正文<br>第二行]]>", "正文\n第二行"),
    ],
)
def test_text_in_a_feed_is_text(written: str, read: str) -> None:
    body = rss(f"<title>标题</title><link>/a</link><description>{written}</description>")
    assert parsed("feed", body).documents[0].text == read


@pytest.mark.parametrize(
    "element",
    [
        "<pubDate>Sat, 21 Nov 2026 08:00:00 +0800</pubDate>",
        "<pubDate>2026-11-21 08:00:00</pubDate>",
        "<pubDate>2026年11月21日 08:00</pubDate>",
        "<dc:date>2026-11-21T08:00:00+08:00</dc:date>",
        "<pubDate>1795219200</pubDate>",
    ],
)
def test_times_of_entries_are_read_in_the_forms_that_occur(element: str) -> None:
    assert parsed("feed", rss(ITEM + element)).documents[0].published_at == TIME


def test_the_whole_text_is_preferred_to_the_summary() -> None:
    body = rss(
        ITEM
        + "<content:encoded><![CDATA[<p>四十七名工人拿到了工资。</p><p>工会跟进。</p>]]></content:encoded>"
    )
    assert parsed("feed", body).documents[0].text == "四十七名工人拿到了工资。\n工会跟进。"


def test_entries_without_an_address_stay_apart() -> None:
    items = "</item><item>".join(f"<title>第{n}条</title><guid>id {n}</guid>" for n in range(3))
    documents = parsed("feed", rss(items)).documents
    assert {document.anchor for document in documents} == {"id%200", "id%201", "id%202"}
    assert len(parsed("feed", rss(items), follow_links=True).links) == 0


def test_only_entries_without_their_whole_text_are_opened() -> None:
    whole = f"<title>全文</title><link>/b</link><description>{'工资已经发放。' * 60}</description>"
    cut = f"<title>半截</title><link>/c</link><description>{'工资已经发放。' * 60}…阅读全文</description>"
    harvest = parsed(
        "feed", rss(f"{ITEM}</item><item>{whole}</item><item>{cut}"), follow_summaries=True
    )
    assert [document.title for document in harvest.documents] == ["全文"]
    assert [link.title for link in harvest.links] == ["工地欠薪已解决", "半截"]
    assert harvest.links[0].outlet == "河湾日报"


def test_entities_are_never_expanded() -> None:
    bomb = '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    document = parsed(
        "feed", rss("<title>&b;</title><description>文</description>", head=bomb)
    ).documents[0]
    assert "aaaa" not in document.title
    with pytest.raises(ExtractionError, match="实体"):
        parsed("feed", rss("<title><!ENTITY c 'x'></title>"))


def test_a_feed_is_cut_at_its_limit() -> None:
    items = "</item><item>".join(f"<title>第{n}条</title><link>/{n}</link>" for n in range(900))
    assert len(parsed("feed", rss(items), limit=30).documents) == 30
    everything = SOURCE_TYPES.load("feed")().parse(
        page_of(rss(items)), source_of("feed", limit=500)
    )
    assert len(everything.documents) == 500
