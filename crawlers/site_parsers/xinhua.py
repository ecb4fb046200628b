"""新华网: the text is set twice, for wide and for narrow screens, beside texts that only scripts read."""

from __future__ import annotations

import datetime as dt
import re
from typing import ClassVar

from crawlers.extraction.page import Page
from crawlers.site_parser import Site, SiteArticle
from crawlers.site_parsers.places import Places, read_places, with_class

_LEFT_OUT = re.compile(r"^【纠错】|^【?责任编辑[:：]|^Play Video$|^[\d:/ ]+$")
_REDESIGN = dt.date(2021, 1, 1)


class V2:
    VALID_FROM: ClassVar[dt.date | None] = _REDESIGN
    VALID_UNTIL: ClassVar[dt.date | None] = None
    _PLACES = Places(
        headline=with_class("head-line") + with_class("title", "span"),
        text="//*[@id='detail']",
        dateline="//*[@class='mheader domMobile']" + with_class("info"),
        left_out=_LEFT_OUT,
    )

    def parse(self, page: Page, now: dt.datetime) -> SiteArticle | None:
        return read_places(page, self._PLACES, now)


class V1:
    VALID_FROM: ClassVar[dt.date | None] = None
    VALID_UNTIL: ClassVar[dt.date | None] = _REDESIGN
    _PLACES = Places(
        headline=with_class("h-title"),
        text="//div[@id='p-detail']",
        dateline=with_class("h-info"),
        left_out=_LEFT_OUT,
    )

    def parse(self, page: Page, now: dt.datetime) -> SiteArticle | None:
        return read_places(page, self._PLACES, now)


SITE = Site(hosts=("news.cn", "xinhuanet.com"), versions=(V2, V1))
