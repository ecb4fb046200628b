"""Cuts texts into sentences without changing a character of them."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r"[^。！？!?…\n\r]+(?:[。！？!?…]+[”’」』）)\]】》]*)?")
_END = re.compile(r"[。！？!?…][”’」』）)\]】》]*$")
_PAUSE = re.compile(r"[，,；;：:、\s]")
_SHORTEST_SHARE = 0.5
_DATELINE = re.compile(
    r"^[^，。；：、]{0,24}?(?:讯|电)(?:[（(][^）)]{2,30}[）)]|\s|记者[^，。]{2,12}?(?=[\d从获]))"
)
_PAGE = re.compile(
    r"^[【\[（(]?(?:(?:责任?编辑?|编辑|来源|作者|记者|审核|校对|原标题|图[片为]?)[丨｜|:：/ ]|打开|点击|更多|扫码|关注|声明|转发|https?:|@|#[^#]*#$)"
    r"|阅读原文|打开APP|展开全文|网页链接$|^[（(](?:记者|通讯员|来源|作者|编辑)"
)


def sentences(text: str) -> list[str]:
    """List the sentences, without the white space around them; lines are sentences of their own."""
    return [found for found in map(str.strip, _SENTENCE.findall(text)) if found]


def shortened(sentence: str, length: int) -> str:
    """Keep the beginning up to the last pause before ``length``, or as much of it as fits."""
    if len(sentence) <= length:
        return sentence
    pauses = [match.start() for match in _PAUSE.finditer(sentence, 0, length + 1)]
    usable = [pause for pause in pauses if pause >= length * _SHORTEST_SHARE]
    return sentence[: usable[-1] if usable else length].rstrip()


def joined(chosen: list[str]) -> str:
    """Put sentences after one another, with a space after one that has no mark at its end."""
    parts = [part if _END.search(part) else f"{part} " for part in chosen]
    return "".join(parts).rstrip()


def without_dateline(sentence: str) -> str:
    """Drop what names the paper and its reporter before a report begins."""
    return _DATELINE.sub("", sentence, count=1) or sentence


def is_page_line(sentence: str) -> bool:
    """Tell lines that belong to the page and not to the text: editors, sources, invitations to click."""
    return _PAGE.search(sentence) is not None
