"""Text that a page carries without showing it: linked data, state of scripts, form fields, comments, noscript."""

from __future__ import annotations

import html
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import unquote

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

from crawlers.extraction.layout import TextLine, layout
from crawlers.extraction.line_weights import SENTENCE, running_weight
from crawlers.extraction.page import Page

MOST_CHARACTERS = 3_000_000
MOST_STRINGS = 20_000
DEEPEST = 12
LONG_VALUE = 100
MOST_ASSIGNMENTS = 20
SHORTEST = 60
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_LITERAL = re.compile(
    r'"((?:[^"\\\n]|\\.){8,})"' r"|'((?:[^'\\\n]|\\.){8,})'" r"|`((?:[^`\\]|\\.){8,})`",
    re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL
)
_NAMED_ESCAPES = {"n": "\n", "r": "\n", "t": " ", "b": "", "f": "", "v": ""}
_MARKUP_TYPE = re.compile("html|template", re.IGNORECASE)
_STATE = re.compile(r"=\s*(?=[{\[])")
_TEXT_KEY = re.compile(
    r"content|articlebody|body|text|html|detail|paragraph|desc|article", re.IGNORECASE
)
_OTHER_KEY = re.compile(
    r"recommend|related|relat|comment|hot|rank|feed|sidebar|copyright|more|next|prev|list_?ads",
    re.IGNORECASE,
)
_CALL = re.compile(r"[\w.$]{1,20}\s*(?:\+?=|\()\s*$")
_LONGEST_CALL = 30
_LEAST_CHINESE = 0.3
_CHARACTERS_A_MARK = 150
_OTHER_KEY_PENALTY = 0.2
_TEXT_KEY_BONUS = 1.2
_TITLE_KEYS = frozenset({"title", "headline", "url", "link"})

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EmbeddedText:
    """``weight`` is the characters of running text, more or less by what the text was named."""

    lines: list[TextLine] = field(repr=False)
    weight: float


def embedded_text(page: Page) -> EmbeddedText | None:
    """Find the most running text among all that the page carries without showing it."""
    groups: dict[Path, list[str]] = defaultdict(list)
    budget = MOST_STRINGS
    for path, text in _strings(page):
        budget -= 1
        if budget < 0:
            break
        groups[path].append(text)
    best: EmbeddedText | None = None
    for path, texts in groups.items():
        if sum(map(len, texts)) < SHORTEST:
            continue
        lines = [line for text in texts for line in _lines(text)]
        weight = _weight(path, lines)
        if weight > 0 and (best is None or weight > best.weight):
            best = EmbeddedText(lines, weight)
    return best


def _weight(path: Path, lines: list[TextLine]) -> float:
    text = "".join(line.text for line in lines)
    if len(_CHINESE.findall(text)) < _LEAST_CHINESE * len(text):
        return 0.0
    if _CHARACTERS_A_MARK * len(SENTENCE.findall(text)) < len(text):
        # A list of words or characters, such as scripts need to tell traditional from simplified ones.
        return 0.0
    weight = sum(running_weight(line) for line in lines)
    if any(_OTHER_KEY.search(key) for key in path):
        return weight * _OTHER_KEY_PENALTY
    return weight * _TEXT_KEY_BONUS if path and _TEXT_KEY.search(path[-1]) else weight


def _strings(page: Page) -> Iterator[tuple[Path, str]]:
    left = MOST_CHARACTERS
    for number, (kind, text) in enumerate(_holders(page)):
        text = text[:left]  # noqa: PLW2901 (the budget of the page)
        left -= len(text)
        if left <= 0:
            return
        if kind == "markup":
            yield (f"{kind}{number}",), text
        else:
            yield from _script_strings(text, number)


def _holders(page: Page) -> Iterator[tuple[str, str]]:
    """Give what elements, their attributes and comments hold that no reader sees, with its kind."""
    for element in page.tree.iter():
        tag = element.tag
        if not isinstance(tag, str):
            if tag is etree.Comment and len(element.text or "") >= SHORTEST:
                yield "markup", element.text
            continue
        if tag in {"script", "textarea", "xmp"}:
            text = element.text or ""
            if len(text) >= SHORTEST:
                yield ("script" if _is_script(element, text) else "markup"), text
        elif tag in {"noscript", "template"}:
            inner = "".join(
                [html.escape(element.text or "", quote=False)]
                + [etree.tostring(child, encoding="unicode", method="html") for child in element]
            )
            if len(inner) >= SHORTEST:
                yield "markup", inner
        elif tag not in {"meta", "a", "img", "link"}:
            yield from (("markup", value) for value in element.values() if len(value) >= LONG_VALUE)


def _is_script(element: HtmlElement, text: str) -> bool:
    if text.lstrip()[:1] in {"{", "["}:
        return True
    return element.tag == "script" and not _MARKUP_TYPE.search(element.get("type") or "")


def _script_strings(text: str, number: int) -> Iterator[tuple[Path, str]]:
    """Read a script as JSON where it is that, or assigns it; otherwise by its string literals."""
    for value in _json_values(text):
        yield from _leaves(value, (), DEEPEST)
        return
    for match in _LITERAL.finditer(text):
        literal = _unescaped(match[1] or match[2] or match[3])
        if literal.lstrip()[:1] in {"{", "["} and (value := _parsed(literal)) is not None:
            yield from _leaves(value, (), DEEPEST)
        elif _CHINESE.search(literal):
            # Scripts write a text piece by piece: the same code stands before each of them.
            before = _CALL.search(text, max(0, match.start() - _LONGEST_CALL), match.start())
            yield (f"script{number}", before[0] if before else ""), literal


def _json_values(text: str) -> Iterator[object]:
    stripped = text.strip().removeprefix("<!--").removesuffix("-->").strip()
    if stripped[:1] in {"{", "["} and (value := _parsed(stripped)) is not None:
        yield value
        return
    decoder = json.JSONDecoder(strict=False)
    for match in islice(_STATE.finditer(stripped), MOST_ASSIGNMENTS):
        try:
            value, end = decoder.raw_decode(stripped, match.end())
        except (ValueError, RecursionError):
            continue
        if end - match.end() > len(stripped) // 3:
            yield value
            return


def _parsed(text: str) -> object | None:
    try:
        value: object = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return value


def _leaves(value: object, path: Path, depth: int) -> Iterator[tuple[Path, str]]:
    """Give the texts below a JSON value; those of a list of stories with their own titles are left out."""
    if depth == 0:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)), depth - 1)
    elif isinstance(value, list):
        is_stories = len(value) > 1 and all(
            isinstance(item, dict) and not _TITLE_KEYS.isdisjoint(item) for item in value
        )
        for inner in value if not is_stories else ():
            yield from _leaves(inner, path, depth - 1)
    elif isinstance(value, str):
        inner_text = _decoded(value)
        if inner_text[:1] in {"{", "["} and (parsed := _parsed(inner_text)) is not None:
            yield from _leaves(parsed, path, depth - 1)
        elif _CHINESE.search(inner_text):
            yield path, inner_text


def _decoded(text: str) -> str:
    """Undo the escapes under which scripts hide markup: percent signs and entities."""
    if text.count("%E") > len(text) // 20:
        text = unquote(text)
    if "&lt;" in text:
        text = html.unescape(text)
    return text.strip()


def _unescaped(literal: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code is None:
            return _NAMED_ESCAPES.get(match[4], match[4])
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF else ""  # noqa: PLR2004 (the last code point)

    text = _ESCAPE.sub(character, literal) if "\\" in literal else literal
    # Characters beyond the basic plane come as two halves.
    return _decoded(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _lines(text: str) -> list[TextLine]:
    text = _decoded(text)
    if "<" in text:
        try:
            # What is embedded may be a whole page, or the first half of one.
            return layout(lxml.html.document_fromstring(f"<div>{text}</div>")).lines
        except (etree.ParserError, etree.XMLSyntaxError, ValueError):
            return []
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [
        TextLine(line, len(line) - line.count(" "), 0, is_hidden=False) for line in lines if line
    ]
