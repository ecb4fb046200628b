"""Pages that send their reader on: followed like a redirect, with its guards and its bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import FakeClock
from core.outbound.client import HTTPClient
from crawlers.meta_refresh import refresh_target
from crawlers.proposal.trial import SourceTrial, try_source
from crawlers.sources import SourceDraft
from tests.crawlers.site import Answer, Site
from tests.crawlers.sources import LOOPBACK
from tests.crawlers.test_crawling import news_site

HERE = "https://www.example.com/old/index.html"


def refresh(content: str, body: str = "") -> Answer:
    head = f'<meta http-equiv="Refresh" content="{content}">'
    return Answer(
        f"<html><head><title>跳转</title>{head}</head><body>{body}</body></html>".encode()
    )


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0; url=https://www.example.org/new/", "https://www.example.org/new/"),
        ("0;URL='../new.html'", "https://www.example.com/new.html"),
        ("3, /新栏目/", "https://www.example.com/新栏目/"),
        ("0;url=file:///etc/passwd", "file:///etc/passwd"),
        ("0;url=javascript:alert(1)", "javascript:alert(1)"),
        ("300; url=/live", None),
        ("30", None),
        ("0; url=#top", None),
        ("5; url=index.html", None),
        ("soon; url=/new", None),
    ],
)
def test_a_page_says_where_it_sends_its_reader(content: str, target: str | None) -> None:
    assert refresh_target(refresh(content).body, HERE, "text/html") == target


def test_a_page_with_something_to_read_is_left_only_when_it_does_not_wait() -> None:
    text = "河湾市总工会今天在安置房工地开展法律援助，" * 20
    assert refresh_target(refresh("5; url=/next", text).body, HERE) is None
    assert refresh_target(refresh("0; url=/next", text).body, HERE) == "https://www.example.com/next"  # fmt: skip
    inside = (
        b'<noscript><meta http-equiv="refresh" content="0; url=/please-use-scripts"></noscript>'
    )
    assert refresh_target(inside, HERE) is None
    assert refresh_target(refresh("0; url=/next").body, HERE, "application/json") is None


@given(st.one_of(st.binary(max_size=200), st.text(max_size=60).map(lambda text: refresh(text).body)))  # fmt: skip
def test_no_page_breaks_the_look(body: bytes) -> None:
    found = refresh_target(body, HERE)
    assert found is None or isinstance(found, str)


def test_a_trial_follows_too_and_says_what_stops_it(site: Site, clock: FakeClock) -> None:
    news_site(site)
    site.pages["/old"] = refresh("0; url=/")
    site.pages |= {f"/round/{n}": refresh(f"0; url=/round/{n + 1}") for n in range(20)}
    site.pages["/inside"] = refresh("0; url=http://10.0.0.1/admin")

    def tried(path: str) -> SourceTrial:
        draft = SourceDraft("河湾新闻网", "list_page", site.url(path), "网站", "city")
        http = HTTPClient(LOOPBACK, user_agent="Zhisheng/test")
        return try_source(
            draft, http=http, policy=LOOPBACK, user_agent="Zhisheng/test", now=clock.now()
        )

    assert len(tried("/old").items) == 3
    assert "没有尽头" in (tried("/round/0").fault or "")
    assert "内部" in (tried("/inside").fault or "")
