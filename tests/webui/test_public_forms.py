"""Our own public form: letters come in as documents, nobody's name is asked for, contacts stay sealed."""

import datetime as dt

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core.clock import FakeClock
from core.database.models.collecting import (
    Document,
    DocumentBody,
    FirstPartyContact,
    FormRate,
    Source,
    SourceState,
)
from core.database.models.operations import AuditEntry, Queue, WorkItem
from core.database.sessions import Sessions
from crawlers.retention import delete_expired
from tests.webui.conftest import Member, csrf_token, post, sign_in

LETTER = {
    "title": "三个月没发工资",
    "text": "我们二十多人在河湾工地干活，三个月没有发工资，请工会帮帮我们。电话 13800001234。",
    "employer": "河湾建筑公司",
    "place": "河湾市青岚区",
    "contact": "微信 hewan-2026",
    "consent": "1",
}


@pytest.fixture
def form_id(sessions: Sessions) -> int:
    with sessions.begin() as session:
        source = Source(
            name="来信", kind="public_form", platform="本会来信", level="public",
            options={
                "heading": "说说您的困难", "consent": "我同意工会看到。", "asks_contact": True,
                "per_visitor": 2, "per_hour": 100,
            },
        )  # fmt: skip
        session.add(source)
        session.flush()
        return source.id


def send(client: FlaskClient, form_id: int, **changes: str) -> tuple[int, str]:
    path = f"/voice/{form_id}"
    form = LETTER | changes | {"csrf_token": csrf_token(client, path)}
    answer = client.post(path, data=form, follow_redirects=True)
    return answer.status_code, answer.get_data(as_text=True)


def documents(sessions: Sessions) -> int:
    with sessions() as session:
        return len(session.scalars(select(Document.id)).all())


def test_a_letter_becomes_a_masked_document_that_is_analysed_and_its_writer_gets_a_receipt(
    console_app: Flask, people: dict[str, Member], sessions: Sessions, form_id: int
) -> None:
    assert people
    status, page = send(console_app.test_client(), form_id)
    assert status == 200
    assert "已收到" in page
    with sessions() as session:
        document = session.scalars(select(Document)).one()
        body = session.scalars(select(DocumentBody)).one()
        waiting = session.scalars(select(WorkItem.queue)).all()
        kept = session.scalars(select(FirstPartyContact)).one()
    receipt = document.canonical_url.partition("#")[2]
    assert receipt in page
    assert (document.kind, document.author_hash) == ("first_party", None)
    assert "13800001234" not in body.text
    assert "河湾建筑公司" in body.text
    assert Queue.ANALYSE.value in waiting
    assert b"hewan" not in kept.sealed_contact


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text": "太短"}, "至少 10 个字"),
        ({"text": "长" * 5001}, "最多 5000 个字"),
        ({"consent": ""}, "勾选同意"),
        ({"title": "题" * 61}, "最多 60 个字"),
    ],
)
def test_a_refused_letter_says_why_and_keeps_what_was_typed(
    console_app: Flask,
    people: dict[str, Member],
    sessions: Sessions,
    form_id: int,
    changes: dict[str, str],
    said: str,
) -> None:
    assert people
    status, page = send(console_app.test_client(), form_id, **changes)
    assert status == 422
    assert said in page
    assert "河湾市青岚区" in page
    assert documents(sessions) == 0


def test_more_than_the_hours_share_is_refused_and_counted_anew_the_next_hour(
    console_app: Flask,
    people: dict[str, Member],
    sessions: Sessions,
    form_id: int,
    clock: FakeClock,
) -> None:
    assert people
    client = console_app.test_client()
    for number in range(2):
        assert send(client, form_id, title=f"第 {number} 件事")[0] == 200
    status, page = send(client, form_id, title="第三件事")
    assert status == 429
    assert "已到上限（2 次）" in page
    assert "第三件事" in page
    assert documents(sessions) == 2
    clock.advance(dt.timedelta(hours=1))
    assert send(client, form_id, title="第四件事")[0] == 200
    with sessions() as session:
        visitors = session.scalars(select(FormRate.visitor)).all()
    assert all(b"127.0.0.1" not in visitor for visitor in visitors)
    clock.advance(dt.timedelta(days=2))
    delete_expired(sessions, now=clock.now())
    with sessions() as session:
        assert session.scalars(select(FormRate)).all() == []


def test_programs_that_fill_every_field_leave_nothing(
    console_app: Flask, people: dict[str, Member], sessions: Sessions, form_id: int
) -> None:
    assert people
    assert send(console_app.test_client(), form_id, website="http://spam.example")[0] == 200
    assert documents(sessions) == 0


def test_a_paused_form_is_closed(
    console_app: Flask, people: dict[str, Member], sessions: Sessions, form_id: int
) -> None:
    assert people
    with sessions.begin() as session:
        session.get_one(Source, form_id).state = SourceState.PAUSED.value
    assert console_app.test_client().get(f"/voice/{form_id}").status_code == 404


def test_only_who_handles_letters_reads_a_contact_and_says_why(
    console_app: Flask, people: dict[str, Member], sessions: Sessions, form_id: int
) -> None:
    assert people
    send(console_app.test_client(), form_id)
    with sessions() as session:
        document_id = session.scalars(select(Document.id)).one()
    path = f"/documents/{document_id}/contact"
    analyst = console_app.test_client()
    sign_in(analyst, "sunyue")
    assert post(analyst, path, {"reason": "想看看"}).status_code == 403
    officer = console_app.test_client()
    sign_in(officer, "wangmin")
    assert "hewan-2026" not in officer.get(f"/documents/{document_id}").get_data(as_text=True)
    assert post(officer, path, {"reason": " "}).status_code == 303
    shown = post(officer, path, {"reason": "核实欠薪"}).get_data(as_text=True)
    assert "微信 hewan-2026" in shown
    with sessions() as session:
        reads = session.scalars(
            select(AuditEntry.detail).where(AuditEntry.action == "contact.read")
        ).all()
    assert [detail["reason"] for detail in reads] == ["核实欠薪"]
