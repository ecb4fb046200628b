"""The time cases of escalation, deadlines, mutes and reports."""

import datetime as dt

import pytest
from sqlalchemy import delete, select, update

from alerting import state_machine
from alerting.deadlines import ReportKind
from alerting.mutes import SilenceDraft, create_silence, end_silence
from alerting.state_machine import AsOf
from core.clock import FakeClock
from core.database.base import JsonObject
from core.database.models.alerting import Alert, AlertState, Severity, Silence, Verdict
from core.database.models.duty import Shift
from core.database.models.operations import OperatorNotice
from core.database.models.organisation import Person
from core.errors import InvalidOptionsError
from tests.alerting.world import World, shanghai

MINUTE = dt.timedelta(minutes=1)
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def red_at_three(world: World, clock: FakeClock) -> World:
    """A red alert of 03:00 in Shanghai."""
    clock.set(shanghai("2026-11-22 03:00"))
    world.rule()
    world.post()
    world.engine().step()
    return world


def test_red_at_03_00_killed_at_03_04_and_back_at_03_20_reaches_everybody_once(
    red_at_three: World,
) -> None:
    world = red_at_three
    world.clock.set(shanghai("2026-11-22 03:20"))
    engine = world.engine("engine-1")
    engine.step()
    engine.step()
    # Officer and leader were reached at 03:00; of steps 2 to 4 only the deputy was not.
    late = [who for who, reason in world.told() if reason == "first"][2:]
    assert late == ["deputy"]
    assert any(action == "overdue_merged" for action, _ in world.timeline())
    assert world.alert().oral_report_by == shanghai("2026-11-22 03:30")


def test_the_chain_goes_on_step_by_step_and_then_repeats(red_at_three: World) -> None:
    world = red_at_three
    engine = world.engine()
    world.ticks(engine, shanghai("2026-11-22 03:50"), MINUTE)
    chain = [
        (who, reason) for who, reason in world.told() if reason.startswith(("first", "repeat"))
    ]
    steps = {row.step for row in world.deliveries() if row.reason == "first"}
    assert steps == {1, 2, 3, 4}
    assert [who for who, reason in chain if reason == "repeat:5"] == ["officer", "deputy", "leader"]


def test_red_acknowledged_at_03_02_without_progress_is_reminded_and_given_back(
    red_at_three: World,
) -> None:
    world = red_at_three
    engine = world.engine()
    world.ticks(engine, shanghai("2026-11-22 03:02"), MINUTE)
    before = world.alert()
    world.acknowledge("officer")
    world.ticks(engine, shanghai("2026-11-22 03:31"), MINUTE)
    assert not [reason for _, reason in world.told() if reason.startswith("idle")]
    world.ticks(engine, shanghai("2026-11-22 03:32"), MINUTE)
    assert [who for who, reason in world.told() if reason.startswith("idle")] == ["officer"]
    world.ticks(engine, shanghai("2026-11-22 03:41"), MINUTE)
    assert world.alert().state == AlertState.ACKNOWLEDGED
    world.ticks(engine, shanghai("2026-11-22 03:42") + SECOND, MINUTE)
    after = world.alert()
    assert (after.state, after.cycle) == ("open", 2)
    again = [row for row in world.deliveries() if row.cycle == 2 and row.reason == "first"]
    assert [row.step for row in again] == [1, 1]
    assert (after.oral_report_by, after.written_report_by) == (
        before.oral_report_by,
        before.written_report_by,
    )


def test_progress_keeps_an_acknowledged_alert_from_being_given_back(red_at_three: World) -> None:
    world = red_at_three
    engine = world.engine()
    world.acknowledge("officer")
    world.ticks(engine, shanghai("2026-11-22 03:25"), MINUTE)
    with world.sessions.begin() as session:
        state_machine.progress(
            session, world.alert().id, world.people["officer"], world.now, text="已联系劳动监察"
        )
    world.ticks(engine, shanghai("2026-11-22 03:50"), MINUTE)
    assert world.alert().state == AlertState.ACKNOWLEDGED
    assert not [reason for _, reason in world.told() if reason.startswith("idle")]


def test_yellow_raised_to_red_at_10_40_takes_the_earlier_of_both_clocks(
    world: World, clock: FakeClock
) -> None:
    clock.set(shanghai("2026-11-22 10:00"))
    world.rule(severity=Severity.YELLOW)
    world.post()
    engine = world.engine()
    engine.step()
    assert world.alert().written_report_by == shanghai("2026-11-22 14:00")
    clock.set(shanghai("2026-11-22 10:40"))
    with world.sessions.begin() as session:
        state_machine.change_severity(
            session,
            world.alert().id,
            world.people["leader"],
            world.now,
            severity=Severity.RED,
            reason="现场已聚集",
            tables=world.tables,
        )
    alert = world.alert()
    assert alert.oral_report_by == shanghai("2026-11-22 11:10")
    assert alert.written_report_by == shanghai("2026-11-22 11:40")


def test_a_rise_tells_an_acknowledged_alert_once_and_starts_no_chain(
    red_at_three: World,
) -> None:
    world = red_at_three
    engine = world.engine()
    with world.sessions.begin() as session:
        session.execute(update(Alert).values(severity=Severity.ORANGE))
    world.acknowledge("officer")
    with world.sessions.begin() as session:
        state_machine.change_severity(
            session,
            world.alert().id,
            world.people["officer"],
            world.now,
            severity=Severity.RED,
            reason="升级",
            tables=world.tables,
        )
    world.ticks(engine, world.now + 20 * MINUTE, MINUTE)
    rises = [who for who, reason in world.told() if reason == "rise:1"]
    assert rises == ["officer", "leader"]
    assert world.alert().next_step is None


def test_red_lowered_to_orange_keeps_its_deadlines(world: World, clock: FakeClock) -> None:
    clock.set(shanghai("2026-11-22 10:00"))
    world.rule()
    world.post()
    engine = world.engine()
    engine.step()
    clock.set(shanghai("2026-11-22 10:20"))
    with world.sessions.begin() as session:
        state_machine.change_severity(
            session,
            world.alert().id,
            world.people["officer"],
            world.now,
            severity=Severity.ORANGE,
            reason="人数不实",
            tables=world.tables,
        )
    world.post()
    engine.step()
    alert = world.alert()
    assert alert.oral_report_by == shanghai("2026-11-22 10:30")
    assert alert.written_report_by == shanghai("2026-11-22 11:00")
    assert alert.severity == Severity.ORANGE, "the machine must not undo what an officer lowered"


def test_reports_are_reminded_at_50_80_and_100_percent_and_marked_as_late(
    red_at_three: World,
) -> None:
    world = red_at_three
    engine = world.engine()
    world.acknowledge("officer")
    world.ticks(engine, shanghai("2026-11-22 03:31"), MINUTE)
    oral = [(who, reason) for who, reason in world.told() if "oral" in reason]
    assert oral == [
        ("officer", "report:oral:50"),
        ("officer", "report:oral:80"),
        ("officer", "late_report:oral:1"),
        ("leader", "late_report:oral:1"),
    ]
    assert [text for action, text in world.timeline() if action == "late_report"] == [
        "迟报：口头初报应于 11月22日 03:30 前报送，尚未报送"
    ]


def test_a_report_in_time_stops_its_clock_and_a_late_one_stays_marked(
    red_at_three: World,
) -> None:
    world = red_at_three
    engine = world.engine()
    world.acknowledge("officer")
    world.clock.set(shanghai("2026-11-22 03:10"))
    _report(world, ReportKind.ORAL)
    world.ticks(engine, shanghai("2026-11-22 03:28"), MINUTE)
    assert not [reason for _, reason in world.told() if "oral" in reason]
    world.clock.set(shanghai("2026-11-22 04:05"))
    _report(world, ReportKind.WRITTEN)
    assert ("reported", "书面初报（迟报）：已报市总工会") in world.timeline()
    assert world.alert().report_state == "first_sent"


def _report(world: World, kind: ReportKind) -> None:
    with world.sessions.begin() as session:
        state_machine.record_report(
            session,
            world.alert().id,
            world.people["officer"],
            world.now,
            kind=kind,
            text="已报市总工会",
            deadlines=world.tables.deadlines,
        )


def _silence(world: World, ends_at: dt.datetime, matchers: JsonObject) -> int:
    with world.sessions.begin() as session:
        return create_silence(
            session,
            SilenceDraft(matchers, world.now, ends_at, "系统演练"),
            owner_id=world.people["officer"],
            now=world.now,
            deadlines=world.tables.deadlines,
        )


def test_a_silence_ending_at_12_00_lets_the_first_message_go_then_with_the_clock_from_10_00(
    world: World, clock: FakeClock
) -> None:
    clock.set(shanghai("2026-11-22 10:00"))
    rule_id = world.rule(severity=Severity.ORANGE)
    _silence(
        world,
        shanghai("2026-11-22 12:00"),
        {"severity": [int(Severity.ORANGE)], "rule_id": [rule_id]},
    )
    world.post()
    engine = world.engine()
    engine.step()
    world.ticks(engine, shanghai("2026-11-22 12:00"), 10 * MINUTE)
    assert [reason for _, reason in world.told() if reason == "first"] == []
    world.ticks(engine, shanghai("2026-11-22 12:01"), 30 * SECOND)
    assert [who for who, reason in world.told() if reason == "first"] == ["officer"]
    assert world.alert().written_report_by == shanghai("2026-11-22 12:00")


def test_a_silence_that_cannot_be_read_lets_the_message_go_and_says_so(world: World) -> None:
    with world.sessions.begin() as session:
        session.add(
            Silence(
                matchers={"nonsense": 1},
                starts_at=world.now,
                ends_at=world.now + MINUTE,
                reason="坏",
                owner_id=world.people["officer"],
            )
        )
    world.rule()
    world.post()
    world.engine().step()
    assert "静默检查出错" in world.deliveries()[0].body


@pytest.mark.parametrize(
    ("matchers", "hours", "field"),
    [
        ({"severity": [1]}, 1, "approver_id"),
        ({"severity": [2]}, 13, "ends_at"),
        ({"severity": [2]}, -1, "ends_at"),
        ({}, 1, "matchers"),
        ({"author": ["某人"]}, 1, "matchers"),
    ],
)
def test_a_silence_is_limited_by_the_gravest_level_it_covers(
    world: World, matchers: JsonObject, hours: int, field: str
) -> None:
    with pytest.raises(InvalidOptionsError) as refused:
        _silence(world, world.now + dt.timedelta(hours=hours), matchers)
    assert field in refused.value.faults


def test_an_ended_silence_lets_alerts_through(world: World) -> None:
    rule_id = world.rule(severity=Severity.ORANGE)
    silence_id = _silence(
        world, world.now + dt.timedelta(hours=1), {"severity": [2], "rule_id": [rule_id]}
    )
    with world.sessions.begin() as session:
        end_silence(session, silence_id, person_id=world.people["officer"], now=world.now)
    world.clock.advance(MINUTE)
    world.post()
    engine = world.engine()
    engine.step()
    world.clock.advance(MINUTE)
    engine.step()
    assert world.told() == [("officer", "first")]


def test_an_open_red_alert_mutes_a_yellow_one_of_the_same_group_until_it_is_resolved(
    world: World,
) -> None:
    world.rule(name="红", expression="聚集")
    world.rule(name="黄", expression="欠薪", severity=Severity.YELLOW)
    engine = world.engine()
    world.post("工人因欠薪聚集")
    engine.step()
    world.ticks(engine, world.now + 6 * MINUTE, MINUTE)
    red, yellow = world.alerts()
    told = {row.alert_id for row in world.deliveries()}
    assert told == {red.id}
    assert yellow.inhibited_by_id == red.id
    with world.sessions.begin() as session:
        state_machine.resolve(
            session,
            red.id,
            world.people["officer"],
            world.now,
            verdict=Verdict.VALID,
            reason="已调解",
            deadlines=world.tables.deadlines,
        )
    world.ticks(engine, world.now + 12 * MINUTE, MINUTE)
    assert yellow.id in {row.alert_id for row in world.deliveries()}


def test_without_anybody_on_duty_all_leaders_are_told_and_the_operators_know(
    world: World,
) -> None:
    with world.sessions.begin() as session:
        session.execute(delete(Shift))
    world.rule()
    world.post()
    world.engine().step()
    assert world.told() == [("leader", "first"), ("chief", "first")]
    with world.sessions() as session:
        keys = set(session.scalars(select(OperatorNotice.key)))
    assert {"roster-empty", "roster-gap"} <= keys


def test_without_leaders_the_administrators_are_told(world: World) -> None:
    with world.sessions.begin() as session:
        session.execute(delete(Shift))
        session.execute(update(Person).where(Person.login != "admin").values(is_active=False))
    world.rule()
    world.post()
    world.engine().step()
    assert world.told() == [("admin", "first")]


def test_an_alert_that_reaches_nobody_stays_due_and_is_reported(world: World) -> None:
    with world.sessions.begin() as session:
        session.execute(delete(Shift))
        session.execute(update(Person).values(is_active=False))
    world.rule()
    world.post()
    engine = world.engine()
    engine.step()
    assert world.alert().next_step_at == world.now + MINUTE
    with world.sessions.begin() as session:
        session.execute(update(Person).values(is_active=True))
    world.clock.advance(MINUTE)
    engine.step()
    assert world.told() == [("leader", "first"), ("chief", "first")]


def test_a_resolved_alert_closes_after_72_hours(world: World) -> None:
    world.rule()
    world.post()
    engine = world.engine()
    engine.step()
    with world.sessions.begin() as session:
        state_machine.dismiss(
            session,
            world.alert().id,
            world.people["officer"],
            world.now,
            reason="旧闻",
            deadlines=world.tables.deadlines,
        )
    world.clock.advance(dt.timedelta(hours=71))
    engine.step()
    assert world.alert().state == AlertState.RESOLVED
    world.clock.advance(dt.timedelta(hours=1))
    engine.step()
    assert world.alert().state == AlertState.CLOSED


def test_an_old_acknowledge_link_of_an_earlier_cycle_changes_nothing(red_at_three: World) -> None:
    from core.errors import ConflictError

    world = red_at_three
    with world.sessions.begin() as session:
        session.execute(update(Alert).values(cycle=2))
    with pytest.raises(ConflictError, match="第 2 轮"):
        world.acknowledge("officer", AsOf(cycle=1))
    assert world.alert().state == AlertState.OPEN
