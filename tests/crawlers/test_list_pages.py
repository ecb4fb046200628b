"""Lists of articles as sites lay them out: the right links, their headlines and their times."""

from __future__ import annotations

import datetime as dt

import pytest

from core.errors import ExtractionError
from crawlers.source_types import SOURCE_TYPES
from tests.crawlers.parsing import ADDRESS, page_of, parsed, source_of

TITLES = [f"河湾市总工会为务工人员追回工资第{n}起" for n in range(1, 7)]
DAYS = [f"2026-11-{20 - n:02}" for n in range(6)]
NAVIGATION = (
    "<div class='header'><ul>" + "".join(f"<li><a href='/column/{n}/index.html'>河湾新闻频道栏目{n}</a></li>" for n in range(12))
    + "</ul></div>"
)  # fmt: skip
SIDE = (
    "<div class='sidebar'><h3>点击排行</h3>"
    + "".join(f"<p><a href='/2026/1101/s{n}.html'>很久以前的一篇热门旧文章标题第{n}号</a></p>" for n in range(10))
    + "</div>"
)  # fmt: skip
FOOT = "<div class=footer>" + "".join(f"<a href='https://www.example.com/index{n}.html'>友情链接：某某市人民政府网站{n}</a>" for n in range(20)) + "</div>"  # fmt: skip


def entries(form: str) -> str:
    return "".join(
        form.format(url=f"/2026/1121/c{n}.html", title=title, day=day, short=title[:9] + "…",
                    month_day=day[5:], year_month=day[:7], number=int(day[8:]), n=n)
        for n, (title, day) in enumerate(zip(TITLES, DAYS, strict=True))
    )  # fmt: skip


LAYOUTS = {
    "plain": "<ul class=list>{}</ul>",
    "table": "<table><tbody>{}</tbody></table>",
    "cards": "<div class=main>{}</div>",
}
FORMS = {
    "title_and_day": ("plain", "<li><a href='{url}'>{title}</a><span>{day}</span></li>"),
    "bracketed_day": ("plain", "<li>[{month_day}] <a href='{url}'>{title}</a></li>"),
    "cut_title": ("plain", "<li><a href='{url}' title='{title}'>{short}</a><i>{day}</i></li>"),
    "table": ("table", "<tr><td>{n}</td><td><a href='{url}'>{title}</a></td><td>{day}</td></tr>"),
    "card": (
        "cards",
        ("<div class='item item{n}'><a href='{url}'><img src='/{n}.jpg' alt='图'></a>"
        "<h3><a href='{url}'>{title}</a></h3><p>工会干部到现场核对工资表。</p>"
        "<div class=info><span>河湾日报</span><span>{day} 08:30</span><a href='{url}'>详情</a></div></div>"),
    ),
    "card_in_a_link": (
        "cards", ("<a class=card href='{url}'><h4>{title}</h4><p>工会干部到现场核对工资表，"
        "施工单位承诺本周内发放。</p><time datetime='{day}'>昨天</time></a>"),
    ),
    "day_apart": (
        "plain",
        "<li><div class=date><b>{number}</b><em>{year_month}</em></div><a href='{url}'>{title}</a></li>",
    ),
    "odd_and_even": ("plain", "<li class='n{n} odd'><a href='{url}'>{title}</a><span>{day}</span></li>"),
    "by_number": ("plain", "<li><a href='/show.php?id={n}77'>{title}</a><span>{day}</span></li>"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_list_is_found_between_menus_old_favourites_and_link_exchanges(form: str) -> None:
    layout, entry = FORMS[form]
    body = f"<html><body>{NAVIGATION}{LAYOUTS[layout].format(entries(entry))}{SIDE}{FOOT}</body></html>"
    found = parsed("list_page", body).links
    assert [link.title for link in found] == TITLES
    for link, day in zip(found, DAYS, strict=True):
        assert link.published_at is not None
        shown = link.published_at + dt.timedelta(hours=8)
        assert shown.date().isoformat() == day


def test_two_columns_of_news_are_both_lists() -> None:
    left = "<ul class=left>" + entries("<li><a href='{url}'>{title}</a></li>") + "</ul>"
    right = "<ul class=right>" + entries("<li><a href='/b{url}'>{title}（续）</a></li>") + "</ul>"
    assert len(parsed("list_page", left + right + FOOT).links) == 12


LIST = "<ul>" + entries("<li><a href='{url}'>{title}</a></li>") + "</ul>"


@pytest.mark.parametrize(
    ("pager", "options", "following"),
    [
        ("<a href='index_2.html'>下一页</a>", {"pages": 3}, "https://news.example.com/index_2.html"),
        ("<a href='?p=2'>下一页 &gt;</a>", {"pages": 3}, "https://news.example.com/list?p=2"),
        ("<a rel=next href='/l/2'>→</a>", {"pages": 3}, "https://news.example.com/l/2"),
        ("<p class=more><a href='/l/2'>more</a></p>", {"pages": 2, "next_selector": ".more"},
         "https://news.example.com/l/2"),
        ("", {"pages": 2, "page_url": "/index_{page}.html", "second_page": 1},
         "https://news.example.com/index_1.html"),
        ("<a href='index_2.html'>下一页</a>", {}, None),
        ("<a href='javascript:next()'>下一页</a>", {"pages": 3}, None),
        ("<a href='https://evil.example.org/2'>下一页</a>", {"pages": 3}, None),
        ("<a href='/list'>下一页</a>", {"pages": 3}, None),
    ],
)  # fmt: skip
def test_a_list_goes_on_with_its_next_page(
    pager: str, options: dict[str, object], following: str | None
) -> None:
    follow = parsed("list_page", LIST + pager, **options).follow
    assert [request.url for request in follow] == ([] if following is None else [following])
    assert all(request.number == 2 and request.only_if_new for request in follow)


def test_a_list_ends_at_the_number_of_pages_that_was_asked_for() -> None:
    source = source_of("list_page", pages=3, page_url="/index_{page}.html")
    pages = [
        SOURCE_TYPES.load("list_page")().parse(page_of(LIST, ADDRESS, number=number), source)
        for number in (1, 2, 3)
    ]
    assert [[request.url[-12:] for request in page.follow] for page in pages] == [
        ["index_2.html"], ["index_3.html"], [],
    ]  # fmt: skip


def test_a_page_of_one_story_is_no_list() -> None:
    with pytest.raises(ExtractionError, match="没有找到文章列表"):
        parsed(
            "list_page", f"<p>正文</p><a href='{ADDRESS}'>本页</a><a href='#top'>回到顶部看看</a>"
        )
