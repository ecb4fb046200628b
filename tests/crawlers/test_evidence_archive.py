"""The evidence file: whatever a site answered can be written, read back and checked."""

import datetime as dt
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.crypto.keyring import Keyring
from core.database.models.collecting import RawResponse
from core.database.sessions import Sessions
from crawlers.evidence.archive import EvidenceKind, EvidenceSubject, Operator, build_warc
from crawlers.evidence.pages import pages_holding
from crawlers.evidence.raw_responses import (
    PURPOSE,
    RawPage,
    SentRequest,
    keep_all,
    open_raw,
    sealed,
    without_keys,
)
from crawlers.evidence.records import read_archive

NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
OPERATOR = Operator("Zhisheng/test", "test@example.org")
names = st.from_regex(r"[A-Za-z][A-Za-z-]{0,20}", fullmatch=True)
headers = st.dictionaries(names, st.text(max_size=60), max_size=6)


def subject(
    title: str = "讨薪", text: str = "正文", url: str = "https://a.example/1"
) -> EvidenceSubject:
    return EvidenceSubject(
        document_id=1, url=url, source_name="论坛", title=title, text=text, content_hash=bytes(32),
        published_at=NOW, collected_at=NOW,
    )  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(
    body=st.binary(max_size=400),
    answered=headers,
    asked=headers,
    status=st.integers(100, 599),
    path=st.text(max_size=30),
    text=st.text(st.characters(codec="utf-8"), max_size=80),
)
def test_whatever_was_answered_is_written_and_read_back(
    body: bytes,
    answered: dict[str, str],
    asked: dict[str, str],
    status: int,
    path: str,
    text: str,
) -> None:
    url = f"https://a.example/{path}"
    page = RawPage(url, status, answered, body, NOW, SentRequest("GET", url, asked, "192.0.2.1"))
    written = build_warc([page], subject(text=text), EvidenceKind.PAGE, OPERATOR)
    assert written == build_warc([page], subject(text=text), EvidenceKind.PAGE, OPERATOR)
    archive = read_archive(written)
    assert archive.faults == ()
    kinds = [record.kind for record in archive.records]
    assert kinds == ["warcinfo", "request", "response", "conversion", "metadata"]
    assert archive.records[2].content == body
    assert archive.text == ("讨薪", text)


def test_a_flipped_bit_of_the_file_breaks_a_record_or_the_file() -> None:
    page = RawPage("https://a.example/1", 200, {}, b"<p>" * 50, NOW)
    written = build_warc([page], subject(), EvidenceKind.PAGE, OPERATOR)
    whole = read_archive(written)
    for position in range(0, len(written), 7):
        flipped = bytearray(written)
        flipped[position] ^= 4
        found = read_archive(bytes(flipped))
        # What gzip's own head says of time and system is outside of every record.
        assert found.faults or found.records == whole.records


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://a.example/1?page=2", "https://a.example/1?page=2"),
        ("https://a.example/1?Access_Token=x&p=1", "https://a.example/1?Access_Token=withheld&p=1"),
        ("https://me:pw@a.example/1", "https://a.example/1"),
        ("https://a.example/1?keyword=讨薪", "https://a.example/1?keyword=讨薪"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_keys_in_addresses_are_withheld(url: str, kept: str) -> None:
    assert without_keys(url) == kept


POSTED = {
    b"": b"",
    '{"q":"讨薪","auth":{"token":"s3cret"}}'.encode(): '{"q": "讨薪", "auth": "withheld"}'.encode(),
    b'[{"api_key":"s3cret"},1]': b'[{"api_key": "withheld"}, 1]',
    b'"s3cret"': b"withheld",
    b"q=1&password=s3cret": b"q=1&password=withheld",
    b"\xff\xfes3cret": b"withheld",
    b"s3cret": b"withheld",
}


def test_what_was_posted_is_kept_without_its_keys(sessions: Sessions, keyring: Keyring) -> None:
    url = "https://a.example/api"
    for body in POSTED:
        asked = SentRequest("POST", url, {"Authorization": "s3cret", "Cookie": "s3cret"}, body=body)
        answer = RawPage(url, 200, {"Set-Cookie": "s3cret"}, b"{}", NOW, asked)
        with sessions.begin() as session:
            keep_all(session, [sealed(keyring, answer, document_id=None)])
    with sessions() as session:
        raws = session.scalars(select(RawResponse).order_by(RawResponse.id)).all()
        assert "s3cret" not in "".join(f"{raw.request} {raw.headers}" for raw in raws)
        opened = [open_raw(raw, keyring) for raw in raws]
    for page, kept in zip(opened, POSTED.values(), strict=True):
        archive = read_archive(build_warc([page], subject(), EvidenceKind.PAGE, OPERATOR))
        assert (archive.records[1].content, archive.faults) == (kept, ())


def test_a_page_packed_by_an_earlier_version_still_opens(
    sessions: Sessions, keyring: Keyring
) -> None:
    answer = RawPage("https://a.example/1", 200, {}, "工资".encode() * 999, NOW)
    with sessions.begin() as session:
        keep_all(session, [sealed(keyring, answer, document_id=None)])
        raw = session.scalars(select(RawResponse)).one()
        assert len(raw.sealed_body) < len(answer.body) / 9
        assert open_raw(raw, keyring) == answer
        raw.sealed_body = keyring.seal(zlib.compress(answer.body), purpose=PURPOSE)
        assert open_raw(raw, keyring) == answer


def test_of_several_pages_those_that_name_the_document_are_kept() -> None:
    answers = [
        RawPage(f"https://a.example/list?p={n}", 200, {}, f'href="/t/{n}001.html"'.encode(), NOW)
        for n in range(3)
    ]
    assert pages_holding(answers, "https://a.example/t/1001.html#r2") == [answers[1]]
    assert pages_holding(answers, "https://a.example/t/9.html") == answers
    assert pages_holding(answers[:1], "https://a.example/t/1001.html") == answers[:1]
