"""kill -9 in the middle of things: nothing is lost, nothing reaches anybody twice unsaid."""

import pytest
from sqlalchemy import select

from core.database.models.media import Publication, PublicationState
from tests.faults.invariants import assert_invariants
from tests.faults.world import OFFICERS, World
from tests.installation import wait_until

pytestmark = pytest.mark.faults

ACCOUNTS = 4


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_post_travels_the_whole_way_through_kills_at_every_door(world: World, nth: int) -> None:
    world.keep_running("understand", "index", "engine")
    word = world.new_word()
    world.publish_posts(word, 3)
    world.answer(word)
    world.start("crawl", ZHISHENG_FAULT=f"ingest.after_fetch:{nth}")
    world.start("publish", ZHISHENG_FAULT=f"post.after_submit:{nth}")
    world.start("send", ZHISHENG_FAULT=f"send.after_request_sent:{nth}")

    world.await_kill("crawl")
    world.start("crawl", ZHISHENG_FAULT=f"ingest.after_commit:{nth}")
    world.await_kill("publish")
    world.start("publish", ZHISHENG_FAULT=f"post.after_submit:{nth}")
    world.await_kill("crawl")
    world.start("crawl", ZHISHENG_FAULT=f"ingest.after_commit:{nth}")
    world.await_kill("send")
    world.start("send", ZHISHENG_FAULT=f"send.after_request_sent:{nth}")

    wait_until(lambda: world.is_settled(word), what="three documents in one alert")
    wait_until(lambda: world.is_everybody_told(word), what="all officers told")
    wait_until(lambda: is_published(world), what="the answer on all accounts")
    assert len(OFFICERS) <= len(world.mails_about(word)) <= len(OFFICERS) + 1
    assert_invariants(world)


def is_published(world: World) -> bool:
    """Look once, and let the time pass that a publisher waits before it asks a platform again."""
    world.let_publishing_age()
    with world.services.sessions() as session:
        states = session.scalars(select(Publication.state)).all()
    return set(states) == {PublicationState.PUBLISHED.value}
