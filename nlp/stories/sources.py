"""Whom a reprint names as its source."""

from __future__ import annotations

import re

_HEAD, _TAIL = 200, 300
_MENTION = re.compile(
    r"(?:转载?自\s*[:：]?|(?:来源|稿源)\s*[:：])\s*[「『“《【\[]?([\u4e00-\u9fffA-Za-z0-9·]{2,20})"
    r"|(?:^|[，。\s])据[「『“《]?([\u4e00-\u9fffA-Za-z0-9·]{2,16}?)[」』”》]?(?:消息|报道|讯|微信公众号)"
)


def named_source(text: str) -> str | None:
    """Read 「转自…」, 「来源：…」 or 「据…报道」 at the beginning or the end of a text."""
    part = text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"
    found = _MENTION.search(part)
    return (found[1] or found[2]) if found else None
