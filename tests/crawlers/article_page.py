"""A page of our own with one article: what a test is about is put in, the rest is filled."""

from __future__ import annotations

import datetime as dt

from crawlers.extraction.facts import Facts, read_facts
from crawlers.extraction.page import read_page

NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
HEADLINE = "青岚区总工会走访三个工地"
OPENING = (
    "河湾市青岚区总工会日前走访三个工地，了解工资支付情况，逐个班组核对考勤，现场解答社会保险疑问。"
)
MIDDLE = "走访人员说，今后每个季度都要这样走一遍，遇到拖欠就当面督促，解决不了的转交监察部门处理。"
CLOSING = "工友们说，有人常来问一问，心里就踏实得多，年底回家也能按时拿到应得的工钱。"


def article_page(
    *,
    title: str = f"{HEADLINE}_河湾新闻网",
    head: str = "",
    above: str = "",
    headline: str = f"<h1>{HEADLINE}</h1>",
    below: str = "",
    opening: str = OPENING,
    closing: str = CLOSING,
    after: str = "",
) -> str:
    """Put text right ``above`` and ``below`` the headline, and ``after`` the article."""
    return f"""<!doctype html><html><head><title>{title}</title>{head}</head><body>
<div class="nav"><a href="/">首页</a><a href="/yw">要闻</a><a href="/zt">专题</a></div>
{above}{headline}{below}
<div class="content"><p>{opening}</p><p>{MIDDLE}</p><p>{closing}</p></div>
{after}
<div class="footer">版权所有 河湾新闻网 备案号 2012-03-04</div></body></html>"""


def facts_of(
    page: str, *, url: str = "http://news.example/a.html", text: str | None = None
) -> Facts:
    """Read the facts as with an extractor that found the three paragraphs."""
    found = read_page(page.encode(), url)
    return read_facts(found, text or f"{OPENING}\n{MIDDLE}\n{CLOSING}", now=NOW)
