"""The text of a page is found wherever it stands, and the score tells how much of an article it is."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import ExtractionError
from crawlers.extraction.body_text import BodyText, body_text
from crawlers.extraction.page import read_page
from tests.crawlers.pages import CARRIED, PARAGRAPHS, SHOWN, TEXT, markup, page

LONGEST_S = 3.0
"""Of processor time; half as much again as promised, for a machine that does other things as well."""


def read(source: str) -> BodyText:
    return body_text(read_page(source.encode(), "https://news.example/2026/1.html"))


def words(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("body", SHOWN.values(), ids=SHOWN)
def test_a_shown_text_is_found_whole_and_alone(body: str) -> None:
    found = read(page(body))
    assert words(found.text) == words(TEXT)
    assert found.extractor == "running"
    assert found.element is not None


@pytest.mark.parametrize("body", CARRIED.values(), ids=CARRIED)
def test_a_text_that_is_carried_but_not_shown_is_found(body: str) -> None:
    assert words(read(page(body)).text) == words(TEXT)


def test_a_teaser_gives_way_to_the_text_that_the_page_carries() -> None:
    found = read(page(f"<div><p>{PARAGRAPHS[0]}</p></div>" + CARRIED["state"]))
    assert (words(found.text), found.extractor) == (words(TEXT), "embedded")


def test_a_box_of_stories_at_the_top_of_a_text_hides_nothing_of_it() -> None:
    stories = "".join(f"<li><a href='/{n}'>河湾市总工会往年的做法之{n}</a></li>" for n in range(4))
    box = f"<div class=rel_box><b>相关报道</b><ul>{stories}</ul></div>"
    lead = f"<p class=lead>{'三个工地，六十个班组，一个季度走一遍，一次不落。' * 4}</p>"
    found = read(page(f"{lead}<div class=txt>{box}{markup()}</div>"))
    assert words(found.text).endswith(words(TEXT))
    assert "往年的做法" not in found.text


def test_a_short_text_stands_its_ground_beside_long_comments() -> None:
    comments = "".join(
        f"<div><span>工友{n}</span> <span>2026-11-1{n} 08:30</span><p>{PARAGRAPHS[2]}</p></div>"
        for n in range(9)
    )
    found = read(page(f"<p>{PARAGRAPHS[0]}</p><div><h3>热门评论</h3>{comments}</div>"))
    assert words(found.text) == words(PARAGRAPHS[0])


def test_where_the_publisher_can_be_reached_is_no_text() -> None:
    reach = "<p>地址：河湾市青岚区渡口路1号，电话：000-1234，传真：000-1235，邮编：000000</p>"
    found = read(page(f"<div><p>{PARAGRAPHS[2]}</p></div><div>{reach}</div>"))
    assert words(found.text) == words(PARAGRAPHS[2])


def test_half_a_page_within_a_script_is_no_accident() -> None:
    half = "<!DOCTYPE html><html><head><title>河湾，新闻</title><script>var a = 1;"
    shown = f"<div><p>{PARAGRAPHS[0]}</p></div><textarea>{half * 3}</textarea>"
    assert words(read(page(shown)).text) == words(PARAGRAPHS[0])


def test_a_list_of_words_within_a_script_is_no_text() -> None:
    table = "台号皑蔼碍爱翱袄奥坝罢摆败颁办绊帮绑镑谤剥饱宝报鲍辈贝钡狈备惫绷笔毕毙闭边编贬变" * 20
    shown = f"<div><p>工资，已发。</p></div><script>var simplified = '{table}';</script>"
    assert "皑蔼" not in read(page(shown)).text


def test_a_former_headline_does_not_outweigh_a_short_text() -> None:
    former = "<p class=was>（原标题：青岚区总工会走访工地，核对工资，解答疑问，督促整改）</p>"
    notes = "<p>本文来源：河湾日报 责任编辑：李四方</p>" * 3
    found = read(page(f"<div><div>{former}</div><p>{PARAGRAPHS[0][:50]}</p>{notes}</div>"))
    assert PARAGRAPHS[0][:50] in found.text


@pytest.mark.parametrize(
    "last",
    [
        "图集", "+1", "Tag:工资", "正在加载...", "相关日志", "严禁擅自转载",
        "阅读 7900 转发 40 评论 36", "浏览量：1.2万次 | 点赞 300+",
    ],
)  # fmt: skip
def test_what_a_page_sets_below_a_text_is_no_text(last: str) -> None:
    found = read(page(f"<div>{markup()}<p>{last}</p></div>"))
    assert words(found.text) == words(TEXT)


@pytest.mark.parametrize(
    "ending",
    ["<a href='/'>返回搜狐，查看更多</a>", "（责任编辑：李四方）", "<a href='/x'>阅读原文</a>"],
)
def test_a_last_paragraph_is_kept_whatever_it_ends_with(ending: str) -> None:
    last = "工友们说，有人常来问一问，心里就踏实得多。"
    found = read(page(f"<div>{markup()}<p>{last}{ending}</p></div>"))
    assert last in found.text
    assert "返回搜狐" not in found.text


def test_the_headline_and_the_facts_below_it_are_no_text() -> None:
    facts = "<p>2026-11-20 08:15 来源：河湾日报</p><p>字号：大 中 小</p>"
    found = read(page(f"<div><h2>青岚区总工会走访工地核对工资</h2>{facts}{markup()}</div>"))
    assert words(found.text) == words(TEXT)


def test_an_agenda_is_read_as_lines_of_a_list() -> None:
    agenda = [f"上午{hour}点 第{hour}次会议 主持人 林晓" for hour in range(40)]
    rows = "".join(f"<tr><td>{line}</td></tr>" for line in agenda)
    found = read(page(f"<table class=agenda>{rows}</table>"))
    assert found.extractor == "loose"
    assert found.text.splitlines() == agenda


def test_a_list_beside_a_short_text_belongs_to_it() -> None:
    names = [f"河湾市第{number}建筑工程公司" for number in range(30)]
    rows = "".join(f"<li>{name}</li>" for name in names)
    found = read(page(f"<div><p>{PARAGRAPHS[3]}名单如下：</p><ul>{rows}</ul></div>"))
    assert found.text.splitlines() == [f"{PARAGRAPHS[3]}名单如下：", *names]


def test_a_text_spread_among_links_and_tables_is_read_whole() -> None:
    table = "".join(
        f"<tr><td><a href=/x{number}>参见条目第{number}条</a></td></tr>" for number in range(12)
    )
    sections = [
        f"第{number}节讲述工会第{number}个十年的历史，包括组织、会员和主要活动，以及当年的罢工。"
        for number in range(12)
    ]
    found = read(
        page(
            "<div>"
            + "".join(f"<p>{text}</p><table>{table}</table>" for text in sections)
            + "</div>"
        )
    )
    assert found.extractor == "loose"
    assert [line for line in found.text.splitlines() if "参见条目" not in line] == sections


@pytest.mark.parametrize(
    "body",
    [
        "<p>您访问的页面不存在，请检查地址是否正确，或返回首页。</p>",
        "<p>请登录后继续阅读。登录即表示同意服务条款，还没有账号？请先注册。</p>",
        "<p>访问过于频繁，请输入验证码，完成安全验证后继续访问。</p>",
        '<div id="app"></div><noscript>请开启JavaScript，然后刷新页面，才能看到内容。</noscript>',
        "",
    ],
)
def test_walls_and_empty_shells_score_far_below_an_article(body: str) -> None:
    assert read(page(body)).score < 0.2


def test_a_whole_article_scores_high() -> None:
    assert read(page(f"<div>{markup(PARAGRAPHS * 2)}</div>")).score > 0.7


HOSTILE = {
    "very many blocks": "<div><p>文字，一二三。</p></div>" * 40_000,
    "very many levels": "<div>文字，一二三。" * 40_000,
    "very many links": "<a href=/x>链接文字</a>" * 40_000,
    "one endless line": "<p>" + "文字，一二三。" * 150_000,
    "nested tables": "<table><tr><td>文，" * 1500,
    "angle brackets": "<" * 1_000_000,
    "quotes": "<script>" + "\"'" * 1_000_000 + "</script>",
    "backslashes": '<script>"' + "\\" * 1_000_000 + "</script>",
    "unfinished objects": "<script>" + "={" * 700_000 + "</script>",
    "unfinished lists": "<script>x=" + "[" * 1_000_000 + "</script>",
    "scripts": ("<script>var a='" + "文字，一二三。" * 30 + "'</script>") * 2000,
    "named blocks": "<div class='article-content comment'>相关阅读<p>" * 1500
    + "<p>2020-01-01 10:20 文字，文。</p>" * 5_000,
    "comments": ("<div class=a>10:20 文字，文。" * 100 + "</div>" * 100) * 30,
    "spaces": "<p>" + " " * 3_000_000 + "文",
    "meta elements": "<meta name=a content=b>" * 70_000 + "文字",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_no_page_takes_long(source: str) -> None:
    started = time.process_time()
    read("<html><body>" + source)
    assert time.process_time() - started < LONGEST_S


PIECES = st.sampled_from(
    [*SHOWN.values(), *CARRIED.values(), "<table>", "</div>", "<!--", "-->", "<script>", "</p>", '"', "{", "相关阅读"]
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    pieces=st.lists(st.tuples(PIECES, st.integers(0, 800), st.integers(1, 3000)), max_size=5),
    noise=st.binary(max_size=200),
    encoding=st.sampled_from(["utf-8", "gb18030", "utf-16", "big5"]),
)
@example(pieces=[], noise=b"\xff\xfe\x00", encoding="utf-8")
def test_mangled_pages_are_read_or_refused(
    pieces: list[tuple[str, int, int]], noise: bytes, encoding: str
) -> None:
    source = "".join(piece[start : start + length] for piece, start, length in pieces)
    body = source.encode(encoding, errors="replace") + noise
    try:
        found = body_text(read_page(body, "https://news.example/"))
    except ExtractionError:
        return
    assert 0.0 <= found.score <= 1.0
