"""The form of a text that the models see: folded, with one symbol for each link, mention or picture."""

from __future__ import annotations

import re
from zlib import crc32

from core.matching_text import matching_text

LEAD_CHARACTERS = 1000
TAIL_CHARACTERS = 200
LINK, MENTION, LONG_NUMBER = "\ue000", "\ue001", "\ue002"
PICTURES = 0xE100
PICTURE_KINDS = 4096

_LINK = re.compile(r"https?://[\w./?=&%#:~+-]+|www\.[\w./?=&%#-]+", re.ASCII)
_MENTION = re.compile(r"@[\w\-·]{1,30}")
_PICTURE = re.compile(r"\[([^\[\]\s]{1,6})\]")
_LONG_NUMBER = re.compile(r"\d{6,}")
_REPEATED = re.compile(r"(.)\1{3,}", re.DOTALL)
_SPACE = re.compile(r"\s+")


def normalise(title: str, text: str) -> str:
    """Join title and text into the form the models were trained on.

    Of a long text its lead and its tail are kept: that is where posts and petitions say what they want.
    """
    body = text
    if len(body) > LEAD_CHARACTERS + TAIL_CHARACTERS:
        body = f"{body[:LEAD_CHARACTERS]}\n{body[-TAIL_CHARACTERS:]}"
    title = title[:LEAD_CHARACTERS].strip()
    if title and not body.lstrip().startswith(title):
        body = f"{title}\n{body}"
    return folded(body)


def folded(text: str) -> str:
    text = matching_text(text)
    if "://" in text or "www." in text:
        text = _LINK.sub(LINK, text)
    if "@" in text:
        text = _MENTION.sub(MENTION, text)
    if "[" in text:
        text = _PICTURE.sub(_picture_symbol, text)
    text = _LONG_NUMBER.sub(LONG_NUMBER, text)
    text = _REPEATED.sub(r"\1\1\1", text)
    return _SPACE.sub(" ", text).strip()


def _picture_symbol(match: re.Match[str]) -> str:
    # A private character for each name keeps one picture one feature, as an emoji is.
    return chr(PICTURES + crc32(match[1].encode("utf-8", "replace")) % PICTURE_KINDS)
