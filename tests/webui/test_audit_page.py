"""Reading the audit log and checking its chain."""

import datetime as dt

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from core import audit
from core.audit import AuditEvent
from core.clock import FakeClock
from core.database.sessions import Sessions
from tests.webui.conftest import Member, post, sign_in

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def auditor(client: FlaskClient) -> FlaskClient:
    sign_in(client, "auditor")
    return client


def entries(client: FlaskClient, query: str) -> str:
    return client.get(f"/audit?{query}", headers=FRAGMENT).get_data(as_text=True)


def test_entries_are_filtered_by_who_what_and_which(
    auditor: FlaskClient, people: dict[str, Member], sessions: Sessions, clock: FakeClock
) -> None:
    actor = f"person:{people['sunyue'].id}"
    with sessions.begin() as session:
        audit.record(session, AuditEvent(actor, "rule_edited", "rule", "41"), clock.now())
    for query in (f"actor={actor}", "action=rule_edited", "object_type=rule&object_id=41"):
        found = entries(auditor, query)
        assert "本页 1 条" in found
        assert "孙越" in found
        assert "修改规则" in found
        assert "规则 41" in found
    assert "没有符合条件的记录" in entries(auditor, "object_id=99999")


def test_days_are_those_of_shanghai(
    auditor: FlaskClient, sessions: Sessions, clock: FakeClock
) -> None:
    # 23:30 of 1 November in Shanghai.
    at = dt.datetime(2026, 11, 1, 15, 30, tzinfo=dt.UTC)
    with sessions.begin() as session:
        audit.record(session, AuditEvent("system", "retention.deleted", "document"), at)
    assert "到期删除" in entries(auditor, "since=2026-11-01&until=2026-11-01")
    assert "没有符合条件" in entries(auditor, "since=2026-11-02&until=2026-11-02")
    assert "到期删除" in entries(auditor, "since=nonsense")
    assert clock.now() > at


def test_older_entries_are_pages_away(
    auditor: FlaskClient, sessions: Sessions, clock: FakeClock
) -> None:
    with sessions.begin() as session:
        for number in range(60):
            event = AuditEvent("system", "rule_edited", "rule", str(number))
            audit.record(session, event, clock.now())
    first = entries(auditor, "action=rule_edited")
    assert "本页 50 条" in first
    assert "before=" in first
    oldest = min(int(part.split('"')[0]) for part in first.split('id="entry-')[1:])
    assert "本页 10 条" in entries(auditor, f"action=rule_edited&before={oldest}")


def test_chain_check_says_whole_or_names_the_broken_entry(
    auditor: FlaskClient, sessions: Sessions
) -> None:
    post(auditor, "/audit/verify")
    assert "审计链完整" in auditor.get("/audit").get_data(as_text=True)
    with sessions.begin() as session:
        # Somebody with the keys to the database switches the guard off.
        session.execute(text("alter table audit_entry disable trigger user"))
        session.execute(text("update audit_entry set action = 'logout' where id = 3"))
    post(auditor, "/audit/verify")
    assert "审计链在第 3 条断开" in auditor.get("/audit").get_data(as_text=True)


@pytest.mark.parametrize("login", ["admin", "sunyue", "outsider"])
def test_only_the_auditor_reads_it(client: FlaskClient, login: str) -> None:
    sign_in(client, login)
    assert client.get("/audit").status_code == 403
    assert post(client, "/audit/verify").status_code == 403
