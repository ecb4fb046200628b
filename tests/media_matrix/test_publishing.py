import datetime as dt
import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from core.database.models.media import (
    Account,
    Attempt,
    Draft,
    FeedItem,
    Publication,
    PublicationState,
    Variant,
)
from core.errors import ConflictError
from media_matrix import schedule, silence
from media_matrix.metrics import MetricsWorker, latest_metrics
from media_matrix.platform_codes import own
from media_matrix.publishing import PublishWorker
from media_matrix.sandbox import SandboxState
from media_matrix.sandbox.state import Fault, FaultKind
from media_matrix.withdrawal import withdraw
from tests.media_matrix.office import CHANNELS, EDIT, Office

WRITES = {
    "wechat": [("wechat", "draft/add"), ("wechat", "freepublish/submit")],
    "weibo": [("weibo", "statuses/share")],
    "wordpress": [("wordpress", "posts")],
}
FAULTY = [(channel, action) for channel, writes in WRITES.items() for _, action in writes]


def done(sandbox: SandboxState, channel: str) -> list[int]:
    return [len(sandbox.done_writes(platform, action)) for platform, action in WRITES[channel]]


def test_a_post_reaches_all_four_channels(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    ids = office.scheduled(*CHANNELS)
    office.run(worker)
    office.run_for(worker, dt.timedelta(minutes=2))
    for publication_id in ids:
        publication = office.publication(publication_id)
        assert publication.state == PublicationState.PUBLISHED
        assert publication.platform_id
        assert publication.url
    assert done(sandbox, "wechat") == [1, 1]
    assert done(sandbox, "weibo") == [1]
    assert done(sandbox, "wordpress") == [1]
    with office.access.sessions() as session:
        assert len(session.scalars(select(FeedItem)).all()) == 1


def test_published_addresses_open(office: Office, worker: PublishWorker) -> None:
    ids = office.scheduled("wechat", "weibo", "wordpress")
    office.run(worker)
    office.run_for(worker, dt.timedelta(minutes=1))
    for publication_id in ids:
        url = office.publication(publication_id).url
        assert url is not None
        page = office.access.http.request("GET", url)
        assert page.status == 200
        assert "演练" in page.text
        assert "32 名工人" in page.text


@pytest.mark.parametrize(("channel", "action"), FAULTY)
@pytest.mark.parametrize("kind", list(FaultKind))
def test_an_unclear_answer_never_posts_twice(
    office: Office,
    sandbox: SandboxState,
    worker: PublishWorker,
    channel: str,
    action: str,
    kind: FaultKind,
) -> None:
    sandbox.add_fault(Fault(channel, kind, action, seconds=1.2))
    (publication_id,) = office.scheduled(channel)
    office.run(worker)
    assert office.publication(publication_id).state == PublicationState.UNKNOWN
    office.run_for(worker, dt.timedelta(minutes=9))
    assert office.publication(publication_id).state == PublicationState.PUBLISHED
    assert set(done(sandbox, channel)) == {1}


@pytest.mark.parametrize("channel", list(WRITES))
def test_a_platform_out_of_reach_is_tried_again(
    office: Office, sandbox: SandboxState, worker: PublishWorker, channel: str
) -> None:
    (publication_id,) = office.scheduled(channel)
    option = "site_url" if channel == "wordpress" else "base_url"
    with office.access.sessions.begin() as session:
        account = session.get_one(Account, office.accounts[channel])
        reachable = dict(account.options)
        account.options = {**reachable, option: "http://127.0.0.1:1"}
    office.run(worker)
    assert office.publication(publication_id).state == PublicationState.FAILED_RETRYABLE
    with office.access.sessions.begin() as session:
        session.get_one(Account, office.accounts[channel]).options = reachable
    office.run_for(worker, dt.timedelta(minutes=3))
    assert office.publication(publication_id).state == PublicationState.PUBLISHED
    assert set(done(sandbox, channel)) == {1}


@pytest.mark.parametrize(("channel", "action"), FAULTY)
def test_a_worker_killed_after_the_request_leaves_a_post_that_is_looked_up(
    office: Office,
    sandbox: SandboxState,
    worker: PublishWorker,
    lose_lease: Callable[[int], None],
    channel: str,
    action: str,
) -> None:
    (publication_id,) = office.scheduled(channel)
    office.run(worker)
    # What a kill leaves behind: the attempt without an end, nothing learnt from the answer.
    with office.access.sessions.begin() as session:
        attempt = session.scalars(select(Attempt).where(Attempt.action == action)).one()
        attempt.finished_at = None
        attempt.outcome = None
        publication = session.get_one(Publication, publication_id)
        kept = {
            name: value
            for name, value in publication.progress.items()
            if name in {"thumb_media_id"} | ({"media_id"} if "submit" in action else set())
        }
        publication.progress = kept
        publication.platform_id = None
        publication.url = None
        publication.state = PublicationState.SENDING
        publication.due_at = office.clock.now()
        later_attempts = session.scalars(select(Attempt).where(Attempt.id > attempt.id))
        for later in later_attempts:
            session.delete(later)
    lose_lease(publication_id)
    office.run_for(worker, dt.timedelta(minutes=9))
    assert office.publication(publication_id).state == PublicationState.PUBLISHED
    assert done(sandbox, channel)[0] == 1


@pytest.mark.parametrize("seed", range(6))
def test_whatever_goes_wrong_nothing_goes_out_twice(
    office: Office, sandbox: SandboxState, worker: PublishWorker, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a repeatable choice of faults, no secret
    kinds = [kind for kind in FaultKind if kind is not FaultKind.SLOW]
    for channel, action in FAULTY:
        for _ in range(chance.randint(0, 3)):
            sandbox.add_fault(Fault(channel, chance.choice(kinds), action))
    ids = office.scheduled(*WRITES)
    office.run(worker)
    office.run_for(worker, dt.timedelta(hours=2), step=dt.timedelta(minutes=1))
    channels = {account_id: channel for channel, account_id in office.accounts.items()}
    for publication_id in ids:
        publication = office.publication(publication_id)
        visible = done(sandbox, channels[publication.account_id])[-1]
        is_published = publication.state == PublicationState.PUBLISHED
        assert visible == int(is_published), publication.state
        if not is_published:
            assert publication.state in {PublicationState.FAILED_FINAL, PublicationState.MISSED}


def test_two_workers_send_two_hundred_due_posts_once_each(
    office: Office, sandbox: SandboxState
) -> None:
    draft_id = office.approved("wordpress")
    with office.access.sessions.begin() as session:
        sealed = session.get_one(Draft, draft_id).sealed_hash
        assert sealed is not None
        for number in range(1, 201):
            session.add(
                Publication(
                    draft_id=draft_id,
                    account_id=office.accounts["wordpress"],
                    occurrence=number,
                    delivery_key=f"{number:064d}"[::-1],
                    content_hash=sealed,
                    planned_at=office.clock.now(),
                    due_at=office.clock.now(),
                    created_at=office.clock.now(),
                )
            )
    workers = [PublishWorker(office.access, owner=f"publish-{n}", threads=4) for n in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(office.run, workers))
    for worker in workers:
        worker.close()
    assert done(sandbox, "wordpress") == [200]
    slugs = {post.slug for post in sandbox.data.wordpress_posts}
    assert len(slugs) == 200
    with office.access.sessions() as session:
        states = set(session.scalars(select(Publication.state)))
    assert states == {PublicationState.PUBLISHED}


def test_retry_is_refused_while_the_outcome_is_unknown(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    sandbox.add_fault(Fault("weibo", FaultKind.DROP_AFTER))
    (publication_id,) = office.scheduled("weibo")
    office.run(worker)
    with office.access.sessions() as session, pytest.raises(ConflictError, match="到平台核对"):
        schedule.retry(session, publication_id, person_id=office.author_id, now=office.clock.now())


def test_weibo_is_not_looked_up_before_three_minutes(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    sandbox.add_fault(Fault("weibo", FaultKind.DROP_AFTER))
    (publication_id,) = office.scheduled("weibo")
    office.run(worker)
    with office.access.sessions.begin() as session:
        schedule.check_platform(
            session, publication_id, person_id=office.author_id, now=office.clock.now()
        )
    office.run_for(worker, dt.timedelta(seconds=170), step=dt.timedelta(seconds=10))
    assert office.publication(publication_id).state == PublicationState.UNKNOWN
    office.run_for(worker, dt.timedelta(seconds=30), step=dt.timedelta(seconds=10))
    assert office.publication(publication_id).state == PublicationState.PUBLISHED


def test_a_delayed_weibo_post_is_found_and_never_sent_again(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    sandbox.data.switches.weibo_delays_next = True
    (publication_id,) = office.scheduled("weibo")
    office.run(worker)
    assert office.publication(publication_id).state_reason == "weibo:20032"
    office.run_for(worker, dt.timedelta(minutes=4))
    assert office.publication(publication_id).state == PublicationState.PUBLISHED
    assert done(sandbox, "weibo") == [1]


def test_a_repeat_that_the_timeline_does_not_show_is_left_to_a_person(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    (first,) = office.scheduled("weibo")
    office.run(worker)
    office.clock.advance(dt.timedelta(hours=2))
    (second,) = office.scheduled("weibo")
    office.run(worker)
    assert office.publication(second).state_reason == "weibo:20019"
    office.run_for(worker, dt.timedelta(hours=3), step=dt.timedelta(minutes=5))
    assert office.publication(first).state == PublicationState.PUBLISHED
    assert office.publication(second).state == PublicationState.NEEDS_HUMAN
    assert done(sandbox, "weibo") == [1]


def test_a_post_absent_twice_is_not_sent_a_third_time(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    sandbox.add_fault(Fault("wordpress", FaultKind.DROP_BEFORE, "posts", times=9))
    (publication_id,) = office.scheduled("wordpress")
    office.run(worker)
    office.run_for(worker, dt.timedelta(minutes=9))
    publication = office.publication(publication_id)
    assert publication.state == PublicationState.FAILED_FINAL
    assert publication.state_reason == own("absent_twice")
    assert done(sandbox, "wordpress") == [0]


@pytest.mark.parametrize(
    ("late", "state"),
    [
        (dt.timedelta(seconds=590), PublicationState.PUBLISHED),
        (dt.timedelta(seconds=610), PublicationState.MISSED),
        (dt.timedelta(days=3), PublicationState.MISSED),
    ],
)
def test_beyond_its_grace_a_post_is_missed_and_not_sent(
    office: Office,
    sandbox: SandboxState,
    worker: PublishWorker,
    late: dt.timedelta,
    state: PublicationState,
) -> None:
    planned_at = office.clock.now() + dt.timedelta(hours=1)
    (publication_id,) = office.scheduled("wordpress", planned_at=planned_at)
    office.run(worker)
    assert done(sandbox, "wordpress") == [0]
    office.clock.set(planned_at + late)
    office.run(worker)
    assert office.publication(publication_id).state == state
    assert done(sandbox, "wordpress") == [int(state == PublicationState.PUBLISHED)]


def test_a_text_changed_behind_the_seal_is_refused(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    planned_at = office.clock.now() + dt.timedelta(hours=1)
    (publication_id,) = office.scheduled("wordpress", planned_at=planned_at)
    with office.access.sessions.begin() as session:
        session.execute(update(Variant).values(text=Variant.text + "。"))
    office.clock.set(planned_at)
    office.run(worker)
    publication = office.publication(publication_id)
    assert publication.state == PublicationState.FAILED_FINAL
    assert publication.state_reason == own("content_changed")
    assert done(sandbox, "wordpress") == [0]


def test_a_frozen_account_holds_its_posts_until_two_people_lift_it(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    account_id = office.accounts["wordpress"]
    now = office.clock.now()
    with office.access.sessions.begin() as session:
        silence.freeze(session, [account_id], person_id=office.admin_id, reason="哀悼日", now=now)
    (publication_id,) = office.scheduled("wordpress")
    office.run(worker)
    assert office.publication(publication_id).state == PublicationState.HELD
    for person_id, lifted in (
        (office.admin_id, []),
        (office.admin_id, []),
        (office.first_id, [account_id]),
    ):
        with office.access.sessions.begin() as session:
            result = silence.unfreeze(session, [account_id], person_id=person_id, now=now)
        assert result.lifted == lifted
    office.run(worker)
    assert office.publication(publication_id).state == PublicationState.HELD
    assert done(sandbox, "wordpress") == [0]


def test_a_refused_password_stops_the_account_and_says_what_to_do(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    sandbox.data.switches.wordpress_strips_authorization = True
    (publication_id,) = office.scheduled("wordpress")
    office.run(worker)
    assert office.publication(publication_id).state == PublicationState.FAILED_FINAL
    with office.access.sessions() as session:
        account = session.get_one(Account, office.accounts["wordpress"])
    assert account.state == "broken"
    assert "Authorization" in (account.state_reason or "")


def test_an_account_without_the_right_becomes_a_task_for_a_person(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    sandbox.data.wechat_apps["wx00000000sandbox1"].is_verified = False
    (publication_id,) = office.scheduled("wechat")
    office.run(worker)
    publication = office.publication(publication_id)
    assert (publication.state, publication.state_reason) == (
        PublicationState.NEEDS_HUMAN,
        "wechat:48001",
    )
    with office.access.sessions.begin() as session:
        schedule.settle(
            session,
            publication_id,
            person_id=office.author_id,
            now=office.clock.now(),
            url="https://mp.weixin.qq.com/s/x",
        )
    assert office.publication(publication_id).state == PublicationState.PUBLISHED


def test_a_rejected_wechat_article_fails_with_its_reason(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    sandbox.data.switches.wechat_end_status = 4
    (publication_id,) = office.scheduled("wechat")
    office.run(worker)
    office.run_for(worker, dt.timedelta(minutes=1))
    publication = office.publication(publication_id)
    assert publication.state == PublicationState.FAILED_FINAL
    assert publication.state_reason == "wechat:publish_status_4"


def test_status_polls_stay_far_below_the_daily_allowance(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    sandbox.data.switches.wechat_publish_s = 10**7
    (publication_id,) = office.scheduled("wechat")
    office.run(worker)
    office.run_for(worker, dt.timedelta(hours=24), step=dt.timedelta(minutes=5))
    polls = [entry for entry in sandbox.data.journal if entry.action == "freepublish/get"]
    assert 5 < len(polls) <= 40
    assert office.publication(publication_id).state in {
        PublicationState.ACCEPTED,
        PublicationState.NEEDS_HUMAN,
    }


def test_a_used_up_allowance_parks_the_post(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    for _ in range(100):
        sandbox.count("weibo|1000000001|calls")
    (publication_id,) = office.scheduled("weibo")
    office.run(worker)
    publication = office.publication(publication_id)
    assert publication.state_reason == "weibo:10023"
    assert publication.due_at == dt.datetime(2026, 11, 21, 16, tzinfo=dt.UTC)
    office.run_for(worker, dt.timedelta(hours=16), step=dt.timedelta(hours=1))
    assert office.publication(publication_id).state == PublicationState.MISSED


def test_attempts_tell_what_happened_without_secrets(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    sandbox.add_fault(Fault("weibo", FaultKind.DROP_AFTER))
    (publication_id,) = office.scheduled("weibo")
    office.run(worker)
    office.run_for(worker, dt.timedelta(minutes=4))
    with office.access.sessions() as session:
        attempts = schedule.attempts_of(session, publication_id)
    assert [(attempt.action, attempt.outcome) for attempt in attempts] == [
        ("statuses/share", "resolved_by_probe"),
        ("probe", "found"),
    ]
    kept = json.dumps([[attempt.request, attempt.response] for attempt in attempts])
    assert "sandboxtoken" not in kept


def test_numbers_come_back_and_grow(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    del sandbox
    ids = dict(zip(CHANNELS, sorted_by_channel(office, office.scheduled(*CHANNELS)), strict=True))
    office.run(worker)
    office.run_for(worker, dt.timedelta(minutes=1))
    numbers = MetricsWorker(office.access, owner="metrics")
    office.clock.advance(dt.timedelta(hours=1))
    while numbers.step():
        pass
    with office.access.sessions() as session:
        early = latest_metrics(session, list(ids.values()))
    office.clock.advance(dt.timedelta(days=2))
    while numbers.step():
        pass
    with office.access.sessions() as session:
        late = latest_metrics(session, list(ids.values()))
    assert (late[ids["weibo"]].likes or 0) > (early[ids["weibo"]].likes or 0)
    assert late[ids["weibo"]].reads is None
    assert ids["wechat"] not in early, "WeChat counts to yesterday only"
    assert (late[ids["wechat"]].reads or 0) > 0
    assert late[ids["wechat"]].basis == "people"
    assert late[ids["wordpress"]].reads is None
    assert late[ids["feed"]].reads == 0


def sorted_by_channel(office: Office, publication_ids: list[int]) -> list[int]:
    channels = {account_id: channel for channel, account_id in office.accounts.items()}
    by_channel = {
        channels[office.publication(publication_id).account_id]: publication_id
        for publication_id in publication_ids
    }
    return [by_channel[channel] for channel in CHANNELS]


def test_an_article_deleted_at_the_platform_is_noticed(
    office: Office, sandbox: SandboxState, worker: PublishWorker
) -> None:
    (publication_id,) = office.scheduled("wechat")
    office.run(worker)
    office.run_for(worker, dt.timedelta(minutes=1))
    for job in sandbox.data.wechat_jobs.values():
        job.is_deleted = True
    office.clock.advance(dt.timedelta(days=1))
    numbers = MetricsWorker(office.access, owner="metrics")
    while numbers.step():
        pass
    publication = office.publication(publication_id)
    assert publication.state == PublicationState.TAKEN_DOWN
    assert publication.state_reason == "wechat:publish_status_5"


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_published_post_can_be_withdrawn(
    office: Office, worker: PublishWorker, channel: str
) -> None:
    (publication_id,) = office.scheduled(channel)
    office.run(worker)
    office.run_for(worker, dt.timedelta(minutes=1))
    url = office.publication(publication_id).url
    result = withdraw(office.access, publication_id, person_id=office.first_id, reason="数字有误")
    assert result.is_withdrawn
    assert office.publication(publication_id).state == PublicationState.WITHDRAWN
    if channel != "feed":
        assert url is not None
        assert office.access.http.request("GET", url).status == 404


def test_a_manual_account_gets_a_task_ready_to_copy(office: Office, worker: PublishWorker) -> None:
    from media_matrix.accounts import AccountForm, create_account

    form = AccountForm(
        channel="manual",
        handle="shipinhao",
        name="视频号",
        organisation_id=office.organisation_id,
        options={"platform": "视频号"},
        filing={"number": "备-9"},
    )
    with office.access.sessions.begin() as session:
        account = create_account(
            session, office.access.keyring, form, person_id=office.admin_id, now=office.clock.now()
        )
    (publication_id,) = office.scheduled(edit=replace(EDIT, account_ids=(account.id,)))
    office.run(worker)
    publication = office.publication(publication_id)
    assert publication.state == PublicationState.NEEDS_HUMAN
    task = publication.progress["task"]
    assert isinstance(task, dict)
    assert "32 名工人" in task["text"]
    assert "<" not in task["text"]
