"""The send role: outcomes are never guessed, nothing is lost, nobody is told twice without being told so."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parseaddr

import pytest
from sqlalchemy import func, select, text, update

from alerting.alert_detail import clear_delivery, revive_delivery, troubled_deliveries
from alerting.channels_config import (
    ChannelDraft,
    disable_channel,
    list_channels,
    save_channel,
    send_test,
)
from alerting.delivery import SendWorker
from alerting.inbox import delivery_counts
from alerting.mutes import SilenceDraft, create_silence
from core import claims
from core.crypto.keyring import Keyring
from core.database.models.alerting import Alert, AlertState, Delivery, DeliveryState, Severity
from core.database.models.duty import NotificationChannel
from core.database.models.operations import OperatorNotice
from core.errors import ConflictError, InvalidOptionsError
from tests.alerting.servers import Mailbox, Webhook, smtp_sink, transport, webhook
from tests.alerting.world import World

KEYRING = Keyring([bytes(range(32))])
MINUTE = dt.timedelta(minutes=1)


@dataclass
class Post:
    world: World
    mailbox: Mailbox
    hook: Webhook

    def worker(self, owner: str = "send-1", *, patience_s: float = 5.0) -> SendWorker:
        return SendWorker(
            self.world.sessions,
            self.world.clock,
            owner=owner,
            transport=transport(),
            keyring=KEYRING,
            public_url="http://console.example",
            patience_s=patience_s,
        )

    def run(self, worker: SendWorker) -> None:
        while worker.step():
            worker.settle()

    def expire_leases(self) -> None:
        with self.world.sessions.begin() as session:
            session.execute(update(Delivery).values(lease_until=text("now() - interval '1 s'")))


@pytest.fixture
def post(world: World) -> Iterator[Post]:
    with smtp_sink() as (mailbox, port), webhook() as (hook, url):
        email = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "a@union.example"}
        with world.sessions.begin() as session:
            for kind, options in (("email", email), ("wecom", {"webhook": url})):
                save_channel(
                    session,
                    ChannelDraft(kind, kind, options),
                    keyring=KEYRING,
                    person_id=world.people["admin"],
                    now=world.now,
                )
        yield Post(world, mailbox, hook)


@pytest.fixture
def mail_only(post: Post) -> Post:
    with post.world.sessions.begin() as session:
        disable_channel(session, "wecom", person_id=post.world.people["admin"], now=post.world.now)
    return post


def raise_alert(world: World, severity: Severity = Severity.RED) -> None:
    world.rule(severity=severity)
    world.post()
    world.engine().step()


def states(world: World, channel: str) -> list[str]:
    return [row.state for row in world.deliveries(channel)]


def test_a_red_alert_is_accepted_by_mail_server_and_robot(post: Post) -> None:
    raise_alert(post.world)
    post.run(post.worker())
    assert sorted(parseaddr(str(mail["To"]))[1] for mail in post.mailbox.mails) == [
        "leader@example.org",
        "officer@example.org",
    ]
    assert len(post.hook.received) == 2
    assert set(states(post.world, "email") + states(post.world, "wecom")) == {"sent"}
    with post.world.sessions() as session:
        assert delivery_counts(session).as_json() == {
            "sent": 6,
            "due": 0,
            "unknown": 0,
            "dead": 0,
        }


def test_the_link_in_a_message_is_the_public_address(mail_only: Post) -> None:
    raise_alert(mail_only.world)
    mail_only.run(mail_only.worker())
    content = mail_only.mailbox.mails[0].get_payload(decode=True)
    assert isinstance(content, bytes)
    alert_id = mail_only.world.alert().id
    assert f"http://console.example/alerts/{alert_id}" in content.decode()


def test_two_workers_at_once_send_each_message_once(mail_only: Post) -> None:
    for number in range(6):
        mail_only.world.rule(name=f"规则{number}")
    mail_only.world.post()
    mail_only.world.engine().step()
    first, second = mail_only.worker("send-1"), mail_only.worker("send-2")
    for _ in range(20):
        first.step()
        second.step()
    first.settle()
    second.settle()
    keys = [mail["Message-ID"] for mail in mail_only.mailbox.mails]
    assert len(keys) == len(set(keys)) == 12


def test_a_temporary_refusal_is_retried_with_backoff(mail_only: Post) -> None:
    raise_alert(mail_only.world, Severity.YELLOW)
    mail_only.world.clock.advance(6 * MINUTE)
    mail_only.world.engine().step()
    mail_only.mailbox.replies["RCPT"] = "451 later"
    worker = mail_only.worker()
    mail_only.run(worker)
    row = mail_only.world.deliveries("email")[0]
    assert (row.state, row.attempt) == ("pending", 1)
    assert row.due_at is not None
    wait = (row.due_at - mail_only.world.now).total_seconds()
    assert 12 <= wait <= 18
    mail_only.mailbox.replies.clear()
    mail_only.world.clock.advance(dt.timedelta(seconds=19))
    mail_only.run(worker)
    assert states(mail_only.world, "email") == ["sent"]
    assert mail_only.mailbox.mails[0]["Subject"].count("重发") == 0


def test_a_permanent_refusal_goes_to_the_next_channel_of_the_same_person(post: Post) -> None:
    raise_alert(post.world, Severity.YELLOW)  # yellow: no robot in the chain
    post.world.clock.advance(6 * MINUTE)
    post.world.engine().step()
    post.mailbox.replies["RCPT"] = "550 unknown"
    post.run(post.worker())
    assert states(post.world, "email") == ["dead"]
    assert len(post.hook.received) == 1
    with post.world.sessions() as session:
        notices = list(session.scalars(select(OperatorNotice.key)))
        assert "delivery-dead:email" in notices
        assert len(troubled_deliveries(session)) == 1


def test_a_permanent_refusal_without_another_channel_goes_to_the_next_person(
    mail_only: Post,
) -> None:
    raise_alert(mail_only.world, Severity.YELLOW)
    mail_only.world.clock.advance(6 * MINUTE)
    mail_only.world.engine().step()
    mail_only.mailbox.replies["RCPT"] = "550 unknown"
    mail_only.run(mail_only.worker())
    assert ("deputy", "first") in mail_only.world.told()


def test_a_dead_message_stays_listed_until_a_person_clears_or_revives_it(
    mail_only: Post,
) -> None:
    raise_alert(mail_only.world)
    mail_only.mailbox.replies["RCPT"] = "550 unknown"
    mail_only.run(mail_only.worker())
    world, admin = mail_only.world, mail_only.world.people["admin"]
    with world.sessions.begin() as session:
        first, second = (row.id for row in troubled_deliveries(session))
        clear_delivery(session, first, admin, world.now)
        revive_delivery(session, second, admin, world.now)
    with world.sessions() as session, pytest.raises(ConflictError):
        clear_delivery(session, first, admin, world.now)
    mail_only.mailbox.replies.clear()
    mail_only.run(mail_only.worker())
    with world.sessions() as session:
        assert delivery_counts(session).dead == 0
    assert len(mail_only.mailbox.mails) == 1


def test_an_unknown_outcome_waits_the_lease_out_and_is_resent_once_marked(
    mail_only: Post,
) -> None:
    raise_alert(mail_only.world)
    worker = mail_only.worker()
    mail_only.mailbox.drops_after_data = True
    mail_only.run(worker)
    assert set(states(mail_only.world, "email")) == {"unknown"}
    mail_only.run(worker)
    assert len(mail_only.mailbox.mails) == 2, "nothing is sent again before the lease is over"
    mail_only.world.clock.advance(MINUTE)
    mail_only.run(worker)
    subjects = [str(mail["Subject"]) for mail in mail_only.mailbox.mails]
    assert [subject.startswith("【重发】") for subject in subjects] == [False, False, True, True]
    for _ in range(3):
        mail_only.world.clock.advance(MINUTE)
        mail_only.run(worker)
    assert len(mail_only.mailbox.mails) == 4, "one resend, then a person has to look"
    with mail_only.world.sessions() as session:
        assert delivery_counts(session).unknown == 2


def test_a_worker_killed_while_sending_leads_to_one_resend(mail_only: Post) -> None:
    """Claim a message as a worker would, and never finish it."""
    raise_alert(mail_only.world)
    with mail_only.world.sessions.begin() as session:
        taken = claims.take(
            session,
            Delivery,
            owner="dead",
            now=mail_only.world.now,
            lease=dt.timedelta(seconds=45),
            limit=2,
        )
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_([claim.id for claim in taken]))
            .values(state=DeliveryState.SENDING, request_started_at=mail_only.world.now)
        )
    worker = mail_only.worker()
    mail_only.run(worker)
    assert mail_only.mailbox.mails == [], "a live lease is respected"
    mail_only.expire_leases()
    mail_only.run(worker)
    assert [str(mail["Subject"])[:4] for mail in mail_only.mailbox.mails] == ["【重发】"] * 2
    with mail_only.world.sessions.begin() as session, pytest.raises(ConflictError):
        claims.finish(session, Delivery, taken[0], state=DeliveryState.SENT)


def test_a_silence_that_came_after_the_message_was_written_holds_it_back(
    mail_only: Post,
) -> None:
    world = mail_only.world
    raise_alert(world, Severity.RED)
    with world.sessions.begin() as session:
        draft = SilenceDraft(
            {"alert_id": [world.alert().id]},
            world.now,
            world.now + 10 * MINUTE,
            "演练",
            world.people["leader"],
        )
        create_silence(
            session,
            draft,
            owner_id=world.people["officer"],
            now=world.now,
            deadlines=world.tables.deadlines,
        )
    worker = mail_only.worker()
    mail_only.run(worker)
    assert mail_only.mailbox.mails == []
    world.clock.advance(10 * MINUTE)
    mail_only.run(worker)
    assert len(mail_only.mailbox.mails) == 2


def test_a_message_of_a_resolved_alert_is_cancelled(mail_only: Post) -> None:
    raise_alert(mail_only.world)
    with mail_only.world.sessions.begin() as session:
        session.execute(update(Alert).values(state=AlertState.RESOLVED))
    mail_only.run(mail_only.worker())
    assert mail_only.mailbox.mails == []
    assert set(states(mail_only.world, "email")) == {"cancelled"}


def test_a_message_that_could_not_go_for_24_hours_is_dead(mail_only: Post) -> None:
    raise_alert(mail_only.world)
    mail_only.world.clock.advance(dt.timedelta(hours=24))
    mail_only.run(mail_only.worker())
    assert mail_only.mailbox.mails == []
    assert set(states(mail_only.world, "email")) == {"dead"}


def test_a_slow_robot_does_not_delay_mail(post: Post) -> None:
    raise_alert(post.world)
    post.hook.hold.clear()
    worker = post.worker(patience_s=0.2)
    for _ in range(10):
        worker.step()
    assert len(post.mailbox.mails) == 2
    assert set(states(post.world, "wecom")) == {"sending", "pending"}
    post.hook.hold.set()
    worker.settle()


def test_the_robot_gets_no_more_than_15_messages_a_minute(post: Post) -> None:
    for number in range(10):
        post.world.rule(name=f"规则{number}")
    post.world.post()
    post.world.engine().step()
    worker = post.worker()
    post.run(worker)
    assert len(post.hook.received) == 15
    post.world.clock.advance(MINUTE)
    post.run(worker)
    assert len(post.hook.received) == 20


def test_a_robot_that_asks_for_a_pause_gets_one(post: Post) -> None:
    raise_alert(post.world)
    post.hook.answers = [(200, {"errcode": 45009}), (200, {"errcode": 0})]
    worker = post.worker()
    post.run(worker)
    assert len(post.hook.received) == 1
    with post.world.sessions() as session:
        paused = session.get_one(NotificationChannel, "wecom").paused_until
    assert paused == post.world.now + MINUTE
    post.world.clock.advance(2 * MINUTE)
    post.run(worker)
    assert len(post.hook.received) == 3


def test_secrets_are_sealed_and_a_blank_one_keeps_the_old(post: Post) -> None:
    world = post.world
    with world.sessions() as session:
        row = session.get_one(NotificationChannel, "wecom")
        assert "webhook" not in row.options
        assert row.sealed_options is not None
        assert b"693a91f6" not in row.sealed_options
        shown = {item.name: item for item in list_channels(session)}["wecom"]
        assert shown.has_secret
        assert "693a91f6" not in str(shown)
    with world.sessions.begin() as session:
        save_channel(
            session,
            ChannelDraft("wecom", "wecom", {"webhook": ""}),
            keyring=KEYRING,
            person_id=world.people["admin"],
            now=world.now,
        )
    raise_alert(world)
    post.run(post.worker())
    assert len(post.hook.received) == 2


@pytest.mark.parametrize(
    ("name", "kind", "options", "field"),
    [
        ("console", "email", {}, "name"),
        ("", "email", {}, "name"),
        ("邮件", "email", {"host": "", "sender": "a@b.cn"}, "host"),
        ("邮件", "email", {"host": "h", "sender": "not an address"}, "sender"),
        ("邮件", "email", {"host": "h", "sender": "a@b.cn", "port": 0}, "port"),
        ("机器人", "wecom", {}, "webhook"),
    ],
)
def test_a_faulty_channel_is_refused_field_by_field(
    world: World, name: str, kind: str, options: dict[str, object], field: str
) -> None:
    with world.sessions() as session, pytest.raises(InvalidOptionsError) as refused:
        save_channel(
            session,
            ChannelDraft(name, kind, options),
            keyring=KEYRING,
            person_id=world.people["admin"],
            now=world.now,
        )
    assert field in refused.value.faults


@pytest.mark.parametrize(("reply", "expected"), [("", "测试消息已被"), ("550 no", "测试失败：")])
def test_the_test_button_says_what_came_of_it(post: Post, reply: str, expected: str) -> None:
    if reply:
        post.mailbox.replies["RCPT"] = reply
    with post.world.sessions.begin() as session:
        result = send_test(
            session,
            "email",
            post.world.people["admin"],
            now=post.world.now,
            transport=transport(),
            keyring=KEYRING,
        )
    assert result.startswith(expected)
    with post.world.sessions() as session:
        assert session.get_one(NotificationChannel, "email").test_result == result
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0
