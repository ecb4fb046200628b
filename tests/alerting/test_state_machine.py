"""What people may do with an alert, in every order."""

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from alerting import state_machine, timeline
from alerting.actions import Action, available_actions
from alerting.deadlines import ReportKind
from alerting.state_machine import ANY, Acknowledged, AsOf
from core import audit
from core.database.models.alerting import Alert, AlertState, Severity, Verdict
from core.database.models.operations import AuditEntry
from core.errors import ConflictError, IllegalTransitionError, InvalidOptionsError, ZhishengError
from tests.alerting.world import World


@pytest.fixture
def raised(world: World) -> World:
    world.rule()
    world.post()
    world.engine().step()
    return world


def perform(world: World, action: Action, *, as_of: AsOf = ANY) -> None:  # noqa: C901 (one branch per action)
    alert_id, person = world.latest().id, world.people["officer"]
    now, tables = world.now, world.tables
    with world.sessions.begin() as session:
        match action:
            case Action.ACKNOWLEDGE:
                state_machine.acknowledge(session, alert_id, person, now, as_of=as_of)
            case Action.UNACKNOWLEDGE:
                state_machine.unacknowledge(
                    session, alert_id, person, now, reason="误点", as_of=as_of
                )
            case Action.PROGRESS:
                state_machine.progress(session, alert_id, person, now, text="已联系")
            case Action.ASSIGN:
                state_machine.assign(
                    session, alert_id, person, now, to_person_id=world.people["deputy"], as_of=as_of
                )
            case Action.CHANGE_SEVERITY:
                new = Severity.ORANGE if world.latest().severity == Severity.RED else Severity.RED
                state_machine.change_severity(
                    session, alert_id, person, now, severity=new, reason="核实", tables=tables, as_of=as_of
                )  # fmt: skip
            case Action.RESOLVE:
                state_machine.resolve(
                    session, alert_id, person, now, verdict=Verdict.VALID, reason="已调解",
                    deadlines=tables.deadlines, as_of=as_of,
                )  # fmt: skip
            case Action.DISMISS:
                state_machine.dismiss(
                    session, alert_id, person, now, reason="旧闻", deadlines=tables.deadlines, as_of=as_of
                )  # fmt: skip
            case Action.CLOSE:
                state_machine.close(session, alert_id, person, now, as_of=as_of)
            case Action.REOPEN:
                state_machine.reopen(session, alert_id, person, now, reason="反复", as_of=as_of)
            case Action.REPORT:
                state_machine.record_report(
                    session, alert_id, person, now, kind=ReportKind.WRITTEN, text="已报",
                    deadlines=tables.deadlines, as_of=as_of,
                )  # fmt: skip


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(actions=st.lists(st.sampled_from([*Action, "match", "tick"]), min_size=3, max_size=12))
def test_any_order_of_actions_keeps_the_invariants(
    raised: World, actions: list[Action | str]
) -> None:
    world = raised
    engine = world.engine()
    world.post()
    engine.step()
    for action in actions:
        before = world.latest()
        world.clock.advance(dt.timedelta(minutes=7))
        if action == "match":
            world.post()
        elif isinstance(action, Action):
            try:
                perform(world, action)
            except ZhishengError:
                assert world.latest().version == before.version
            else:
                assert action in available_actions(AlertState(before.state))
        engine.step()
        _check_invariants(world)


def _check_invariants(world: World) -> None:
    live = [alert for alert in world.alerts() if alert.state != AlertState.CLOSED]
    assert len(live) <= 1
    with world.sessions() as session:
        for alert in world.alerts():
            assert timeline.verify_timeline(session, alert.id) is None
            if alert.state == AlertState.OPEN:
                assert alert.next_step_at is not None
                assert alert.acknowledged_by is None
            if alert.state == AlertState.ACKNOWLEDGED:
                assert alert.acknowledged_by is not None
                assert alert.idle_since is not None
            if alert.state in {AlertState.RESOLVED, AlertState.CLOSED}:
                assert alert.verdict
                assert alert.next_step_at is None


def test_two_officers_acknowledging_at_once_both_see_the_same_name(raised: World) -> None:
    world = raised
    barrier = threading.Barrier(2)
    results: list[Acknowledged] = []

    def press(login: str) -> None:
        barrier.wait()
        results.append(world.acknowledge(login))

    threads = [threading.Thread(target=press, args=(login,)) for login in ("officer", "deputy")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.is_first for result in results) == [False, True]
    assert len({result.by_name for result in results}) == 1
    actions = [action for action, _ in world.timeline()]
    assert actions.count("acknowledged") == 1
    assert actions.count("also_seen") == 1


def test_acknowledging_twice_by_the_same_person_adds_nothing(raised: World) -> None:
    raised.acknowledge("officer")
    before = raised.timeline()
    assert raised.acknowledge("officer").is_first is False
    assert raised.timeline() == before


@pytest.mark.parametrize(
    "action", [Action.ASSIGN, Action.CHANGE_SEVERITY, Action.RESOLVE, Action.DISMISS, Action.REPORT]
)
def test_a_stale_button_changes_nothing_and_says_how_things_stand(
    raised: World, action: Action
) -> None:
    seen = AsOf(version=raised.alert().version)
    raised.acknowledge("deputy")
    before = raised.alert()
    with pytest.raises(ConflictError, match=r"已签收.*演练deputy"):
        perform(raised, action, as_of=seen)
    after = raised.alert()
    assert (after.version, after.state, after.severity) == (
        before.version,
        before.state,
        before.severity,
    )


@pytest.mark.parametrize(
    ("done", "refused"),
    [
        ([Action.RESOLVE], Action.ACKNOWLEDGE),
        ([Action.RESOLVE], Action.ASSIGN),
        ([], Action.CLOSE),
        ([], Action.REOPEN),
        ([], Action.UNACKNOWLEDGE),
        ([Action.RESOLVE, Action.CLOSE], Action.REOPEN),
    ],
)
def test_an_action_out_of_order_is_refused(
    raised: World, done: list[Action], refused: Action
) -> None:
    for action in done:
        perform(raised, action)
    with pytest.raises(IllegalTransitionError, match="不能做这个操作"):
        perform(raised, refused)


@pytest.mark.parametrize(
    "act",
    [
        lambda session, alert, person, world: state_machine.resolve(
            session,
            alert,
            person,
            world.now,
            verdict=Verdict.VALID,
            reason=" ",
            deadlines=world.tables.deadlines,
        ),
        lambda session, alert, person, world: state_machine.progress(
            session, alert, person, world.now, text=""
        ),
        lambda session, alert, person, world: state_machine.change_severity(
            session,
            alert,
            person,
            world.now,
            severity=Severity.ORANGE,
            reason="",
            tables=world.tables,
        ),
    ],
)
def test_every_judgement_needs_its_reason(raised: World, act: Callable[..., None]) -> None:
    with raised.sessions() as session, pytest.raises(InvalidOptionsError):
        act(session, raised.alert().id, raised.people["officer"], raised)


def test_reopening_starts_a_cycle_and_keeps_the_report_clocks(raised: World) -> None:
    before = raised.alert()
    perform(raised, Action.RESOLVE)
    raised.clock.advance(dt.timedelta(minutes=30))
    perform(raised, Action.REOPEN)
    after = raised.alert()
    assert (after.state, after.cycle) == ("open", 2)
    assert after.oral_report_by == before.oral_report_by
    raised.engine().step()
    assert [
        row.step for row in raised.deliveries() if row.cycle == 2 and row.reason == "first"
    ] == [1, 1]


def test_a_false_alarm_owes_no_report(raised: World) -> None:
    perform(raised, Action.DISMISS)
    alert = raised.alert()
    assert (alert.verdict, alert.report_state) == ("false_alarm", "none")
    raised.clock.advance(dt.timedelta(hours=2))
    raised.engine().step()
    assert not [reason for _, reason in raised.told() if "report" in reason]


def test_every_action_is_in_the_audit_log(raised: World) -> None:
    raised.acknowledge("officer")
    perform(raised, Action.RESOLVE)
    with raised.sessions() as session:
        found = session.scalars(select(AuditEntry.action).where(AuditEntry.object_type == "alert"))
        assert list(found) == ["alert_acknowledged", "alert_resolved"]
        assert audit.verify(session) is None


def test_the_database_refuses_to_change_a_timeline_entry(raised: World) -> None:
    with raised.sessions() as session, pytest.raises(DBAPIError, match="append-only"):
        session.execute(text("UPDATE timeline_entry SET text = 'x'"))


def test_an_acknowledgement_stops_the_chain(raised: World) -> None:
    raised.acknowledge("officer")
    raised.clock.advance(dt.timedelta(minutes=20))
    raised.engine().step()
    assert not [row for row in raised.deliveries() if row.step > 1]
    with raised.sessions() as session:
        assert session.scalars(select(Alert.next_step)).one() is None
