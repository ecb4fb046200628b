import datetime as dt

import pytest
from sqlalchemy import select

from config.sources import Endpoints, load_sources
from core.clock import FakeClock
from core.crypto.author_hash import AuthorHasher
from core.database.models.collecting import Source, SourceState
from core.database.models.operations import AuditEntry
from core.database.sessions import Sessions
from core.errors import ConflictError, InvalidOptionsError
from core.outbound.address_policy import AddressPolicy
from core.outbound.client import HTTPClient
from core.source_health import SourceHealth, source_counts
from crawlers.coverage import ledger as coverage
from crawlers.coverage.ledger import Yield
from crawlers.proposal.trial import SourceTrial, try_source
from crawlers.robots import RobotsVerdict
from crawlers.source_listing import list_sources, source_row
from crawlers.source_lists import install_starter_sources
from crawlers.sources import (
    SourceDraft,
    create_source,
    edit_source,
    pause_source,
    resume_source,
    visit_now,
)
from tests.crawlers.site import Answer, Site
from tests.crawlers.sources import LOOPBACK, add_source
from tests.crawlers.test_crawling import news_site

PUBLIC = AddressPolicy.allowing()


def draft(**changes: object) -> SourceDraft:
    fields: dict[str, object] = {
        "name": "河湾新闻网", "kind": "list_page", "url": "https://news.example.com/",
        "platform": "news", "level": "city", "legal_basis": "公开网页",
    }  # fmt: skip
    return SourceDraft(**{**fields, **changes})  # type: ignore[arg-type]  # each test names real fields


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"url": "file:///etc/passwd"}, "url", "http"),
        ({"url": "http://127.0.0.1/"}, "url", "内部"),
        ({"url": "http://[::1]/"}, "url", "内部"),
        ({"url": "https://news.example.com:22/"}, "url", "端口"),
        ({"url": "https://u:p@news.example.com/"}, "url", "密码"),
        ({"url": ""}, "url", "网址"),
        ({"kind": "telepathy"}, "kind", "类型"),
        ({"level": "galaxy"}, "level", "层级"),
        ({"name": " "}, "name", "名称"),
        ({"interval_s": 0}, "interval_s", "间隔"),
        ({"interval_s": 10, "interval_floor_s": 60}, "interval_s", "下限"),
        ({"options": {"limit": "很多"}}, "limit", "数字"),
    ],
)
def test_a_source_that_cannot_work_is_refused_by_field(
    sessions: Sessions, clock: FakeClock, changes: dict[str, object], field: str, sentence: str
) -> None:
    with sessions() as session, pytest.raises(InvalidOptionsError) as caught:
        create_source(session, draft(**changes), policy=PUBLIC, now=clock.now(), actor="person:1")
    assert sentence in caught.value.faults[field]


def test_a_name_is_given_once(sessions: Sessions, clock: FakeClock) -> None:
    add_source(sessions, "http://127.0.0.1:8/", now=clock.now())
    with pytest.raises(InvalidOptionsError, match="已有"):
        add_source(sessions, "http://127.0.0.1:9/", now=clock.now())


def test_changes_of_a_source_are_audited_and_end_a_visit_under_way(
    sessions: Sessions, clock: FakeClock
) -> None:
    source = add_source(sessions, "http://127.0.0.1:8/", now=clock.now())
    with sessions.begin() as session:
        changed = draft(name="改名", url="http://127.0.0.1:9/", interval_s=30)
        edit_source(session, source.id, changed, policy=LOOPBACK, now=clock.now(), actor="person:1")
        pause_source(session, source.id, now=clock.now(), actor="person:1")
        resume_source(session, source.id, now=clock.now(), actor="person:1")
        visit_now(session, source.id, now=clock.now(), actor="person:1")
    with sessions() as session:
        row = session.get_one(Source, source.id)
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert (row.name, row.interval_s, row.state) == ("改名", 30, SourceState.ACTIVE)
    assert row.claim_epoch == source.claim_epoch + 4
    assert actions == [
        "source.created", "source.edited", "source.paused", "source.resumed", "source.visit_asked",
    ]  # fmt: skip


def test_what_is_not_there_cannot_be_paused(sessions: Sessions, clock: FakeClock) -> None:
    with sessions() as session, pytest.raises(ConflictError, match="99"):
        pause_source(session, 99, now=clock.now(), actor="person:1")


def test_the_starter_list_is_installed_paused_and_once(
    sessions: Sessions, clock: FakeClock
) -> None:
    for expected in (len(load_sources()), 0):
        with sessions.begin() as session:
            assert install_starter_sources(session, Endpoints(), clock.now()) == expected
    with sessions() as session:
        assert set(session.scalars(select(Source.state))) == {SourceState.PAUSED}
        assert source_counts(session, clock.now()) == {
            "ok": 0,
            "failing": 0,
            "silent": 0,
            "degraded": 0,
        }
        rows = list_sources(session, clock.now())
    assert {row.health for row in rows} == {SourceHealth.PAUSED}


def test_coverage_adds_up_and_health_follows_it(sessions: Sessions, clock: FakeClock) -> None:
    source = add_source(sessions, "http://127.0.0.1:8/", interval_s=60, now=clock.now())
    with sessions.begin() as session:
        session.get_one(Source, source.id).visited_at = clock.now()
        coverage.record(session, source.id, Yield(1, 5, 4, 1), clock.now())
        for _ in range(2):
            coverage.record(session, source.id, Yield(visits=1, failure="timeout"), clock.now())
    with sessions() as session:
        row = source_row(session, source.id, clock.now())
        assert row is not None
        assert (row.items_last_day, row.error_rate, row.health) == (4, 2 / 3, SourceHealth.OK)
        later = clock.now() + dt.timedelta(minutes=6)
        assert source_counts(session, later) == {"ok": 0, "failing": 0, "silent": 1, "degraded": 0}
        session.get_one(Source, source.id).failures = 1
        assert source_counts(session, later) == {"ok": 0, "failing": 1, "silent": 0, "degraded": 0}
        session.rollback()


def trial_of(site: Site, clock: FakeClock, path: str = "/") -> SourceTrial:
    http = HTTPClient(LOOPBACK, user_agent="Zhisheng/test")
    wanted = draft(url=site.url(path))
    return try_source(
        wanted, http=http, policy=LOOPBACK, user_agent="Zhisheng/test", now=clock.now()
    )


def test_a_trial_shows_samples_and_saves_nothing(
    site: Site, sessions: Sessions, hasher: AuthorHasher, clock: FakeClock
) -> None:
    del hasher
    news_site(site, 8)
    trial = trial_of(site, clock)
    assert trial.fault is None
    assert (len(trial.items), trial.links_found) == (5, 8)
    assert (trial.robots, trial.encoding) == (RobotsVerdict.ALLOWED, "utf-8")
    with sessions() as session:
        assert session.scalars(select(Source)).all() == []


@pytest.mark.parametrize(
    ("path", "robots", "fault"),
    [
        ("/", Answer(b"User-agent: *\nDisallow: /"), "不允许"),
        ("/", Answer(b"", 500), "暂时取不到"),
        ("/none", Answer(b"", 404), "404"),
    ],
)
def test_a_trial_says_why_it_brought_nothing(
    site: Site, clock: FakeClock, path: str, robots: Answer, fault: str
) -> None:
    news_site(site, 3)
    site.pages["/robots.txt"] = robots
    assert fault in (trial_of(site, clock, path).fault or "")


def test_a_trial_of_a_forbidden_address_sends_nothing(clock: FakeClock) -> None:
    http = HTTPClient(PUBLIC, user_agent="Zhisheng/test")
    wanted = draft(url="file:///etc/passwd")
    trial = try_source(
        wanted, http=http, policy=PUBLIC, user_agent="Zhisheng/test", now=clock.now()
    )
    assert "不能采集" in (trial.fault or "")
