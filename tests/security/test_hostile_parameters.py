"""Parameters, ids and form fields that nobody types: an answer in words, never a failure of the program."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule

from tests.security.conftest import World
from tests.webui.conftest import csrf_token
from webui.access import permission_of
from webui.permissions import permissions_of

FAILED = 500
LOGINS = ("sunyue", "lixiang", "wangmin", "zhoulan", "chenjing", "admin", "auditor")
SEARCH = (
    "q", "platform", "polarity", "topic", "region", "level", "source", "story", "event", "range", "since",
    "until", "relevant", "sort", "cursor",
)  # fmt: skip
EVENTS = ("q", "status", "topic", "region", "heat", "negative", "owner", "period", "least", "sort")
# Every list and every page that reads its address, with what it reads.
LISTS = {
    "/documents": SEARCH,
    "/api/v1/documents": (*SEARCH, "limit"),
    "/events": (*EVENTS, "page"),
    "/api/v1/events": (*EVENTS, "cursor", "limit"),
    "/events/merge": ("event", "q", "kept"),
    "/events/silence": ("event", "until", "reason"),
    "/": ("span", "seen"),
    "/alerts": ("tab", "after", "v"),
    "/api/v1/alerts": ("tab", "cursor", "limit"),
    "/api/v1/trend": ("span",),
    "/api/v1/calendar": ("since", "until"),
    "/api/v1/roster": ("since", "until"),
    "/api/v1/drafts": ("cursor", "limit"),
    "/roster": ("span", "from"),
    "/calendar": ("month", "day", "channel"),
    "/drafts": ("state", "mine", "before"),
    "/drafts/new": ("alert", "copy", "from"),
    "/accounts/new": ("channel",),
    "/channels/edit": ("name",),
    "/sources": ("health", "q", "kind", "level", "sort", "from"),
    "/sources/1/coverage": ("by",),
    "/api/v1/coverage": ("since", "until"),
    "/users": ("q", "organisation"),
    "/audit": ("actor", "action", "object_type", "object_id", "since", "until", "before"),
    "/login": ("next",),
}
ODD = (
    "²", "-1", "9" * 5000, "9223372036854775808", "nan", "\u202e\u200b'\"<>", "0001-01-01", "9999-12-31",
    "9999-12-31T23:59:59-23:59", "0001-01", "9999-12",
)  # fmt: skip
# The fields that a parser reads.
PARSED = {
    "q": ("(" * 3000, "时间:0001-01-01", "转发>" + "9" * 5000, "a NEAR/99999999999999999999 b", '"' * 999, "x" * 100_000),
    "cursor": ("n" + "f" * 300, "n-1", "n1_0", "n 1", "²", "9" * 30, "9" * 5000),
    "after": ("9" * 30,),
    "actor": ("'; drop table person;--", "person:" + "9" * 5000),
}  # fmt: skip
LONG = "x" * 100_000
values = st.one_of(
    st.sampled_from([value for value in ODD if len(value) < FAILED]),
    st.text(max_size=40),
    st.dates().map(str),
    st.datetimes().map(str),
    st.integers().map(str),
)


def reader(world: World, path: str) -> FlaskClient:
    """Give the browser of somebody who may open the address."""
    endpoint, _ = world.app.url_map.bind("localhost").match(path)
    needed = permission_of(world.app, endpoint)
    return world.browser(holder(world, needed))


def holder(world: World, needed: str | None) -> str:
    may = (
        login
        for login in LOGINS
        if needed is None or needed in permissions_of(world.people[login].roles)
    )
    return next(may)


def test_a_page_answers_any_value_of_its_parameters(world: World) -> None:
    failed = []
    for path, names in LISTS.items():
        client = reader(world, path)
        for name in names:
            for value in PARSED.get(name, ODD):
                answer = client.get(path, query_string={name: value})
                if answer.status_code >= FAILED:
                    failed.append((path, name, value[:30]))
    assert failed == []


def test_a_list_answers_any_combination_of_parameters(world: World) -> None:
    queries = st.sampled_from(sorted(LISTS)).flatmap(
        lambda path: st.tuples(
            st.just(path), st.dictionaries(st.sampled_from(LISTS[path]), values, min_size=1)
        )
    )

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(queries, st.sampled_from([{}, {"HX-Request": "true"}]))
    def answers(asked: tuple[str, dict[str, str]], headers: dict[str, str]) -> None:
        path, query = asked
        answer = reader(world, path).get(path, query_string=query, headers=headers)
        assert answer.status_code < FAILED

    answers()


def routes_with_ids(world: World) -> Iterator[tuple[Rule, str]]:
    for rule in world.app.url_map.iter_rules():
        if "<int:" in rule.rule:
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                yield rule, method


def test_an_id_that_cannot_exist_leads_nowhere(world: World) -> None:
    tokens: dict[str, str] = {}
    failed = []
    numbers = ("9" * 30, "9223372036854775807")
    for (rule, method), number in itertools.product(list(routes_with_ids(world)), numbers):
        path = re.sub(r"<\w+>", "nothing", re.sub(r"<int:\w+>", number, rule.rule))
        login = holder(world, permission_of(world.app, rule.endpoint))
        client = world.browser(login)
        tokens.setdefault(login, csrf_token(client))
        form = {"csrf_token": tokens[login], "reason": "试", "person": number, "cycle": number}
        answer = client.open(path, method=method, data=form if method == "POST" else None)
        if answer.status_code >= FAILED:
            failed.append((method, rule.rule))
    assert failed == []


FORMS = (
    ("sunyue", "/rules/new/keyword", ("name", "expression", "severity", "purpose", "advice", "group_by")),
    ("sunyue", "/standing-topics/new", ("name", "expression", "excludes", "purpose", "sources", "owner_id")),
    ("sunyue", "/rules/new/threshold", ("name", "option.count", "option.minutes", "option.authors", "option.quiet")),
    ("lixiang", "/drafts/new", ("title", "body", "digest", "account_ids", "window_starts_at", "cover_id", "alert_id", "version")),
    ("lixiang", "/drafts/preview", ("title", "body", "account_ids", "window_ends_at")),
    ("admin", "/sources/new/feed", ("name", "url", "platform", "interval_s", "interval_floor_s", "level")),
    ("admin", "/users/new", ("login", "name", "organisation_id", "email", "roles", "channels")),
    ("admin", "/users/organisations", ("name", "level", "parent_id")),
    ("admin", "/roster/new", ("layer", "starts_at", "ends_at", "person_id")),
    ("admin", "/accounts/new", ("channel", "handle", "name", "organisation_id", "owner_id")),
    ("admin", "/channels/save/email", ("name", "option.host", "option.port", "option.sender", "is_new")),
    ("admin", "/accounts/freeze", ("account_ids", "reason")),
    ("wangmin", "/alerts/acknowledge", ("alert", "only", "tab")),
    ("wangmin", "/roster/handovers", ("to_person_id", "note")),
    ("wangmin", "/profile/tokens", ("name", "days")),
    ("wangmin", "/profile/password", ("current", "password", "again")),
)  # fmt: skip
FILLED = {
    "name": "试验", "title": "试验", "body": "正文", "expression": "欠薪", "severity": "2", "purpose": "劳动关系风险预警",
    "url": "https://news.example.com/", "platform": "网站", "level": "public", "interval_s": "600", "layer": "first",
    "starts_at": "2026-11-22T08:30", "ends_at": "2026-11-23T08:30", "login": "xinren", "roles": "duty",
    "channel": "feed", "handle": "xin", "certification": "机构认证", "filing.number": "备", "group_by": "event",
    "option.host": "smtp.example.com", "option.port": "587", "option.sender": "a@example.com",
    "option.security": "starttls", "is_new": "1", "reason": "试", "note": "试", "organisation_id": "1", "person_id": "1",
}  # fmt: skip


def test_a_form_answers_any_value_in_words(world: World) -> None:
    failed = []
    for login, path, names in FORMS:
        client = world.browser(login)
        token = csrf_token(client)
        for name, value in itertools.product(names, ("²", "nan", *ODD[2:3], *ODD[6:9], LONG)):
            answer = client.post(path, data={**FILLED, "csrf_token": token, name: value})
            if answer.status_code >= FAILED:
                failed.append((path, name, value[:30]))
    assert failed == []


def test_a_nul_is_refused_in_words(world: World) -> None:
    client = world.browser("lixiang")
    form = {"csrf_token": csrf_token(client), "title": "有\0字符", "body": "正文"}
    answer = client.post("/drafts/new", data=form)
    assert answer.status_code == 400
    assert "不能保存的控制字符" in answer.get_data(as_text=True)


def test_the_api_answers_any_body(world: World) -> None:
    client = world.browser("wangmin")
    path = f"/api/v1/alerts/{world.ids['alert_id']}/acknowledge"
    cycles = (b"1" + b"0" * 30, b"-1", b'"x"', b"null", b"[]", b"1.5", b"true", b'"\\ud800"')
    bodies = (b"[" * 100_000, b"\xff\xfe", *(b'{"cycle": %s}' % cycle for cycle in cycles))
    for body in bodies:
        answer = client.post(
            path,
            data=body,
            content_type="application/json",
            headers={"X-CSRF-Token": csrf_token(client)},
        )
        assert answer.status_code < FAILED
