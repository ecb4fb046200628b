"""微信公众号: the time is only in a script, and the account is the author where nobody signs."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import ClassVar

from crawlers.extraction.page import Page
from crawlers.extraction.published_time import read_moment
from crawlers.site_parser import Site, SiteArticle
from crawlers.site_parsers.places import Places, read_places

_LEFT_OUT = re.compile(r"^(?:预览时标签不可点|收录于合集|阅读原文|在看|点赞|推荐阅读)")
_PUBLISHED = re.compile(r"""\bvar (?:ct|create_time|publish_time) ?= ?["']?(?P<value>1\d{9})\b""")
_REDESIGN = dt.date(2021, 1, 1)


def _read(page: Page, places: Places, now: dt.datetime) -> SiteArticle | None:
    article = read_places(page, places, now)
    if article is None:
        return None
    found = _PUBLISHED.search(page.source)
    published = read_moment(found["value"], now) if found else None
    return replace(article, published=published or article.published)


class V2:
    VALID_FROM: ClassVar[dt.date | None] = _REDESIGN
    VALID_UNTIL: ClassVar[dt.date | None] = None
    _PLACES = Places(
        headline="//h1[@id='activity-name']",
        text="//div[@id='js_content']",
        dateline="//em[@id='publish_time']",
        left_out=_LEFT_OUT,
    )

    def parse(self, page: Page, now: dt.datetime) -> SiteArticle | None:
        return _read(page, self._PLACES, now)


class V1:
    VALID_FROM: ClassVar[dt.date | None] = None
    VALID_UNTIL: ClassVar[dt.date | None] = _REDESIGN
    _PLACES = Places(
        headline="//h2[@id='activity-name']",
        text="//div[@id='js_content']",
        dateline="//em[@id='publish_time']",
        left_out=_LEFT_OUT,
    )

    def parse(self, page: Page, now: dt.datetime) -> SiteArticle | None:
        return _read(page, self._PLACES, now)


SITE = Site(hosts=("mp.weixin.qq.com",), versions=(V2, V1))
