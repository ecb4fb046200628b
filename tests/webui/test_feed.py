"""Our public feed: readable without signing in, cacheable, nothing kept of its readers."""

import json
import xml.etree.ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core.clock import FakeClock
from core.database.models.media import FeedItem
from tests.webui.conftest import Member
from tests.webui.newsroom import Newsroom

KEY = "k1"


@pytest.fixture
def newsroom(console_app: Flask, clock: FakeClock, people: dict[str, Member]) -> Newsroom:
    room = Newsroom.open(console_app, clock, people)
    (publication,) = room.planned(room.approved(channels=["feed"]))
    with room.sessions.begin() as session:
        session.add(
            FeedItem(
                account_id=room.accounts["feed"],
                publication_id=publication,
                key=KEY,
                title="站点<上新>",
                summary="防寒升级",
                content_html='<p style="color:red">正文</p><script>x()</script>',
                published_at=clock.now(),
                modified_at=clock.now(),
            )
        )
    return room


@pytest.fixture
def reader(newsroom: Newsroom) -> FlaskClient:
    return newsroom.app.test_client()


def reads(newsroom: Newsroom) -> int:
    with newsroom.sessions() as session:
        return session.scalars(select(FeedItem.reads)).one()


def test_json_feed_is_public(reader: FlaskClient) -> None:
    answer = reader.get("/feed/feed-1.json")
    assert answer.content_type == "application/feed+json; charset=utf-8"
    assert json.loads(answer.data)["items"][0]["title"] == "站点<上新>"
    assert "Set-Cookie" not in answer.headers


def test_rss_is_public(reader: FlaskClient) -> None:
    answer = reader.get("/feed/feed-1.xml")
    # Our own feed, just made: no foreign XML is parsed here.
    root = ET.fromstring(answer.data)  # noqa: S314
    assert root.findtext("channel/item/title") == "站点<上新>"


@pytest.mark.parametrize("path", ["/feed/feed-1.json", "/feed/feed-1.xml", f"/feed/feed-1/{KEY}"])
def test_unchanged_document_answers_304(reader: FlaskClient, path: str) -> None:
    first = reader.get(path)
    by_tag = reader.get(path, headers={"If-None-Match": first.headers["ETag"]})
    by_time = reader.get(path, headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert (by_tag.status_code, by_tag.data) == (304, b"")
    assert by_time.status_code == 304
    assert reader.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_article_is_readable_and_runs_nothing(reader: FlaskClient) -> None:
    answer = reader.get(f"/feed/feed-1/{KEY}")
    page = answer.get_data(as_text=True)
    assert "站点&lt;上新&gt;" in page
    assert "<p>正文</p>" in page
    assert "<script" not in page
    assert "Set-Cookie" not in answer.headers


def test_opening_an_article_is_counted(newsroom: Newsroom, reader: FlaskClient) -> None:
    reader.get(f"/feed/feed-1/{KEY}")
    reader.get(f"/feed/feed-1/{KEY}")
    reader.head(f"/feed/feed-1/{KEY}")
    assert reads(newsroom) == 2


def test_withdrawn_article_is_gone(newsroom: Newsroom, reader: FlaskClient) -> None:
    with newsroom.sessions.begin() as session:
        item = session.scalars(select(FeedItem)).one()
        item.withdrawn_at = newsroom.clock.now()
    answer = reader.get(f"/feed/feed-1/{KEY}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 410
    assert "本文已撤回" in page
    assert "正文" not in page


@pytest.mark.parametrize("path", ["/feed/no.json", "/feed/no.xml", "/feed/feed-1/no"])
def test_what_is_not_there_is_not_found(reader: FlaskClient, path: str) -> None:
    assert reader.get(path).status_code == 404
