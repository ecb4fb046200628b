"""What the console reads, and cases."""

import datetime as dt

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from alerting import cases, inbox
from alerting.alert_detail import alert_detail
from alerting.alerts import AlertNotFoundError
from alerting.inbox import InboxTab, alert_counts, badge, list_alerts
from alerting.rules import RuleLanguage
from alerting.severity import SeverityFacts, propose
from alerting.tables import DEADLINES, SEVERITY_TABLE, is_confirmed, save_table, stored_tables
from config.alerting_defaults import SensitiveDates, SeverityRow, SeverityTable
from core.database.base import JsonObject
from core.database.models.alerting import Severity
from core.errors import InvalidOptionsError
from tests.alerting.world import World, shanghai


def test_the_list_is_ordered_by_level_and_then_by_time_left(world: World) -> None:
    for name, severity in (("黄", Severity.YELLOW), ("红", Severity.RED), ("橙", Severity.ORANGE)):
        world.rule(name=name, expression=f"欠薪{name}", severity=severity)
        world.post(f"欠薪{name}", topics=(name,))
    world.engine().step()
    with world.sessions() as session:
        page = list_alerts(session, tab=InboxTab.ALL, person_id=None, now=world.now)
        assert [row.severity_label for row in page.rows] == ["红色", "橙色", "黄色"]
        assert page.total == 3
        assert page.rows[0].next_deadline is not None
        assert page.rows[0].next_deadline.label == "签收"
        first = list_alerts(session, tab=InboxTab.ALL, person_id=None, now=world.now, limit=2)
        rest = list_alerts(
            session,
            tab=InboxTab.ALL,
            person_id=None,
            now=world.now,
            limit=2,
            after=first.cursor,
        )
        assert (len(first.rows), len(rest.rows), rest.cursor) == (2, 1, None)


def test_mine_are_the_alerts_i_was_told_about(world: World) -> None:
    world.rule()
    world.post()
    world.engine().step()
    with world.sessions() as session:
        for login, total in (("officer", 1), ("deputy", 0)):
            page = list_alerts(
                session, tab=InboxTab.MINE, person_id=world.people[login], now=world.now
            )
            assert page.total == total
            assert badge(session, world.people[login]).open == total


def test_the_badge_has_a_new_version_after_every_change(world: World) -> None:
    world.rule()
    versions = []
    engine = world.engine()
    for change in (lambda: None, world.post, world.post, lambda: world.acknowledge("officer")):
        change()
        engine.step()
        with world.sessions() as session:
            versions.append(badge(session).version)
    assert len(set(versions)) == 4


def test_status_counts_describe_the_newest_red_alert(world: World) -> None:
    with world.sessions() as session:
        assert alert_counts(session).as_json()["newest_red"] is None
    world.rule()
    world.post()
    world.post(source="甲网")
    world.engine().step()
    with world.sessions() as session:
        counts = alert_counts(session).as_json()
    red = counts["newest_red"]
    assert isinstance(red, dict)
    assert counts["open"] == {"red": 1, "orange": 0, "yellow": 0, "blue": 0}
    assert (red["documents"], red["crawled_documents"], red["channel"]) == (2, 2, "console")
    assert red["opened_at"] == "2026-11-21T01:30:00.000Z"


def test_the_detail_shows_evidence_steps_deadlines_and_a_whole_timeline(world: World) -> None:
    world.rule()
    world.post("工地欠薪三个月", is_demo=True)
    world.engine().step()
    with world.sessions() as session:
        detail = alert_detail(session, world.alert().id, world.now)
        (document,) = detail.evidence.documents
        field, start, end = document.spans[0]
        assert (field, document.title[start:end]) == ("title", "欠薪")
        assert [step.is_done for step in detail.steps] == [True, False, False, False]
        assert [row.kind for row in detail.deadlines] == ["acknowledge", "oral", "written"]
        assert detail.is_timeline_whole
        assert not detail.is_policy_confirmed
        assert detail.row.is_demo
        assert "【演练】" in world.deliveries()[0].title
        with pytest.raises(AlertNotFoundError):
            alert_detail(session, 10**9, world.now)


def test_a_message_is_marked_read_only_by_its_owner(world: World) -> None:
    world.rule()
    world.post()
    world.engine().step()
    officer, deputy = world.people["officer"], world.people["deputy"]
    with world.sessions.begin() as session:
        (message,) = inbox.messages(session, officer)
        inbox.mark_read(session, deputy, message.delivery_id, world.now)
        assert inbox.messages(session, officer)[0].read_at is None
        inbox.mark_read(session, officer, message.delivery_id, world.now)
        session.expire_all()
        assert inbox.messages(session, officer)[0].read_at == world.now


def test_a_case_is_opened_once_and_its_entries_are_chained(world: World) -> None:
    world.rule()
    world.post()
    world.engine().step()
    officer, alert_id = world.people["officer"], world.alert().id
    with world.sessions.begin() as session:
        case_id = cases.open_case(session, alert_id, officer, world.now)
        assert cases.open_case(session, alert_id, world.people["deputy"], world.now) == case_id
        cases.assess(session, case_id, officer, world.now, text="属实，涉及四十七人")
        cases.submit(session, case_id, officer, world.now, text="报省总工会")
        with pytest.raises(InvalidOptionsError):
            cases.assess(session, case_id, officer, world.now, text=" ")
    with world.sessions() as session:
        detail = cases.case_detail(session, case_id)
        assert [entry.kind for entry in detail.entries] == ["open", "assess", "submit"]
        assert (detail.state, detail.number, detail.is_whole) == (
            "submitted",
            "ZK-20261121-001",
            True,
        )
    with world.sessions() as session, pytest.raises(DBAPIError, match="append-only"):
        session.execute(text("UPDATE case_entry SET text = 'x'"))


def test_saved_tables_replace_the_shipped_ones_and_faulty_ones_are_refused(world: World) -> None:
    person_id = world.people["admin"]
    with world.sessions.begin() as session:
        assert not is_confirmed(session, SEVERITY_TABLE)
        row: dict[str, object] = {
            "severity": "orange",
            "reason": "本地规定",
            "topics": ["wage_arrears"],
        }
        save_table(session, SEVERITY_TABLE, {"rows": [row]}, person_id=person_id, now=world.now)
        assert stored_tables(session, world.defaults).severity.rows[0].reason == "本地规定"
        faulty: list[tuple[str, JsonObject]] = [
            (SEVERITY_TABLE, {"rows": [{"severity": "pink"}]}),
            (DEADLINES, {}),
        ]
        for name, value in faulty:
            with pytest.raises(InvalidOptionsError):
                save_table(session, name, value, person_id=person_id, now=world.now)
    world.rule(severity=Severity.BLUE)
    world.post()
    world.engine().step()
    assert (world.alert().severity, world.alert().severity_reason) == (2, "本地规定")


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (SeverityTable(()), Severity.YELLOW),
        (SeverityTable((SeverityRow("red", "词", words=("爬塔吊",)),)), Severity.RED),
        (SeverityTable((SeverityRow("red", "词", words=("罢工",)),)), Severity.YELLOW),
        (SeverityTable((SeverityRow("blue", "低", topics=("wage_arrears",)),)), Severity.YELLOW),
        (SeverityTable((SeverityRow("orange", "多", documents=6),)), Severity.YELLOW),
        (SeverityTable((), sensitive_regions=("320000",)), Severity.ORANGE),
        (
            SeverityTable((), sensitive_dates=(SensitiveDates("年末", "11-20", "01-05"),)),
            Severity.ORANGE,
        ),
        (
            SeverityTable((), sensitive_dates=(SensitiveDates("年初", "01-05", "02-05"),)),
            Severity.YELLOW,
        ),
    ],
)
def test_the_table_only_raises(table: SeverityTable, expected: Severity) -> None:
    facts = SeverityFacts(
        text="有人爬塔吊",
        topics=frozenset({"wage_arrears"}),
        levels=frozenset({"public"}),
        regions=frozenset({"320100"}),
        documents=5,
        sources=2,
        reposts=0,
    )
    at = shanghai("2026-11-21 09:30")
    assert propose(table, facts, base=Severity.YELLOW, rule_name="规则", at=at).severity == expected


def test_two_languages_of_rules_need_no_names() -> None:
    assert RuleLanguage().parse("欠薪") == RuleLanguage(groups={}, names={}).parse("欠薪")


def test_time_left_is_shown_as_overdue(world: World) -> None:
    world.rule()
    world.post()
    world.engine().step()
    with world.sessions() as session:
        page = list_alerts(
            session,
            tab=InboxTab.ALL,
            person_id=None,
            now=world.now + dt.timedelta(minutes=6),
        )
    assert page.rows[0].next_deadline is not None
    assert page.rows[0].next_deadline.is_overdue
