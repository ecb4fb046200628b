"""Marks and excerpts: whatever the text and the spans, nothing of the text is lost or unescaped."""

import datetime as dt
import html
import itertools
import re
from dataclasses import replace
from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from core.clock import SHANGHAI
from webui.document_filters import DocumentFilters
from webui.highlights import excerpt, marked, merged

TEXTS = st.text(alphabet="讨说法欠薪<>&\"' ab\n", max_size=60)
SPANS = st.lists(st.tuples(st.integers(0, 70), st.integers(0, 70)), max_size=6)

DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31))
# Noon and a minute, so that none begins a day: that would be written as the day.
BOUNDS = DAYS | st.dates(dt.date(1900, 1, 2), dt.date(2200, 12, 30)).map(
    lambda day: dt.datetime.combine(day, dt.time(12, 1), SHANGHAI).astimezone(dt.UTC)
)


def plain(shown: str) -> str:
    return html.unescape(re.sub(r"</?mark>", "", shown))


@given(TEXTS, SPANS)
def test_marking_keeps_every_character(text: str, spans: list[tuple[int, int]]) -> None:
    assert plain(marked(text, spans)) == text


@given(TEXTS, SPANS)
def test_marks_are_the_only_markup(text: str, spans: list[tuple[int, int]]) -> None:
    assert "<" not in re.sub(r"</?mark>", "", marked(text, spans))


@given(SPANS)
def test_merged_spans_are_apart_and_in_order(spans: list[tuple[int, int]]) -> None:
    found = merged(spans)
    assert all(start < end for start, end in found)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found))


@given(TEXTS, SPANS, st.integers(10, 40))
def test_excerpt_is_a_piece_of_the_text(
    text: str, spans: list[tuple[int, int]], length: int
) -> None:
    cut = plain(excerpt(text, [span for span in spans if span[1] <= len(text)], length=length))
    assert cut.strip("…") in text.replace("\n", " ")
    assert len(cut.strip("…")) <= length


def test_excerpt_begins_near_the_first_find() -> None:
    text = "前" * 300 + "讨说法" + "后" * 300
    assert "<mark>讨说法</mark>" in excerpt(text, [(300, 303)], length=60)


def test_excerpt_shows_where_most_words_are_together() -> None:
    text = "欠薪" + "前" * 200 + "到现在。欠薪三个月，大家要讨薪，还要上访" + "后" * 300
    spans = [(found.start(), found.end()) for found in re.finditer("欠薪|讨薪|上访", text)]
    shown = str(excerpt(text, spans, length=60))
    assert shown.count("<mark>") == 3
    assert shown.startswith("…<mark>欠薪</mark>三个月")


@given(
    st.builds(
        DocumentFilters,
        q=st.text(alphabet="欠薪 &=%:AND", max_size=12).map(str.strip),
        platform=st.lists(st.sampled_from(["论坛", "微博", "a&b"]), unique=True).map(tuple),
        topic=st.lists(st.sampled_from(["wage_arrears", "dismissal"]), unique=True).map(tuple),
        source=st.lists(st.integers(1, 99), unique=True).map(tuple),
        story=st.none() | st.integers(1, 99),
        range=st.sampled_from(["", "24h", "7d"]),
        since=st.none() | BOUNDS,
        until=st.none() | BOUNDS,
        relevant=st.sampled_from(["", "yes", "no"]),
        sort=st.sampled_from(["newest", "oldest", "hottest", "relevance"]),
        fold=st.sampled_from(["", "no"]),
    )
)
def test_the_address_holds_the_whole_state(filters: DocumentFilters) -> None:
    if filters.range:
        filters = replace(filters, since=None, until=None)
    query = filters.address("/documents").partition("?")[2]
    assert DocumentFilters.read(MultiDict(parse_qsl(query))) == filters
