"""网易新闻: many recommended articles stand on a page, each with its own headline and time."""

from __future__ import annotations

import datetime as dt
import re
from typing import ClassVar

from crawlers.extraction.page import Page
from crawlers.site_parser import Site, SiteArticle
from crawlers.site_parsers.places import Places, read_places, with_class

_LEFT_OUT = re.compile(
    r"^本文来源[:：]|责任编辑[:：]|^特别声明：|^Notice: The content above|^您的浏览器暂时无法播放"
)
_REDESIGN = dt.date(2021, 1, 1)


class V2:
    VALID_FROM: ClassVar[dt.date | None] = _REDESIGN
    VALID_UNTIL: ClassVar[dt.date | None] = None
    _PLACES = Places(
        headline=with_class("post_title", "h1"),
        text=with_class("post_body"),
        dateline=with_class("post_info"),
        left_out=_LEFT_OUT,
    )

    def parse(self, page: Page, now: dt.datetime) -> SiteArticle | None:
        return read_places(page, self._PLACES, now)


class V1:
    VALID_FROM: ClassVar[dt.date | None] = dt.date(2013, 1, 1)
    VALID_UNTIL: ClassVar[dt.date | None] = _REDESIGN
    _PLACES = Places(
        headline="//div[@id='epContentLeft']/h1",
        text="//div[@id='endText']",
        dateline=with_class("post_time_source"),
        left_out=_LEFT_OUT,
        apart="//div[@id='endText']//div[contains(@class, 'special_tag') or contains(@class, 'related_article')]",
    )

    def parse(self, page: Page, now: dt.datetime) -> SiteArticle | None:
        return read_places(page, self._PLACES, now)


SITE = Site(hosts=("163.com",), versions=(V2, V1))
