"""存证 in the console: asked for, taken, read as text, checked, and handed out only for a purpose."""

import hashlib
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select, update

from core.database.models.collecting import Evidence
from core.database.models.operations import AuditEntry
from tests.crawlers.site import Site, serving
from tests.webui.browsing import served, started_chromium
from tests.webui.conftest import PASSWORD, post, sign_in
from tests.webui.content import Content, Post

REASON = "拟报送上级，当事人可能删帖"
HEADERS = {"content-type": "text/html", "x-note": "<script>alert(1)</script>"}
EXPORT = {"purpose": "劳动关系风险预警", "reason": "交市总权益部，月底删除"}


def hostile_page(canary: str) -> bytes:
    return (
        f"<html><head><meta http-equiv=refresh content='0;url={canary}/refresh'>"
        f"<link rel=stylesheet href='{canary}/style'></head><body onload=\"fetch('{canary}/load')\">"
        f"<h1>讨薪</h1><img src='{canary}/pixel' onerror=\"fetch('{canary}/error')\">"
        f"<script>fetch('{canary}/script')</script><iframe src='{canary}/frame'></iframe>"
        "<p>联系人张三，13800000000</p></body></html>"
    ).encode()


@pytest.fixture
def content(content: Content) -> Content:
    content.install_duty("wangmin")
    content.rule()
    return content


@pytest.fixture
def canary() -> Iterator[Site]:
    with serving(Site()) as site:
        yield site


def take(content: Content) -> Evidence:
    """Let the worker take what was asked for; gives the newest piece."""
    evidence_id = content.take_evidence()
    with content.console.sessions() as session:
        return session.get_one(Evidence, evidence_id)


def actions(content: Content) -> list[str]:
    with content.console.sessions() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_evidence_of_an_alert_is_taken_read_as_text_and_handed_out_for_a_purpose(
    content: Content, console_app: Flask
) -> None:
    document_id = content.post(Post(text="项目部说月底一定结<img src=x onerror=alert(1)>。"))
    content.keep_page(document_id, hostile_page("https://evil.example"), HEADERS)
    content.evaluate()
    officer, leader = console_app.test_client(), console_app.test_client()
    sign_in(officer, "wangmin")
    sign_in(leader, "zhoulan")
    alert = f"/alerts/{content.alert().id}"
    assert "待取证" in officer.get(alert).get_data(as_text=True)
    assert "还没有取到的" in officer.get("/evidence").get_data(as_text=True)
    evidence = take(content)
    digest = evidence.warc_sha256.hex()
    assert f'href="/evidence/{evidence.id}"><code>{digest[:12]}' in officer.get(alert).get_data(
        as_text=True
    )
    listed = officer.get("/evidence?kind=page&document=" + str(document_id)).get_data(as_text=True)
    assert digest[:12] in listed
    assert "没有符合条件的存证" in officer.get("/evidence?kind=text").get_data(as_text=True)
    by_alert = officer.get(f"/evidence?alert={content.alert().number.lower()}")
    assert digest[:12] in by_alert.get_data(as_text=True)
    assert "没有符合条件" in officer.get("/evidence?alert=nobody").get_data(as_text=True)

    shown = officer.get(f"/evidence/{evidence.id}").get_data(as_text=True)
    for words in ("刚刚核验", "原始网页", "User-Agent: Zhisheng/test", digest):
        assert words in shown
    assert f"第 {evidence.audit_id} 条" in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "evil.example" not in shown
    assert "张三" not in shown
    assert "下载 WARC" not in shown
    assert actions(content)[-1] == "document.read"

    path = f"/evidence/{evidence.id}/file"
    assert post(officer, path, EXPORT).status_code == 403
    assert post(leader, path, {"purpose": "", "reason": "x"}).status_code == 422
    assert "evidence.exported" not in actions(content)
    answer = post(leader, path, EXPORT)
    assert (
        answer.headers["Content-Disposition"]
        == f"attachment; filename=evidence-{evidence.id}.warc.gz"
    )
    assert hashlib.sha256(answer.data).hexdigest() == digest
    assert actions(content)[-1] == "evidence.exported"

    with content.console.sessions.begin() as session:
        session.execute(update(Evidence).values(reason="别的理由"))
    altered = leader.get(f"/evidence/{evidence.id}").get_data(as_text=True)
    assert "不能作为证据" in altered
    assert post(leader, path, EXPORT).status_code == 409


def test_evidence_is_taken_by_hand_with_a_reason(content: Content, console_app: Flask) -> None:
    document_id = content.post(Post(title="食堂涨价", text="今天又涨了"))
    analyst, editor = console_app.test_client(), console_app.test_client()
    sign_in(analyst, "sunyue")
    sign_in(editor, "lixiang")
    path = f"/evidence/documents/{document_id}"
    assert post(editor, path, {"reason": REASON}).status_code == 403
    assert post(analyst, path, {"reason": " "}).status_code == 422
    assert post(analyst, "/evidence/documents/999", {"reason": REASON}).status_code == 404
    assert post(analyst, path, {"reason": REASON}).status_code == 303
    page = f"/documents/{document_id}"
    assert "待取证" in analyst.get(page).get_data(as_text=True)
    evidence = take(content)
    assert (evidence.kind, evidence.reason) == ("text", REASON)
    shown = analyst.get(page).get_data(as_text=True)
    assert "只存文字" in shown
    assert f'href="/evidence/{evidence.id}"' in shown
    opened = analyst.get(f"/evidence/{evidence.id}").get_data(as_text=True)
    assert "没有单独的网页可以重新抓取" in opened
    assert "孙越" in opened
    assert "evidence.demanded" in actions(content)

    content.post(Post())
    content.evaluate()
    take(content)
    alert = f"/evidence/alerts/{content.alert().id}"
    assert post(analyst, alert, {"reason": ""}).status_code == 422
    assert post(analyst, alert, {"reason": REASON}).status_code == 303
    assert post(editor, alert, {"reason": REASON}).status_code == 403


def test_a_hostile_page_is_harmless_text_and_calls_nobody(
    content: Content, console_app: Flask, canary: Site
) -> None:
    document_id = content.post(Post(text=hostile_page(canary.url("")).decode()))
    content.keep_page(document_id, hostile_page(canary.url("")), HEADERS)
    content.evaluate()
    evidence = take(content)
    asked: list[str] = []
    with served(console_app) as base, started_chromium() as browser:
        page = browser.new_page(base_url=base)
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: asked.append(dialog.message))
        page.goto("/login")
        page.locator("[name=login]").fill("wangmin")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[name=password]").press("Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        page.goto(f"/evidence/{evidence.id}", wait_until="networkidle")
        text = page.locator(".document-text").inner_text()
        assert "<script>fetch(" in text
        assert page.locator(".document-text *").count() == 0
    assert [url for url in asked if not url.startswith(base)] == []
    assert canary.paths() == []
