"""The bytes decide how a page is read, whatever it claims and wherever it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.extraction.encoding import decoded
from tests.crawlers.pages import SHOWN, TEXT, page

SIMPLIFIED = page(SHOWN["paragraphs"])
TRADITIONAL = (
    '<!doctype html><html><head><meta charset="utf-8"><title>總工會走訪工地</title></head><body>'
    "<p>河灣市總工會昨日走訪三個工地，瞭解農民工工資支付情況，逐個班組核對考勤和工資表。</p></body></html>"
)
CLAIMS = ("", "text/html", *(f"text/html; charset={name}" for name in (
    "utf-8", "gbk", "gb2312", "big5", "iso-8859-1", "utf-16", "no-such-code", "rot13", "euc-kr",
)))  # fmt: skip


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize(
    ("source", "encoding"),
    [
        *((SIMPLIFIED, name) for name in ("utf-8", "utf-8-sig", "gbk", "gb18030")),
        *((SIMPLIFIED, name) for name in ("utf-16", "utf-16-le", "utf-16-be")),
        *((TRADITIONAL, name) for name in ("utf-8", "big5", "gbk", "big5hkscs")),
    ],
)
def test_the_bytes_decide_over_every_claim(source: str, encoding: str, claim: str) -> None:
    assert decoded(source.encode(encoding), claim)[0] == source


@given(
    cut=st.integers(200, len(SIMPLIFIED)),
    encoding=st.sampled_from(["utf-8", "gb18030", "utf-16-le"]),
)
def test_a_page_cut_within_a_character_keeps_its_encoding(cut: int, encoding: str) -> None:
    body = SIMPLIFIED.encode(encoding)[:cut]
    text, _ = decoded(body, "text/html; charset=big5")
    assert text.rstrip("\ufffd")[:-1] in SIMPLIFIED


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("sample", [TEXT[:12], "ok <b>页面</b>", "a" * 5000 + "工会走访工地"])
def test_a_few_characters_are_enough(sample: str, encoding: str) -> None:
    assert decoded(sample.encode(encoding))[0] == sample


def test_bytes_of_gbk_that_happen_to_be_utf_8_are_chinese_where_the_page_claims_so() -> None:
    body = "<title>联通</title>".encode("gbk")
    assert decoded(body, "text/html; charset=gb2312") == ("<title>联通</title>", "gb18030")


@given(body=st.binary(max_size=400), claim=st.sampled_from(CLAIMS))
def test_any_bytes_are_read_as_something(body: bytes, claim: str) -> None:
    text, encoding = decoded(body, claim)
    assert isinstance(text, str)
    assert "".encode(encoding) is not None
