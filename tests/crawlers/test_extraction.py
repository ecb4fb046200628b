import datetime as dt

import pytest

from core.clock import FakeClock
from core.errors import ExtractionError
from crawlers.extraction.article import extract

BODY = (
    "河湾市青岚区总工会昨日走访三个工地，了解农民工工资支付情况。工会干部逐个班组核对考勤，现场解答社会保险和工伤认定方面的疑问，并留下联系电话。"
    * 2
)
PAGE = """<!doctype html><html><head><meta charset="{charset}"><title>{title}_河湾新闻网</title></head>
<body><nav><a href="/">首页</a><a href="/a">要闻</a></nav>
<article><h1>{title}</h1><p class="info">来源：河湾日报 作者：演练记者 2026年11月20日 08:15</p>
<p>{title}</p><p>{body}</p><p>{body}</p></article>
<footer>版权所有 联系我们</footer></body></html>"""


def page(title: str = "青岚区总工会走访工地", charset: str = "utf-8") -> str:
    return PAGE.format(title=title, body=BODY, charset=charset)


@pytest.mark.parametrize(
    ("encoding", "claimed"),
    [("utf-8", "utf-8"), ("gb18030", "gb18030"), ("gbk", "utf-8"), ("utf-8", "gb2312")],
)
def test_the_bytes_decide_over_what_a_page_claims(
    clock: FakeClock, encoding: str, claimed: str
) -> None:
    body = page(charset=claimed).encode(encoding)
    article = extract(body, "http://news.example/1.html", now=clock.now())
    assert "逐个班组核对考勤" in article.text
    assert article.title == "青岚区总工会走访工地"


def test_the_text_does_not_begin_with_its_own_headline(clock: FakeClock) -> None:
    article = extract(page().encode(), "http://news.example/1.html", now=clock.now())
    assert not article.text.startswith(article.title)
    assert "版权所有" not in article.text


def test_time_and_outlet_are_read_from_the_page(clock: FakeClock) -> None:
    article = extract(page().encode(), "http://news.example/1.html", now=clock.now())
    assert article.published_at == dt.datetime(2026, 11, 20, 0, 15, tzinfo=dt.UTC)
    assert article.original_source == "河湾日报"


def test_a_page_without_text_and_title_is_an_extraction_error(clock: FakeClock) -> None:
    with pytest.raises(ExtractionError, match="没有找到正文"):
        extract(b"<html><body></body></html>", "http://news.example/", now=clock.now())
