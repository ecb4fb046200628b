"""What the console shows while the search engine is away: what is known, and that nothing is lost."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.search.elasticsearch_engine import ElasticsearchSearch
from tests.webui.conftest import Member, sign_in
from tests.webui.content import Content, Post
from webui.console import EXTENSION, Console

AWAY = "检索引擎 Elasticsearch 没有应答；数据没有丢失，恢复后会自动补上。"


@pytest.fixture
def app_without_search(console_app: Flask, console_for_tests: Console) -> Flask:
    away = ElasticsearchSearch("http://127.0.0.1:9", timeout_s=1)
    console_app.extensions[EXTENSION] = replace(console_for_tests, reader=away)
    return console_app


def signed_in(app: Flask, people: dict[str, Member], login: str) -> FlaskClient:
    assert people
    client = app.test_client()
    sign_in(client, login)
    return client


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "fragment"])
def test_the_search_page_says_what_happened_and_that_nothing_is_lost(
    app_without_search: Flask, people: dict[str, Member], headers: dict[str, str]
) -> None:
    analyst = signed_in(app_without_search, people, "sunyue")
    answer = analyst.get("/documents?q=欠薪", headers=headers)
    assert answer.status_code == 503
    assert AWAY in answer.get_data(as_text=True)


def test_programs_are_told_the_same(app_without_search: Flask, people: dict[str, Member]) -> None:
    answer = signed_in(app_without_search, people, "sunyue").get("/api/v1/documents?q=欠薪")
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["detail"] == AWAY


def test_whoever_is_on_duty_still_sees_the_alerts(
    app_without_search: Flask, people: dict[str, Member], console_for_tests: Console
) -> None:
    content = Content(console_for_tests)
    content.install_duty("wangmin")
    content.rule()
    content.post(Post())
    content.evaluate()
    officer = signed_in(app_without_search, people, "wangmin")
    for path, headers in (("/", {}), ("/?part=now", {"HX-Request": "true"})):
        shown = officer.get(path, headers=headers).get_data(as_text=True)
        for words in (AWAY, "预警照常判定", "剩 5 分钟", "待处置预警"):
            assert words in shown, words
        assert "24 小时声量" not in shown
    assert officer.get("/alerts").status_code == 200


def test_the_system_page_names_the_engine_as_down(
    app_without_search: Flask, people: dict[str, Member]
) -> None:
    shown = signed_in(app_without_search, people, "admin").get("/system").get_data(as_text=True)
    assert AWAY in shown
