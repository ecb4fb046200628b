"""Every address of the console: who may open it, and what it refuses to everybody."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule

from core.database.models.organisation import Role
from tests.webui.conftest import CAST, OUTSIDER, Member, sign_in
from webui.access import permission_of
from webui.permissions import ROLE_PERMISSIONS, Permission, permissions_of

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Nothing in this product finds, shows or filters by who wrote a post.
AUTHOR_WORDS = re.compile(
    r"author|nickname|user_?id|\buid\b|poster|screen_?name|博主|作者|昵称|发帖人"
)
# Where a page shows the author (only a keyed hash is kept), and how many different ones a rule asks for.
ABOUT_MANY = {"option.author_selector", "option.authors"}
ANSWERED = {200, 204, 301, 302, 303, 304, 308, 404}
LOGINS = (*(login for login, _, _ in CAST), OUTSIDER)
PATH_VALUES = {
    "int": "1",
    "path": "nothing",
    "string": "nothing",
    "default": "nothing",
    "date": "2026-11-21",
}


def rules(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))


def address(rule: Rule) -> str:
    """Fill the placeholders of a route with values that name nothing."""

    def fill(found: re.Match[str]) -> str:
        return PATH_VALUES.get((found[1] or "default").partition("(")[0], "nothing")

    return re.sub(r"<(?:([a-z_]+(?:\([^)]*\))?):)?[a-z_]+>", fill, rule.rule)


def readable(app: Flask) -> Iterator[Rule]:
    return (rule for rule in rules(app) if "GET" in (rule.methods or ()))


def changing(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in rules(app):
        for method in sorted(CHANGING & set(rule.methods or ())):
            yield rule, method


def test_every_route_names_a_permission_or_is_public(console_app: Flask) -> None:
    for rule in rules(console_app):
        permission_of(console_app, rule.endpoint)


def test_only_sign_in_health_files_and_our_own_feed_and_form_are_public(console_app: Flask) -> None:
    public = {
        rule.endpoint.partition(".")[0]
        for rule in rules(console_app)
        if permission_of(console_app, rule.endpoint) is None
    }
    assert public <= {"login", "health", "assets", "feed", "public_forms", "styleguide", "api"}


def test_each_role_reads_what_the_matrix_gives_it_and_nothing_else(
    console_app: Flask, people: dict[str, Member]
) -> None:
    wrong = []
    for login in LOGINS:
        client = console_app.test_client()
        sign_in(client, login)
        granted = permissions_of(people[login].roles)
        for rule in readable(console_app):
            needed = permission_of(console_app, rule.endpoint)
            status = client.get(address(rule)).status_code
            expected = {403} if needed is not None and needed not in granted else ANSWERED
            if status not in expected:
                wrong.append((login, rule.rule, status))
    assert wrong == []


@pytest.mark.parametrize("login", [None, "admin"])
def test_a_change_without_the_token_of_the_session_is_refused_to_everybody(
    console_app: Flask, people: dict[str, Member], login: str | None
) -> None:
    client = console_app.test_client()
    assert people
    if login is not None:
        sign_in(client, login)
    for rule, method in changing(console_app):
        for form in ({}, {"csrf_token": "forged"}):
            answer = client.open(address(rule), method=method, data=form)
            assert answer.status_code == 400, (rule, method)


def test_somebody_not_signed_in_is_led_to_the_login_page_and_back(
    console_app: Flask, people: dict[str, Member]
) -> None:
    client = console_app.test_client()
    assert people
    for rule in readable(console_app):
        if permission_of(console_app, rule.endpoint) is None:
            continue
        path = address(rule)
        answer = client.get(path)
        if path.startswith("/api/"):
            assert answer.status_code == 401
            continue
        assert answer.status_code == 302, rule
        assert answer.headers["Location"].startswith("/login?next=")


def test_a_fragment_sends_the_whole_page_to_the_login(
    console_app: Flask, people: dict[str, Member]
) -> None:
    assert people
    answer = console_app.test_client().get("/audit", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/login")


def test_every_answer_carries_the_security_headers(
    console_app: Flask, people: dict[str, Member]
) -> None:
    client = console_app.test_client()
    assert people
    for path in ["/nothing-here", *(address(rule) for rule in readable(console_app))]:
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Request-Id"]
        assert headers["Cache-Control"]


def test_nothing_can_be_asked_about_the_author_of_a_post(
    console_app: Flask, people: dict[str, Member]
) -> None:
    assert people
    for rule in rules(console_app):
        assert not AUTHOR_WORDS.search(rule.rule), rule
    for login in ("sunyue", "admin"):
        client = console_app.test_client()
        sign_in(client, login)
        for rule in readable(console_app):
            answer = client.get(address(rule))
            if not answer.content_type.startswith("text/html"):
                continue
            fields = re.findall(
                r'<(?:input|select|textarea)[^>]* name="([^"]+)"', answer.get_data(as_text=True)
            )
            asked = {name for name in fields if AUTHOR_WORDS.search(name)}
            assert asked <= ABOUT_MANY, rule


def test_no_role_may_do_what_belongs_to_the_three_separate_managers() -> None:
    assert ROLE_PERMISSIONS[Role.SECURITY] == {Permission.OWN, Permission.USER_MANAGE}
    for role, granted in ROLE_PERMISSIONS.items():
        assert (Permission.AUDIT_VIEW in granted) == (role is Role.AUDITOR)
        assert (Permission.USER_MANAGE in granted) == (role is Role.SECURITY)


def test_a_role_that_nobody_knows_grants_nothing() -> None:
    assert permissions_of(["root", "superuser"]) == frozenset()
