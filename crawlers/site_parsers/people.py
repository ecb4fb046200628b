"""人民网: one layout for news of all channels; channels with a layout of their own are left to the general reading."""

from __future__ import annotations

import datetime as dt
import re
from typing import ClassVar

from crawlers.extraction.page import Page
from crawlers.site_parser import Site, SiteArticle
from crawlers.site_parsers.places import Places, read_places, with_class

_LEFT_OUT = re.compile(r"^分享让更多人看到$")
_REDESIGN = dt.date(2021, 1, 1)


class V2:
    VALID_FROM: ClassVar[dt.date | None] = _REDESIGN
    VALID_UNTIL: ClassVar[dt.date | None] = None
    _PLACES = Places(
        headline=with_class("rm_txt") + "//h1",
        text=with_class("rm_txt_con"),
        dateline=with_class("channel") + "/div[1]",
        left_out=_LEFT_OUT,
    )

    def parse(self, page: Page, now: dt.datetime) -> SiteArticle | None:
        return read_places(page, self._PLACES, now)


class V1:
    VALID_FROM: ClassVar[dt.date | None] = None
    VALID_UNTIL: ClassVar[dt.date | None] = _REDESIGN
    _PLACES = Places(
        headline=with_class("text_title") + "//h1",
        text="//div[@id='rwb_zw']",
        dateline=with_class("box01") + with_class("fl"),
        left_out=_LEFT_OUT,
    )

    def parse(self, page: Page, now: dt.datetime) -> SiteArticle | None:
        return read_places(page, self._PLACES, now)


SITE = Site(hosts=("people.com.cn",), versions=(V2, V1))
