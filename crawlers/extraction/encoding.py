"""The real encoding of a page, whatever the page claims."""

import codecs
import re

_DECLARED = re.compile(
    rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_\-]{2,20})""", re.IGNORECASE
)
_DECLARED_WITHIN = 4096
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ALIASES = {"gbk": "gb18030", "gb2312": "gb18030", "x-gbk": "gb18030", "big5": "big5hkscs"}
_CHINESE_ENCODINGS = frozenset({"gb18030", "big5hkscs"})
_WIDE_WITHIN = 2048
_LEAST_ZEROS = 0.2
_LOPSIDED = 4
# A page cut at the size limit, or with one broken byte, is still UTF-8.
_BROKEN_SHARE = 0.002
# The most frequent characters of Chinese text, simplified and traditional.
_FREQUENT = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里"
    "用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日"
    "這個們來為國說時會對過發後經麼學現當沒動還進樣開從實與種"
)


def decoded(body: bytes, content_type: str = "") -> tuple[str, str]:
    """Return the text of a page and the name of the encoding that it is really in.

    Never raises: what cannot be decoded becomes U+FFFD.
    """
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(encoding, errors="replace"), encoding
    wide = _wide(body)
    if wide:
        return body.decode(wide, errors="replace"), wide
    as_utf8 = body.decode("utf-8", errors="replace")
    claims = _claims(body, content_type)
    if _is_mostly_intact(as_utf8, body) and not _is_chance(as_utf8, claims):
        return as_utf8, "utf-8"
    chinese = [claim for claim in claims if claim in _CHINESE_ENCODINGS]
    candidates = dict.fromkeys([*chinese, "gb18030", "big5hkscs", *claims])
    texts = [(body.decode(name, errors="replace"), name) for name in candidates]
    best = max(texts, key=lambda pair: _likeliness(pair[0]))
    return best if _likeliness(best[0]) > _likeliness(as_utf8) else (as_utf8, "utf-8")


def _wide(body: bytes) -> str:
    """Tell UTF-16 without a mark by the zeros of its markup, which stand in every second place."""
    start = body[:_WIDE_WITHIN]
    if start.count(0) < len(start) * _LEAST_ZEROS:
        return ""
    even, odd = start[::2].count(0), start[1::2].count(0)
    if even > _LOPSIDED * odd:
        return "utf-16-be"
    return "utf-16-le" if odd > _LOPSIDED * even else ""


def _is_chance(text: str, claims: list[str]) -> bool:
    """Tell whether a few Chinese bytes of another encoding happen to be UTF-8: then they are no Chinese there."""
    if not any(claim in _CHINESE_ENCODINGS for claim in claims):
        return False
    foreign = {character for character in text[:200_000] if character > "\x7f"}
    return bool(foreign) and all(character < "\u0800" for character in foreign)


def _is_mostly_intact(text: str, body: bytes) -> bool:
    broken = text.count("\ufffd")
    # A Chinese character takes three bytes, so this is about how many there are.
    return broken == 0 or broken <= _BROKEN_SHARE * (len(body) - len(text)) / 2


def _claims(body: bytes, content_type: str) -> list[str]:
    found = _DECLARED.search(content_type.encode("ascii", errors="ignore"))
    within = _DECLARED.search(body[:_DECLARED_WITHIN])
    names = [match[1].decode("ascii").lower() for match in (found, within) if match]
    return [name for name in (_ALIASES.get(name, name) for name in names) if _is_known(name)]


def _is_known(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding  # noqa: SLF001 (no public question exists)
    except LookupError:
        return False


def _likeliness(text: str) -> float:
    """Score a decoding by its share of frequent characters among those beyond ASCII."""
    foreign = [character for character in text[:200_000] if character > "\x7f"]
    if not foreign:
        return 0.0
    frequent = sum(character in _FREQUENT for character in foreign)
    return (frequent - 2 * foreign.count("\ufffd")) / len(foreign)
