"""Sitemaps: which pages they announce, and which further sitemaps are worth opening."""

from __future__ import annotations

import gzip

import pytest

from core.errors import ExtractionError
from crawlers.source import Cursor, Harvest
from crawlers.source_types import SOURCE_TYPES
from tests.crawlers.parsing import page_of, parsed, source_of

SITE = "https://news.example.com"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def urlset(*entries: str) -> str:
    return (
        f'{HEAD}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        ' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
        ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">'
        + "".join(f"<url>{entry}</url>" for entry in entries)
        + "</urlset>"
    )


def entry(path: str, lastmod: str = "") -> str:
    return f"<loc>{SITE}{path}</loc>" + (f"<lastmod>{lastmod}</lastmod>" if lastmod else "")


def index(*children: str) -> str:
    return f"{HEAD}<sitemapindex>" + "".join(f"<sitemap>{c}</sitemap>" for c in children) + "</sitemapindex>"  # fmt: skip


def read(body: str, *, number: int = 1, cursor: Cursor | None = None, **options: object) -> Harvest:
    page = page_of(body, f"{SITE}/sitemap.xml", number=number, cursor=cursor)
    return SOURCE_TYPES.load("sitemap")().parse(page, source_of("sitemap", SITE, **options))


def paths(harvest: Harvest) -> list[str]:
    return [link.url.removeprefix(SITE) for link in harvest.links]


DATED = urlset(
    entry("/news/2", "2026-11-19"),
    entry("/news/1", "2026-11-20T08:00:00+08:00"),
    entry("/news/old", "2026-10-01"),
    entry("/about"),
    entry("/video/3", "2026-11-20T20:00:00+08:00"),
    "<loc>https://other.example.org/x</loc><lastmod>2026-11-20</lastmod>",
)


@pytest.mark.parametrize(
    ("options", "announced"),
    [
        ({}, ["/video/3", "/news/1", "/news/2"]),
        ({"days": 1}, ["/video/3"]),
        ({"days": 0, "undated": True}, ["/video/3", "/news/1", "/news/2", "/news/old", "/about"]),
        ({"include": ["/news/"]}, ["/news/1", "/news/2"]),
        ({"exclude": ["/video/"]}, ["/news/1", "/news/2"]),
        ({"limit": 1}, ["/video/3"]),
    ],
)
def test_recent_pages_of_the_site_are_announced_newest_first(
    options: dict[str, object], announced: list[str]
) -> None:
    assert paths(parsed("sitemap", DATED, **options)) == announced


def test_a_news_sitemap_names_title_time_and_outlet() -> None:
    news = (
        "<news:news><news:publication><news:name>河湾日报</news:name></news:publication>"
        "<news:publication_date>2026-11-21T08:00:00+08:00</news:publication_date>"
        "<news:title>工地欠薪已解决</news:title></news:news>"
        "<image:image><image:loc>/1.jpg</image:loc><image:title>配图</image:title></image:image>"
    )
    (link,) = parsed("sitemap", urlset(entry("/news/1") + news)).links
    assert (link.title, link.outlet) == ("工地欠薪已解决", "河湾日报")
    assert link.published_at is not None
    assert link.published_at.isoformat() == "2026-11-21T00:00:00+00:00"


def test_packed_plain_and_cut_off_sitemaps_are_read() -> None:
    packed = gzip.compress(DATED.encode())
    assert len(parsed("sitemap", packed).links) == 3
    assert len(parsed("sitemap", f"{SITE}/a\n{SITE}/b\n", undated=True).links) == 2
    assert len(read(DATED.partition("<url><loc>https://news.example.com/about")[0]).links) == 2


def test_an_index_opens_what_has_changed_since_it_was_read() -> None:
    first = index(entry("/a.xml", "2026-11-20"), entry("/b.xml", "2026-11-21"), entry("/c.xml"),
                  entry("/old.xml", "2020-01-01"))  # fmt: skip
    harvest = read(first)
    assert [request.url for request in harvest.follow] == [
        f"{SITE}/b.xml", f"{SITE}/a.xml", f"{SITE}/c.xml",
    ]  # fmt: skip
    assert {request.number for request in harvest.follow} == {2}
    later = read(first.replace("2026-11-20", "2026-11-22"), cursor=harvest.cursor)
    assert [request.url for request in later.follow] == [f"{SITE}/a.xml", f"{SITE}/c.xml"]
    assert len(read(first, children=1).follow) == 1


def test_an_index_within_an_index_is_opened_until_all_of_it_was_read() -> None:
    nested = index(*(entry(f"/{n}.xml", f"2026-11-{20 - n}") for n in range(5)))
    here = f"{SITE}/sitemap.xml"
    opened: list[str] = []
    cursor: Cursor | None = {"read": {here: "2026-11-21"}}
    for is_all_read in (False, True):
        harvest = read(nested, number=2, cursor=cursor)
        opened += [request.url for request in harvest.follow]
        cursor = harvest.cursor
        assert cursor is not None
        assert (here in str(cursor)) is is_all_read
        cursor = {"read": {here: "2026-11-21", **as_strings(cursor["read"])}}
    assert opened == [f"{SITE}/{n}.xml" for n in range(5)]


def as_strings(value: object) -> dict[str, str]:
    assert isinstance(value, dict)
    return {str(name): str(text) for name, text in value.items()}


def test_robots_txt_names_the_sitemaps() -> None:
    source = source_of("sitemap", SITE, from_robots=True)
    source_type = SOURCE_TYPES.load("sitemap")()
    (request,) = source_type.requests(source)
    assert request.url == f"{SITE}/robots.txt"
    body = f"User-agent: *\nDisallow:\nSitemap: {SITE}/news.xml\nsitemap: {SITE}/all.xml.gz\n"
    harvest = source_type.parse(page_of(body, request.url), source)
    assert [request.url for request in harvest.follow] == [f"{SITE}/news.xml", f"{SITE}/all.xml.gz"]
    with pytest.raises(ExtractionError, match=r"robots\.txt"):
        source_type.parse(page_of("User-agent: *\n", request.url), source)


@pytest.mark.parametrize(
    ("body", "number", "reason"),
    [
        (
            f'{HEAD}<!DOCTYPE x [<!ENTITY a "b">]><urlset><url><loc>&a;</loc></url></urlset>',
            1,
            "实体",
        ),
        (f"{HEAD}<html><body/></html>", 1, "不是网站地图"),
        ("<urlset", 1, "不是网站地图"),
        (index(entry("/a.xml")), 3, "套了"),
        ("没有网址", 1, "不是网站地图"),
    ],
)
def test_what_is_no_sitemap_is_refused_with_a_reason(body: str, number: int, reason: str) -> None:
    with pytest.raises(ExtractionError, match=reason):
        read(body, number=number)


def test_a_packed_sitemap_that_grows_without_end_is_refused() -> None:
    with pytest.raises(ExtractionError, match="过大"):
        parsed("sitemap", gzip.compress(b" " * 30_000_000))


def test_an_external_entity_is_not_resolved() -> None:
    body = '<!DOCTYPE urlset SYSTEM "file:///etc/passwd"><urlset><url><loc>https://news.example.com/&x;</loc><lastmod>2026-11-21</lastmod></url></urlset>'
    assert all("root:" not in link.url for link in read(body).links)
