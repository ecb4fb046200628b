"""One spelling for a page's addresses, twins told apart from neighbours, and what pages say of themselves."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.canonical_url import canonical_url
from crawlers.declared_address import declared_address, with_declared_address
from crawlers.intake import CollectedDocument
from crawlers.source import FetchedPage, Harvest
from crawlers.visiting.page_identity import page_key, spellings

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
NEWS = "http://www.hewan.example/news/30012345.html"


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("https://a.example.com./x", "https://a.example.com/x"),
        ("https://a.example.com:443/x", "https://a.example.com/x"),
        ("https://a.example.com:80/x", "https://a.example.com:80/x"),
        ("https://河湾.example/新闻", "https://xn--ovw41b.example/%E6%96%B0%E9%97%BB"),
        ("https://a.example.com/%7euser/%e4%bd%a0?q=%c4%e3", "https://a.example.com/~user/%E4%BD%A0?q=%C4%E3"),
        ("https://a.example.com/a/./b/../c", "https://a.example.com/a/c"),
        ("https://a.example.com/../../etc", "https://a.example.com/etc"),
        ("https://a.example.com/x y?q=a b", "https://a.example.com/x%20y?q=a%20b"),
        ("https://a.example.com/x;jsessionid=9A?id=1", "https://a.example.com/x?id=1"),
        ("https://a.example.com/x?PHPSESSID=9a&id=1", "https://a.example.com/x?id=1"),
        ("https://a.example.com/x?from=timeline&isappinstalled=0", "https://a.example.com/x"),
        ("https://a.example.com/list?from=20", "https://a.example.com/list?from=20"),
        ("https://a.example.com/x?b=1&&a=", "https://a.example.com/x?b=1&a="),
        ("https://a.example.com/x?utm_source=%c4%e3&t=%c4%e3", "https://a.example.com/x?t=%C4%E3"),
        ("https://a.example.com/#/detail/12", "https://a.example.com/#/detail/12"),
        ("https://a.example.com/x#comments", "https://a.example.com/x"),
    ],
)  # fmt: skip
def test_an_address_has_one_spelling(given_url: str, expected: str) -> None:
    assert canonical_url(given_url) == expected


@pytest.mark.parametrize("url", ["http:///x", "https://?x=1"])
def test_an_address_without_a_host_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="no host"):
        canonical_url(url)


@pytest.mark.parametrize(
    "twin",
    [
        "https://www.hewan.example/news/30012345.html",
        "http://hewan.example/news/30012345.html",
        "http://m.hewan.example/news/30012345.html?from=singlemessage",
        "http://wap.hewan.example/news/30012345.html",
        "http://3g.hewan.example/news/30012345.html",
        "http://i.hewan.example/news/30012345.html",
        "http://www.hewan.example/touch/news/30012345.html",
        "https://www.hewan.example/amp/news/30012345.html",
        "https://www.hewan.example/news/30012345.html/amp",
        "https://www.hewan.example/news/30012345.amp.html",
        "https://www.hewan.example/news/30012345.html?amp=1",
        "HTTP://WWW.HEWAN.EXAMPLE:80/news/30012345.html#top",
    ],
)
def test_twins_have_one_key(twin: str) -> None:
    assert page_key(twin) == page_key(NEWS)


@pytest.mark.parametrize("twin", ["/a/", "/a", "/a/index.html", "/a/index.shtml", "/a/default.aspx"])  # fmt: skip
def test_an_index_page_is_its_folder(twin: str) -> None:
    assert page_key(f"https://hewan.example{twin}") == "hewan.example/a"


@pytest.mark.parametrize(
    "other",
    [
        "http://www.hewan.example/news/30012346.html",
        "http://bbs.hewan.example/news/30012345.html",
        "http://www.hewan.example/news/30012345.html?page=2",
        "http://www.hewan.example:8080/news/30012345.html",
        "http://www.hewan.example/m/30012345.html",
    ],
)
def test_neighbours_have_keys_of_their_own(other: str) -> None:
    assert page_key(other) != page_key(NEWS)


def test_a_mobile_label_is_dropped_only_before_a_registered_name() -> None:
    assert page_key("http://m.cn/x") == "m.cn/x"
    assert page_key("http://10.0.0.1/x") == "10.0.0.1/x"


urls = st.builds(
    "{}://{}{}/{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP"]),
    st.sampled_from(["m.a.example", "www.m.a.example", "A.Example.", "河湾.example", "127.0.0.1", "[::1]", "u@a.example"]),
    st.sampled_from(["", ":", ":80", ":443", ":8080"]),
    st.text(st.sampled_from("a%2fE4/.;新 ~+m|[]"), max_size=15),
    st.text(st.sampled_from("?a=1&%c4_utm;from新 #"), max_size=15),
    st.text(st.sampled_from("#!/a%新 "), max_size=8),
)  # fmt: skip


@given(urls)
def test_spelling_twice_changes_nothing(url: str) -> None:
    try:
        once = canonical_url(url)
    except ValueError:
        return
    assert canonical_url(once) == once
    assert page_key(once) == page_key(url)
    assert once.isascii()


@given(urls)
def test_all_spellings_of_a_page_have_one_key(url: str) -> None:
    try:
        found = spellings(url)
    except ValueError:
        return
    assert found[0] == canonical_url(url)
    assert len(set(found)) == len(found)
    assert {page_key(one) for one in found} == {page_key(url)}


def page(head: str, url: str = NEWS) -> FetchedPage:
    return FetchedPage(url, f"<html><head>{head}</head><body>工资</body></html>".encode(), NOW)


@pytest.mark.parametrize(
    ("head", "declared"),
    [
        ('<link rel="canonical" href="https://www.hewan.example/a/30012345">', "https://www.hewan.example/a/30012345"),
        ("<link href='/a?id=30012345&amp;utm_source=x' rel='canonical'>", "http://www.hewan.example/a?id=30012345"),
        ('<meta property="og:url" content="http://m.hewan.example/a/30012345">', "http://m.hewan.example/a/30012345"),
        ('<link rel="canonical" href="http://www.hewan.example/">', None),
        ('<link rel="canonical" href="http://www.hewan.example/news/">', None),
        ('<link rel="canonical" href="http://other.example/a/30012345">', None),
        ('<link rel="canonical" href="javascript:30012345">', None),
        ('<link rel="canonical" href="http://[30012345">', None),
        ("<p>rel=canonical</p>", None),
    ],
)  # fmt: skip
def test_a_declared_address_counts_when_it_surely_means_this_page(
    head: str, declared: str | None
) -> None:
    assert declared_address(page(head)) == declared


def test_only_the_one_article_of_a_page_takes_its_declared_address() -> None:
    fetched = page('<link rel="canonical" href="/a/30012345">')
    article = CollectedDocument(title="补发", text="工资", url=NEWS)
    one = with_declared_address(Harvest(documents=(article,)), fetched)
    assert one.documents[0].url == "http://www.hewan.example/a/30012345"
    thread = Harvest(documents=(article, article), is_thread=True)
    assert with_declared_address(thread, fetched) == thread
    elsewhere = Harvest(documents=(CollectedDocument("题", "文", "http://x.example/"),))
    assert with_declared_address(elsewhere, fetched) == elsewhere
