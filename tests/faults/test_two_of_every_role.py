"""Two of every role on one database, and one that sleeps through its lease."""

import signal

import pytest
from sqlalchemy import select

from core.database.models.alerting import Alert, Delivery, DeliveryState, Rule
from tests.faults.invariants import assert_invariants
from tests.faults.test_kill_points import is_published
from tests.faults.world import FIRST, OFFICERS, World, rule_name
from tests.installation import wait_until

pytestmark = pytest.mark.faults

ROLES = ("crawl", "understand", "index", "engine", "send", "publish")


def test_two_of_every_role_raise_one_alert_one_message_and_one_publication(world: World) -> None:
    world.keep_running(*ROLES)
    twins = [world.installation.start(role) for role in ROLES]
    try:
        world.wait_for(*twins)
        word = world.new_word()
        world.publish_posts(word, 1)
        world.answer(word)
        wait_until(lambda: world.is_settled(word), what="one document in one alert")
        wait_until(lambda: world.is_everybody_told(word), what="all officers told")
        wait_until(lambda: is_published(world), what="the answer on all accounts")
        assert len(world.mails_about(word)) == len(OFFICERS)
        assert_invariants(world)
    finally:
        for twin in twins:
            world.installation.kill(twin)
            world.end_leases(twin)


def test_a_sender_that_wakes_up_after_its_lease_changes_nothing(world: World) -> None:
    world.keep_running("crawl", "understand", "index", "engine")
    word = world.new_word()
    world.mailbox.held_back = 1
    sleeper = world.start("send")
    world.publish_posts(word, 1)
    wait_until(lambda: world.mails_about(word), what="the first mail on its way")
    sleeper.send_signal(signal.SIGSTOP)
    # The lease of 45 seconds would run out while the process sleeps; that time is not waited for.
    world.end_leases(sleeper)
    second = world.installation.start("send")
    wait_until(lambda: world.is_everybody_told(word), what="all officers told by the second")
    before = deliveries(world, word)
    world.mailbox.released.set()
    sleeper.send_signal(signal.SIGCONT)
    world.stop("send")
    assert deliveries(world, word) == before
    assert {state for _, state, *_ in before} == {DeliveryState.SENT.value}
    subjects = [str(mail["Subject"]) for mail in world.mails_about(word)]
    assert len(subjects) == len(OFFICERS) + 1
    assert sum("重发" in subject for subject in subjects) == 1
    assert_invariants(world)
    world.installation.kill(second)


def deliveries(world: World, word: str) -> list[tuple[object, ...]]:
    with world.services.sessions() as session:
        rows = session.execute(
            select(Delivery.id, Delivery.state, Delivery.sent_at, Delivery.claim_epoch)
            .join(Alert, Alert.id == Delivery.alert_id)
            .join(Rule, Rule.id == Alert.rule_id)
            .where(
                Rule.name == rule_name(word),
                Delivery.channel == "email",
                Delivery.reason == FIRST,
            )
            .order_by(Delivery.id)
        )
        return [tuple(row) for row in rows]
