"""Reading that would change, publishing past the second person, secrets that show, servers inside the house."""

from __future__ import annotations

import hashlib
import io
import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text

from alerting.channels.base import Transport
from core import audit
from core.database.models.media import Review
from core.database.sessions import Sessions
from core.errors import BlockedError
from core.outbound.address_policy import AddressPolicy
from core.outbound.client import HTTPClient
from tests.security.conftest import World
from tests.webui.conftest import csrf_token, post
from webui.access import permission_of
from webui.permissions import permissions_of

# Reading leaves these traces, and no others: when a session was last seen, who read which text, readers of the feed.
TRACES = {"console_session", "audit_entry", "feed_item", "audit_log", "standing_topic_reader"}
# ruff: noqa: S104 (0.0.0.0 is an address to refuse, not one to bind)
INSIDE = (
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0",
    "localhost", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "[fd00::1]", "[fe80::1%25lo]",
    "①②⑦.⓪.⓪.①", "127。0。0。1", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "localhost.",
)  # fmt: skip
SECRETS = {
    "password": "邮箱密码-canary-甲",
    "webhook": "https://qyapi.example.com/send?key=canary-yi-0001",
}


def tables(sessions: Sessions) -> dict[str, str]:
    """Map each table to a digest of its rows."""
    with sessions() as session:
        names = session.scalars(
            text("select tablename from pg_tables where schemaname = 'public'")
        ).all()
        rows = {
            name: session.scalars(text(f'select t::text from "{name}" t order by 1')).all()  # noqa: S608
            for name in names
        }
    return {
        name: hashlib.sha256("\n".join(found).encode()).hexdigest() for name, found in rows.items()
    }


def test_no_address_changes_anything_by_being_read(world: World) -> None:
    for login in ("sunyue", "lixiang", "wangmin", "zhoulan", "admin", "auditor"):
        world.browser(login)
    before = tables(world.newsroom.sessions)
    for rule in world.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        needed = permission_of(world.app, rule.endpoint)
        for login, browser in world.browsers.items():
            if needed is None or needed in permissions_of(world.people[login].roles):
                assert browser.get(world.address(rule)).status_code < 500, rule
                assert browser.head(world.address(rule)).status_code < 500, rule
                break
    after = tables(world.newsroom.sessions)
    assert {name for name in after if after[name] != before[name]} <= TRACES


def test_two_approvals_at_the_same_moment_count_once(world: World) -> None:
    review_id, draft_id = world.ids["review_id"], world.ids["waiting_id"]
    form = {"seen_hash": world.newsroom.content_hash(draft_id)}
    browsers = [
        world.newsroom.browser(login) for login in ("chenjing", "zhaoning", "zhoulan", "chenjing")
    ]
    tokens = [csrf_token(browser) for browser in browsers]

    def approve(number: int) -> int:
        sent = {**form, "csrf_token": tokens[number]}
        return browsers[number].post(f"/reviews/{review_id}/approve", data=sent).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(approve, range(4)))
    assert answers.count(303) == 1
    assert all(status < 500 for status in answers)
    with world.newsroom.sessions() as session:
        decided = session.scalar(
            select(func.count()).where(Review.draft_id == draft_id, Review.decision == "approved")
        )
        assert audit.verify(session) is None
    assert decided == 1


def test_nobody_but_a_reviewer_approves_and_nobody_plans_what_is_not_approved(world: World) -> None:
    draft_id = world.ids["waiting_id"]
    form = {"seen_hash": world.newsroom.content_hash(draft_id)}
    for login in ("lixiang", "wangmin", "admin", "sunyue", "auditor"):
        browser = world.browser(login)
        assert post(browser, f"/reviews/{world.ids['review_id']}/approve", form).status_code == 403
        planned = post(browser, f"/drafts/{draft_id}/schedule", {"when": "now", "account_ids": "1"})
        assert planned.status_code in {403, 409, 422}


@pytest.fixture
def production() -> Transport:
    policy = AddressPolicy.allowing()
    return Transport(HTTPClient(policy, user_agent="Zhisheng-tests"), policy)


@pytest.mark.parametrize("host", INSIDE)
def test_no_setting_leads_inside_the_house(production: Transport, host: str) -> None:
    with pytest.raises(BlockedError) as refused:
        production.http.request("GET", f"http://{host}/", timeout_s=3)
    assert not str(refused.value).isascii()
    bare = host.strip("[]").replace("%25", "%")
    with pytest.raises(BlockedError):
        production.policy.resolve(bare, 587)


def test_secrets_show_nowhere(world: World, caplog: pytest.LogCaptureFixture) -> None:
    admin = world.browser("admin")
    mail = {
        "name": "邮件", "is_new": "1", "option.host": "smtp.example.com", "option.port": "587", "option.security": "starttls",
        "option.sender": "a@example.com", "option.username": "a", "option.password": SECRETS["password"],
    }  # fmt: skip
    assert post(admin, "/channels/save/email", mail).status_code == 303
    robot = {"name": "群", "is_new": "1", "option.webhook": SECRETS["webhook"]}
    assert post(admin, "/channels/save/wecom", robot).status_code == 303
    post(admin, "/accounts/new", {"channel": "wechat", "option.secret": "微信密钥甲", "handle": ""})
    shown = [
        admin.get(path).get_data(as_text=True)
        for path in (
            "/channels", "/channels/edit?name=邮件", "/channels/edit?name=群", "/accounts",
            f"/accounts/{world.ids['account_id']}", f"/accounts/{world.ids['account_id']}/edit", "/api/v1/accounts",
        )
    ]  # fmt: skip
    with world.newsroom.sessions() as session:
        names = session.scalars(
            text("select tablename from pg_tables where schemaname = 'public'")
        ).all()
        for name in names:
            shown.extend(session.scalars(text(f'select t::text from "{name}" t')).all())  # noqa: S608
    shown.append(caplog.text)
    for secret in (*SECRETS.values(), "canary", "微信密钥甲", "微博令牌乙"):
        assert not any(secret in page for page in shown), secret


def test_every_answer_is_dressed_even_a_refusal(world: World) -> None:
    paths = (
        "/nothing",
        "/static/nothing.css",
        "/static/../application.py",
        "/documents/0",
        "/feed/x/y",
        "/api/v1/x",
        "/login",
    )
    for path, method in itertools.product(paths, ("GET", "POST", "PUT", "TRACE")):
        answer = world.browser("sunyue").open(path, method=method, headers={"Host": "evil.example"})
        assert answer.status_code < 500, path
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "evil.example" not in answer.get_data(as_text=True) + str(answer.headers)


def test_a_cover_is_judged_by_its_content(world: World) -> None:
    editor = world.browser("lixiang")
    for name, content in (
        ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), ("a.png", b"<html><script>1</script>"),
        ("a.svg", b"<svg/>"), ("../../a.png", b"GIF89a<script>"), ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40),
    ):  # fmt: skip
        form = {
            "title": "封面", "body": "正文", "cover_text": "图", "cover_rights": "自有", "csrf_token": csrf_token(editor),
            "cover": (io.BytesIO(content), name, "image/png"),
        }  # fmt: skip
        answer = editor.post("/drafts/new", data=form, content_type="multipart/form-data")
        assert answer.status_code < 500, name
        if answer.status_code == 303:
            shown = editor.get(answer.location.replace("/edit", "/cover"))
            assert shown.content_type in {"image/png", "image/jpeg", "image/gif", "image/webp"}
            assert b"<svg" not in content, name
            assert b"<html" not in content, name
