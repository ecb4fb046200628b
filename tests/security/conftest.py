"""A console full of things to attack: texts, an alert, drafts, publications, accounts, a channel."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from core.clock import FakeClock
from core.database.models.media import PublicationState
from tests.webui.conftest import (
    Member,
    client,
    console_app,
    console_for_tests,
    console_of,
    people,
    people_template,
    quick_passwords,
    shared_apps,
    shipped_regions,
    sign_in,
)
from tests.webui.content import Content, Post
from tests.webui.newsroom import Newsroom

__all__ = [
    "client",
    "console_app",
    "console_for_tests",
    "people",
    "people_template",
    "quick_passwords",
    "shared_apps",
    "shipped_regions",
]


@dataclass
class World:
    """Ids of everything made, and a browser for each person."""

    app: Flask
    clock: FakeClock
    content: Content
    newsroom: Newsroom
    people: dict[str, Member]
    ids: dict[str, int] = field(default_factory=dict)
    browsers: dict[str, FlaskClient] = field(default_factory=dict)

    def browser(self, login: str) -> FlaskClient:
        if login not in self.browsers:
            client = self.app.test_client()
            sign_in(client, login)
            self.browsers[login] = client
        return self.browsers[login]

    def address(self, rule: Rule) -> str:
        """Fill the placeholders of a route with ids of things that exist."""
        path = rule.rule
        for name, value in self.values().items():
            for kind in ("", "int:", "path:"):
                path = path.replace(f"<{kind}{name}>", value)
        return path

    def values(self) -> dict[str, str]:
        named = {name: str(value) for name, value in self.ids.items()}
        return {
            **named,
            "handle": "feed-1",
            "key": "nothing",
            "name": "app.css",
            "kind": "keyword",
        }


@pytest.fixture
def world(console_app: Flask, clock: FakeClock, people: dict[str, Member]) -> World:
    content = Content(console_of(console_app))
    newsroom = Newsroom.open(console_app, clock, people)
    world = World(console_app, clock, content, newsroom, people)
    content.install_duty("wangmin")
    world.ids["rule_id"] = content.rule()
    world.ids["document_id"] = content.post(Post())
    content.evaluate()
    world.ids["alert_id"] = content.alert().id
    world.ids["evidence_id"] = content.take_evidence()
    written = newsroom.draft("草稿一篇")
    waiting = newsroom.draft("待审一篇")
    world.ids["review_id"] = newsroom.submit(waiting)
    world.ids["waiting_id"] = waiting
    published = newsroom.approved("已发一篇")
    world.ids["publication_id"] = newsroom.planned(published, state=PublicationState.PUBLISHED)[0]
    world.ids |= {
        "draft_id": written,
        "account_id": newsroom.accounts["wechat"],
        "person_id": people["lixiang"].id,
        "source_id": 1,
        "organisation_id": 1,
        "shift_id": 1,
        "handover_id": 1,
        "session_id": 1,
        "token_id": 1,
    }
    return world
