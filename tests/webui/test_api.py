"""/api/v1: the same reads as JSON."""

import datetime as dt
import hashlib

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core.database.models.alerting import AlertState
from core.database.models.operations import AuditEntry
from core.database.models.organisation import APIToken
from core.database.sessions import Sessions
from tests.webui.conftest import Member, post, sign_in
from tests.webui.content import Content, Post
from webui.api.endpoints import ENDPOINTS
from webui.console import Console

API = "/api/v1"
READS = tuple(
    endpoint.path for endpoint in ENDPOINTS if endpoint.method == "get" and "{" not in endpoint.path
)


@pytest.fixture
def content(console_for_tests: Console, people: dict[str, Member]) -> Content:
    assert people
    made = Content(console_for_tests)
    made.install_duty("wangmin")
    made.rule()
    made.post(Post())
    made.evaluate()
    return made


def token_of(content: Content, people: dict[str, Member], login: str) -> dict[str, str]:
    with content.console.sessions.begin() as session:
        digest = hashlib.sha256(b"a-token").digest()
        session.add(APIToken(person_id=people[login].id, name="测试", token_hash=digest))
    return {"Authorization": "Bearer a-token"}


def test_document_has_text_ids_and_utc_times(client: FlaskClient, content: Content) -> None:
    sign_in(client, "sunyue")
    found = client.get(f"{API}/documents?q=讨说法").get_json()
    assert found["total"] == 1
    assert found["cursor"] is None
    line = found["items"][0]
    assert isinstance(line["id"], str)
    assert line["published_at"] == "2026-11-21T00:30:00.000Z"
    assert line["views"] is None
    assert "text" not in line
    whole = client.get(f"{API}/documents/{line['id']}").get_json()
    assert whole["text"].startswith("项目部")
    assert not {name for name in whole if "author" in name}
    assert content


def test_reading_a_text_is_logged(
    client: FlaskClient, content: Content, sessions: Sessions
) -> None:
    sign_in(client, "sunyue")
    client.get(f"{API}/alerts/{content.alert().id}")
    with sessions() as session:
        read = select(AuditEntry).where(AuditEntry.action == "document.read")
        assert session.scalars(read).one().object_type == "alert"


def test_every_read_answers(client: FlaskClient, content: Content) -> None:
    sign_in(client, "zhoulan")
    refused = {"/sources", "/coverage", "/rules"}
    for path in READS:
        answer = client.get(API + path)
        assert answer.status_code == (403 if path in refused else 200), path
    client.delete_cookie("zhisheng")
    sign_in(client, "sunyue")
    for path in sorted(refused):
        assert client.get(API + path).status_code == 200, path
    assert content


@pytest.mark.parametrize(
    "query", ["documents?q=(", "documents?limit=0", "documents?cursor=x", "trend?span=1y",
              "alerts?tab=x", "roster?since=noon"],
)  # fmt: skip
def test_wrong_parameter_is_a_problem_in_plain_words(
    client: FlaskClient, content: Content, query: str
) -> None:
    assert content
    sign_in(client, "admin" if query.startswith("roster") else "sunyue")
    answer = client.get(f"{API}/{query}")
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.get_json()["status"] == 422
    assert answer.get_json()["detail"]


def test_search_gives_finds_and_counts_on_demand(client: FlaskClient, content: Content) -> None:
    content.post(Post(platform="微博", source="微博话题", topics=()))
    sign_in(client, "sunyue")
    found = client.get(f"{API}/documents?q=讨说法&platform=论坛").get_json()
    assert (found["total"], found["facets"], found["histogram"]) == (1, None, None)
    line = found["items"][0]
    assert [line["title"][span["start"] : span["end"]] for span in line["spans"]] == ["讨说法"]
    assert line["spans"][0]["field"] == "title"
    query = "documents?q=讨说法&platform=论坛&with=facets&with=histogram&fold=yes"
    asked = client.get(f"{API}/{query}").get_json()
    assert {term["value"] for term in asked["facets"]["platform"]} == {"论坛", "微博"}
    assert sum(bucket["total"] for bucket in asked["histogram"]) == 1
    assert asked["items"][0]["story_hits"] == 1
    unknown = client.get(f"{API}/documents?topic=none").get_json()
    assert [one["platform"] for one in unknown["items"]] == ["微博"]


def test_paging_goes_through_all_documents_once(client: FlaskClient, content: Content) -> None:
    content.posts([Post(title=f"欠薪{number}", hours_ago=number) for number in range(2, 7)])
    sign_in(client, "sunyue")
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.get(f"{API}/documents?q=欠薪&limit=2&cursor={cursor}").get_json()
        ids += [line["id"] for line in page["items"]]
        cursor = page["cursor"]
    assert len(ids) == len(set(ids)) == 6


def test_token_acknowledges_without_a_form(
    client: FlaskClient, content: Content, people: dict[str, Member]
) -> None:
    headers = token_of(content, people, "wangmin")
    path = f"{API}/alerts/{content.alert().id}/acknowledge"
    first = client.post(path, headers=headers, json={"cycle": 1})
    again = client.post(path, headers=headers, json={"cycle": 1})
    assert first.get_json()["is_first"] is True
    assert again.get_json()["by_person_id"] == str(people["wangmin"].id)
    assert content.alert().state == AlertState.ACKNOWLEDGED
    stale = client.post(path, headers=headers, json={"cycle": 7})
    assert stale.status_code == 409
    assert "已有变化" in stale.get_json()["detail"]


def test_expired_token_is_nobody(
    client: FlaskClient, content: Content, people: dict[str, Member]
) -> None:
    headers = token_of(content, people, "wangmin")
    with content.console.sessions.begin() as session:
        token = session.scalars(select(APIToken)).one()
        token.expires_at = content.now - dt.timedelta(seconds=1)
    assert client.get(f"{API}/alerts", headers=headers).status_code == 401


def test_cookie_alone_does_not_acknowledge(client: FlaskClient, content: Content) -> None:
    sign_in(client, "wangmin")
    path = f"{API}/alerts/{content.alert().id}/acknowledge"
    assert client.post(path).status_code == 400
    assert content.alert().state == AlertState.OPEN
    assert post(client, path).status_code == 200


@pytest.mark.parametrize("path", READS)
def test_outsider_and_stranger_read_nothing(
    client: FlaskClient, content: Content, path: str
) -> None:
    assert content
    assert client.get(API + path).status_code == 401
    sign_in(client, "outsider")
    answer = client.get(API + path)
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_missing_things_are_404(client: FlaskClient, content: Content) -> None:
    assert content
    sign_in(client, "wangmin")
    for path in ("documents/999", "alerts/999"):
        assert client.get(f"{API}/{path}").status_code == 404


def test_openapi_lists_exactly_the_routes(
    client: FlaskClient, console_app: Flask, content: Content
) -> None:
    assert content
    sign_in(client, "sunyue")
    listed = client.get(f"{API}/openapi.json").get_json()
    described = {(path, method) for path, methods in listed["paths"].items() for method in methods}
    served = {
        (_generic(rule.rule), method.lower())
        for rule in console_app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and rule.endpoint != "api.openapi"
        for method in rule.methods or ()
        if method in {"GET", "POST", "PATCH", "DELETE"}
    }
    assert described == served


def test_answers_have_the_shape_that_is_described(client: FlaskClient, content: Content) -> None:
    sign_in(client, "sunyue")
    schemas = client.get(f"{API}/openapi.json").get_json()["components"]["schemas"]
    alert = client.get(f"{API}/alerts/{content.alert().id}").get_json()
    assert sorted(alert) == sorted(schemas["AlertDetail"]["required"])
    assert sorted(alert["row"]) == sorted(schemas["AlertRow"]["required"])
    assert alert["row"]["severity"] == "red"


def _generic(rule: str) -> str:
    path = rule.removeprefix(API)
    for name in ("document_id", "alert_id", "event_id", "topic_id"):
        path = path.replace(f"<int:{name}>", "{id}")
    return path
