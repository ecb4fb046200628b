"""An address as people paste it: without its scheme, with full-width signs, or several at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawlers.extraction.page import LONGEST_URL
from crawlers.failures import FailureCause
from crawlers.proposal.site_visit import VisitFault

_QUOTES = " \t\r\n\u3000\ufeff\u200b<>\"'“”‘’《》「」（）()，,；;"
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]{0,20}:")
_HOST = re.compile(r"^(?:[^\s/:@.]+\.)+[^\s/:@.\d][^\s/:@.]*(?::\d{1,5})?(?:[/?#]|$)|^\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?:[/?#]|$)|^\[")  # fmt: skip
_WIDE = str.maketrans("：／．。？＝＆％＃－＿", ":/..?=&%#-_")


@dataclass(frozen=True, slots=True)
class PastedAddress:
    """``alternative`` is the same address by http, to be tried where no scheme was given."""

    url: str
    alternative: str | None = None


def pasted_address(text: str) -> PastedAddress | VisitFault:
    """Read what was pasted, or say what is wrong with it; the address policy judges it later."""
    cleaned = text.strip(_QUOTES)
    fault = _fault_of_text(cleaned)
    if fault is not None:
        return fault
    # Only what an input method turned full-width up to the path is turned back.
    head, slash, rest = cleaned.translate(_WIDE).partition("//")
    url = head + slash + rest if "：" in cleaned[:8] else cleaned
    if _HOST.match(url):
        return PastedAddress(f"https://{url}", f"http://{url}")
    if _has_host(url) or (_SCHEME.match(url) and not url.lower().startswith("http")):
        return PastedAddress(url)
    return _fault(f"「{url[:60]}」不是完整的网址。", "网址以 http:// 或 https:// 开头。")


def _fault_of_text(cleaned: str) -> VisitFault | None:
    if not cleaned:
        return _fault("没有填网址。", "请粘贴一个网址，如 https://www.workercn.cn/。")
    if len(re.findall(r"https?://", cleaned.replace("=http", ""))) > 1 and len(cleaned.split()) > 1:
        return _fault("一次只能看一个网址。", "请先粘贴其中一个；一批网址请用 YAML 导入。")
    if len(cleaned.split()) > 1:
        return _fault("网址里有空格，读不懂。", "请从浏览器的地址栏完整复制网址。")
    if len(cleaned) > LONGEST_URL:
        return _fault(f"网址超过 {LONGEST_URL} 个字符。", "请用较短的栏目网址。")
    return None


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _fault(what: str, advice: str) -> VisitFault:
    return VisitFault(FailureCause.ADDRESS, what, advice)
