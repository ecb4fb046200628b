import datetime as dt

import pytest
from flask.testing import FlaskClient

from core.clock import FakeClock
from core.outbound.address_policy import AddressPolicy
from core.outbound.client import HTTPClient
from crawlers.proposal.proposal import propose
from tests.webui.browsing import served
from zhisheng.demo.history import HistoryWriter, load_material
from zhisheng.demo.posts import Site, World, load_posts
from zhisheng.demo.sites import create_sites
from zhisheng.demo.sources import PLANS


@pytest.fixture
def client(clock: FakeClock) -> FlaskClient:
    return create_sites(World(load_posts(), clock.now()), clock).test_client()


def test_posts_appear_as_time_goes_on(client: FlaskClient, clock: FakeClock) -> None:
    before = client.get("/forum/").get_data(as_text=True).count('class="thread"')
    clock.advance(dt.timedelta(seconds=60))
    after = client.get("/forum/").get_data(as_text=True)
    assert before > 0
    assert after.count('class="thread"') > before
    assert "讨说法" in after
    assert "演练" in after


def test_an_unchanged_page_answers_304(client: FlaskClient, clock: FakeClock) -> None:
    first = client.get("/news/")
    assert client.get("/news/", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    clock.advance(dt.timedelta(minutes=10))
    assert client.get("/news/", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize("path", ["/feed/rss.xml", "/hotlist/api.json", "/robots.txt", "/forum/"])
def test_every_site_answers(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_a_post_that_has_not_appeared_yet_is_not_found(
    client: FlaskClient, clock: FakeClock
) -> None:
    world = World(load_posts(), clock.now())
    later = next(post for post in load_posts() if post.site is Site.FORUM and post.offset_s > 100)
    assert client.get(f"/forum/{later.id}.html").status_code == 404
    clock.advance(dt.timedelta(seconds=later.offset_s))
    page = client.get(f"/forum/{later.id}.html")
    assert page.status_code == 200
    assert later.title in page.get_data(as_text=True)
    assert world.published_at(later) == clock.now()


def test_the_same_seed_makes_the_same_past(clock: FakeClock) -> None:
    first, second = (list(HistoryWriter(load_material()).posts(clock.now())) for _ in range(2))
    assert first == second
    assert len(first) > 2000
    assert len({(post.title, post.text) for post in first}) == len(first)
    assert all(post.published_at < clock.now() for post in first)
    assert first[0].published_at < clock.now() - dt.timedelta(days=29)
    assert not any("{" in post.title + post.text for post in first)


def test_each_site_is_proposed_as_the_source_that_the_demo_installs(clock: FakeClock) -> None:
    clock.advance(dt.timedelta(minutes=5))
    sites = create_sites(World(load_posts(), clock.now() - dt.timedelta(minutes=5)), clock)
    policy = AddressPolicy.allowing(["127.0.0.0/8"])
    http = HTTPClient(policy, user_agent="Zhisheng-tests")
    with served(sites) as base:
        for kind, _, _, path, options in PLANS.values():
            found = propose(
                base + path, http=http, policy=policy, user_agent="Zhisheng-tests", now=clock.now()
            )
            best = found.candidates[0]
            assert best.draft.kind == kind
            assert len(best.sample.items) == 5
            same = {"post_selector", "text_selector", "author_selector", "time_selector", "items"}
            assert {name: best.draft.options[name] for name in same & set(options)} == {
                name: value for name, value in options.items() if name in same
            }
