"""Keys of interfaces: sealed where they are stored, sent to their own site, shown nowhere."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from core.clock import FakeClock
from core.crypto.keyring import Keyring
from core.database.models.collecting import RawResponse, Source
from core.database.sessions import Sessions
from core.errors import InvalidOptionsError
from core.outbound.client import HTTPClient
from crawlers.proposal.trial import SourceTrial, try_source
from crawlers.source_keys import NOT_GIVEN, NOT_OPENED, OTHER_SITE, key_faults
from crawlers.source_lists import export_list, import_list, plan_import
from crawlers.sources import SourceDraft, create_source, draft_of, edit_source
from tests.crawlers.conftest import CrawlProcesses, source_row, titles, wait_until
from tests.crawlers.site import Answer, Site, serving
from tests.crawlers.sources import LOOPBACK, add_source
from tests.crawlers.test_meta_refresh import refresh

KEY = "Bearer 4f9c-not-for-anybody-else"
ITEMS = {"items": [{"id": 1, "title": "工资已经补发", "content": "四十七名工人拿到了工资。"}]}
ANSWER = Answer(json.dumps(ITEMS).encode(), headers=(("Content-Type", "application/json"),))


def draft(url: str, **options: object) -> SourceDraft:
    named = {"key_header": "Authorization", "key_value": KEY} | options
    return SourceDraft("河湾接口", "json_api", url, "网站", "city", named, interval_s=3600)


def saved(sessions: Sessions, clock: FakeClock, keyring: Keyring, given: SourceDraft) -> Source:
    with sessions.begin() as session:
        return create_source(
            session, given, policy=LOOPBACK, now=clock.now(), actor="person:1", keyring=keyring
        )


def tried(given: SourceDraft, keyring: Keyring, now: dt.datetime) -> SourceTrial:
    http = HTTPClient(LOOPBACK, user_agent="Zhisheng/test")
    return try_source(
        given, http=http, policy=LOOPBACK, user_agent="Zhisheng/test", now=now, keyring=keyring
    )


def asks_for_key(headers: dict[str, str]) -> Answer:
    return ANSWER if headers.get("authorization") == KEY else Answer(b"", 401)


def test_pages_that_send_the_crawler_on_neither_carry_a_key_away_nor_pass_a_guard(
    site: Site, sessions: Sessions, crawling: CrawlProcesses, keyring: Keyring, clock: FakeClock
) -> None:
    with serving(Site()) as other:
        site.pages["/moved"] = Answer(b"", 302, (("Location", other.url("/leak")),))
        other.pages["/leak"] = refresh(f"0; url={site.url('/news')}")
        site.pages["/news"] = asks_for_key
        keyed = saved(sessions, clock, keyring, draft(site.url("/moved")))
        blank = replace(draft(site.url("/blank"), key_value=""), name="没有密钥")
        failing = {saved(sessions, clock, keyring, blank).id: NOT_GIVEN} | _sent_astray(
            site, sessions
        )
        process = crawling.start()
        wait_until(lambda: len(titles(sessions)) == 1)
        wait_until(lambda: all(source_row(sessions, one).failures for one in failing))
        assert crawling.stop(process) == 0
        assert {seen.headers.get("authorization") for seen in other.seen} == {None}
    for source_id, words in failing.items():
        assert words in (source_row(sessions, source_id).failure_reason or "")
    sent = {seen.path: seen.headers.get("authorization") for seen in site.seen}
    assert sent["/robots.txt"] is None
    assert sent["/moved"] == sent["/news"] == KEY
    # Whoever is sent round and round stops where redirects do.
    assert sum(path.startswith("/round/") for path in site.paths()) == 6
    assert not {"/private/news", "/blank"} & set(site.paths())
    assert KEY not in crawling.log("one")
    assert "4f9c" not in _stored(sessions, keyed)


def _sent_astray(site: Site, sessions: Sessions) -> dict[int, str]:
    """Publish pages that send the crawler where it may not go, and say what it then notes."""
    site.pages |= {f"/round/{n}": refresh(f"0; url=/round/{n + 1}") for n in range(20)}
    site.pages["/inside"] = refresh("0; url=http://10.0.0.1/admin")
    site.pages["/file"] = refresh("0; url=file:///etc/passwd")
    site.pages["/secret"] = refresh("1; url=/private/news")
    site.pages["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /private")
    expected = {"/round/0": "没有尽头", "/inside": "内部", "/file": "file", "/secret": "robots.txt"}
    return {
        add_source(sessions, site.url(path), name=path).id: words
        for path, words in expected.items()
    }


def _stored(sessions: Sessions, source: Source) -> str:
    """Give all that is kept of the source where a key could have slipped in."""
    with sessions() as session:
        (kept,) = session.scalars(select(RawResponse))
        assert "'Authorization': 'withheld'" in str(kept.request)
        rows = session.scalars(text("SELECT row_to_json(source)::text FROM source"))
        audits = session.scalars(text("SELECT row_to_json(audit_entry)::text FROM audit_entry"))
        listed = export_list(session)
        assert "key_header: Authorization" in listed
        assert "密钥没有导出" in listed
        return "".join([*rows, *audits, listed, repr(draft_of(source))])


def test_a_key_left_blank_is_kept_and_one_for_another_site_is_not(
    sessions: Sessions, clock: FakeClock, keyring: Keyring
) -> None:
    source = saved(sessions, clock, keyring, draft("https://api.example.com/a"))

    def edited(url: str, **options: object) -> None:
        given = draft(url, **options)
        kept = source_row(sessions, source.id).sealed_options
        given = replace(given, sealed_options=kept)
        with sessions.begin() as session:
            edit_source(
                session, source.id, given, policy=LOOPBACK, now=clock.now(), actor="person:1",
                keyring=keyring,
            )  # fmt: skip

    before = source_row(sessions, source.id).sealed_options
    edited("https://api.example.com/b", key_value="")
    assert source_row(sessions, source.id).sealed_options == before
    with pytest.raises(InvalidOptionsError) as refused:
        edited("https://evil.example.org/b", key_value="")
    assert OTHER_SITE in refused.value.faults["key_value"]
    edited("https://evil.example.org/b", key_value="Bearer new")
    assert source_row(sessions, source.id).sealed_options != before
    edited("https://evil.example.org/b", key_header="", key_value="")
    assert source_row(sessions, source.id).sealed_options is None


def test_a_trial_sends_the_key_that_is_typed_or_stored(
    site: Site, sessions: Sessions, clock: FakeClock, keyring: Keyring
) -> None:
    site.pages["/news"] = asks_for_key
    given = draft(site.url("/news"))
    stored = draft_of(saved(sessions, clock, keyring, given))
    assert KEY not in str(stored.options)
    for one in (given, stored):
        assert [item.title for item in tried(one, keyring, clock.now()).items] == ["工资已经补发"]
    wrong = tried(draft(site.url("/news"), key_value="Bearer wrong"), keyring, clock.now())
    assert wrong.fault is not None
    assert "wrong" not in wrong.fault


def test_a_key_of_another_master_key_is_said_so(
    site: Site, sessions: Sessions, clock: FakeClock, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory
) -> None:  # fmt: skip
    stored = draft_of(saved(sessions, clock, keyring, draft(site.url("/news"))))
    other = Keyring.open(tmp_path_factory.mktemp("other") / "master.key", create=True)
    assert tried(stored, other, clock.now()).fault == NOT_OPENED
    assert site.seen == []


def test_a_list_leaves_keys_out_keeps_those_there_are_and_takes_new_ones(
    sessions: Sessions, clock: FakeClock, keyring: Keyring
) -> None:
    source = saved(sessions, clock, keyring, draft("https://api.example.com/a"))
    before = source_row(sessions, source.id).sealed_options
    with sessions() as session:
        listed = export_list(session)
        assert [row.fate.value for row in plan_import(session, listed, policy=LOOPBACK).rows] == ["unchanged"]  # fmt: skip
        elsewhere = plan_import(session, listed.replace("河湾接口", "别处的接口"), policy=LOOPBACK)
        assert "清单里没有密钥" in elsewhere.rows[0].details[0]
    with_key = listed.replace(
        "key_header: Authorization", "key_header: X-API-Key\n    key_value: abc"
    )
    with sessions.begin() as session:
        import_list(
            session, with_key, policy=LOOPBACK, now=clock.now(), actor="person:1", keyring=keyring
        )
    row = source_row(sessions, source.id)
    assert row.sealed_options not in (None, before)
    assert row.options["key_header"] == "X-API-Key"
    assert "key_value" not in row.options


@pytest.mark.parametrize(
    ("url", "header", "value", "field"),
    [
        ("https://api.example.com/", "", "abc", "key_header"),
        ("https://api.example.com/", "Cookie", "abc", "key_header"),
        ("https://api.example.com/", "user-agent", "abc", "key_header"),
        ("https://api.example.com/", "X Key:", "abc", "key_header"),
        ("http://api.example.com/", "X-Key", "abc", "key_header"),
        ("https://api.example.com/", "X-Key", "a\r\nHost: b", "key_value"),
        ("https://api.example.com/", "X-Key", "钥匙", "key_value"),
        ("https://api.example.com/", "X-Key", "abc", None),
        ("http://10.2.0.7/api", "X-Key", "abc", None),
        ("https://api.example.com/", "", "", None),
    ],
)
def test_what_cannot_be_a_key_is_refused_by_field(
    url: str, header: str, value: str, field: str | None
) -> None:
    found = key_faults({"key_header": header, "key_value": value}, url)
    assert list(found) == ([] if field is None else [field])
