import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from core.clock import FakeClock
from core.crypto.author_hash import AuthorHasher
from core.database.models.collecting import Document, DocumentBody, Engagement, Source
from core.database.models.operations import Queue, WorkItem
from core.database.sessions import Sessions
from crawlers.canonical_url import canonical_url
from crawlers.intake import CollectedDocument, StoreOutcome, StoreStatus, believable_time, store
from crawlers.sources import ensure_import_source

AUTHOR = "工地老张的独特昵称"
POST = CollectedDocument(
    title="拖欠工资三个月",
    text="电话13900000000，身份证110101190001010006，工地三个月没发工资。",
    url="https://bbs.example.com/t/1?utm_source=x",
    author=AUTHOR,
    comments=3,
)


def put(
    sessions: Sessions, hasher: AuthorHasher, document: CollectedDocument, now: dt.datetime
) -> StoreOutcome:
    with sessions.begin() as session:
        source = ensure_import_source(session, "论坛", now=now, platform="forum")
        return store(session, source, document, now=now, hasher=hasher, collected_by="test")


def test_a_text_is_stored_once_with_its_numbers_masked_and_its_work_queued(
    sessions: Sessions, hasher: AuthorHasher, clock: FakeClock
) -> None:
    first = put(sessions, hasher, POST, clock.now())
    again = put(sessions, hasher, replace(POST, url="https://bbs.example.com/t/1#p2"), clock.now())
    assert first.status is StoreStatus.NEW
    assert again == StoreOutcome(StoreStatus.DUPLICATE, first.document_id)
    with sessions() as session:
        body = session.scalars(select(DocumentBody)).one()
        work = session.scalars(select(WorkItem)).one()
    assert "13900000000" not in body.text
    assert "110101190001010006" not in body.text
    assert len(body.text) == len(POST.text)
    assert body.masked == {"mobile": 1, "identity_card": 1}
    assert (work.queue, work.subject_id) == (Queue.ANALYSE, first.document_id)


def test_no_table_holds_the_author_in_clear(
    sessions: Sessions, hasher: AuthorHasher, clock: FakeClock
) -> None:
    put(sessions, hasher, POST, clock.now())
    with sessions() as session:
        tables = session.scalars(
            text("select tablename from pg_tables where schemaname = 'public'")
        ).all()
        for table in tables:
            rows = session.scalars(text(f'select t::text from "{table}" t')).all()  # noqa: S608 (names from the catalogue)
            assert not [row for row in rows if AUTHOR in row], table
        document = session.scalars(select(Document)).one()
    expected = hasher.hash("forum", AUTHOR, clock.now())
    assert document.author_hash == expected.digest
    assert AUTHOR not in repr(POST)


def test_new_numbers_of_a_known_text_are_kept_as_engagement(
    sessions: Sessions, hasher: AuthorHasher, clock: FakeClock
) -> None:
    put(sessions, hasher, POST, clock.now())
    clock.advance(dt.timedelta(hours=1))
    later = put(sessions, hasher, replace(POST, comments=9, rank=2), clock.now())
    assert later.status is StoreStatus.UPDATED
    with sessions() as session:
        assert session.scalars(select(Document.comments)).one() == 9
        seen = session.scalars(select(Engagement)).one()
    assert (seen.comments, seen.rank, seen.seen_at) == (9, 2, clock.now())


def test_an_edited_text_is_a_document_of_its_own(
    sessions: Sessions, hasher: AuthorHasher, clock: FakeClock
) -> None:
    first = put(sessions, hasher, POST, clock.now())
    edited = put(sessions, hasher, replace(POST, text="工资已经发了。"), clock.now())
    assert edited.status is StoreStatus.NEW
    assert edited.document_id != first.document_id


@pytest.mark.parametrize("spelling", ["https://{}", "https://www.{}", "http://www.{}"])
def test_a_site_that_moves_to_another_spelling_brings_nothing_again(
    sessions: Sessions, hasher: AuthorHasher, clock: FakeClock, spelling: str
) -> None:
    plain = replace(POST, url="http://bbs.example/t/7", anchor="floor-2")
    first = put(sessions, hasher, plain, clock.now())
    moved = replace(plain, url=spelling.format("bbs.example/t/7?utm_source=rss"))
    again = put(sessions, hasher, moved, clock.now())
    assert (again.status, again.document_id) == (StoreStatus.DUPLICATE, first.document_id)
    other = put(sessions, hasher, replace(moved, anchor="floor-3"), clock.now())
    assert other.status is StoreStatus.NEW


@pytest.mark.parametrize(
    ("published_at", "is_bad"),
    [
        (None, True),
        (dt.datetime(2026, 11, 21, 1, 40, tzinfo=dt.UTC), False),
        (dt.datetime(2026, 11, 21, 1, 41, tzinfo=dt.UTC), True),
        (dt.datetime(1994, 12, 31, tzinfo=dt.UTC), True),
        (dt.datetime(1995, 1, 1, tzinfo=dt.UTC), False),
    ],
)
def test_a_time_that_cannot_be_true_becomes_the_time_of_ingest(
    clock: FakeClock, published_at: dt.datetime | None, is_bad: bool
) -> None:
    expected = (clock.now(), True) if is_bad else (published_at, False)
    assert believable_time(published_at, clock.now()) == expected


def test_characters_that_cannot_be_stored_are_dropped(
    sessions: Sessions, hasher: AuthorHasher, clock: FakeClock
) -> None:
    put(sessions, hasher, replace(POST, text="工\x00资\ud800发了"), clock.now())
    with sessions() as session:
        assert session.scalars(select(DocumentBody.text)).one() == "工资发了"
        assert session.scalars(select(Source.name)).one() == "论坛"


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("HTTP://News.Example.COM:80/a?utm_source=x&id=1#top", "http://news.example.com/a?id=1"),
        ("https://a.example.com", "https://a.example.com/"),
        ("https://a.example.com:8443/x?b=2&a=1", "https://a.example.com:8443/x?b=2&a=1"),
        ("https://a.example.com/x?spm=1.2&from=timeline", "https://a.example.com/x"),
        ("urn:zhisheng:abc", "urn:zhisheng:abc"),
    ],
)
def test_addresses_of_one_page_become_one(given_url: str, expected: str) -> None:
    assert canonical_url(given_url) == expected


@given(
    st.from_regex(
        r"https?://[a-z]{1,8}\.example\.com(:\d{2,4})?/[\w/.%-]{0,20}(\?[\w=&%+;-]{0,30})?(#\w{0,5})?",
        fullmatch=True,
    )
)
def test_canonical_addresses_stay_as_they_are(url: str) -> None:
    once = canonical_url(url)
    assert canonical_url(once) == once
