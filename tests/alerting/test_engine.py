"""From documents to alerts."""

import datetime as dt

import pytest
from sqlalchemy import delete, func, select, update

from alerting import timeline
from alerting.rules import RuleDraft, RuleLanguage, disable_rule, edit_rule
from core import leases
from core.claims import enqueue
from core.clock import FakeClock
from core.database.models.alerting import (
    Alert,
    AlertState,
    Match,
    Severity,
    TimelineEntry,
    WindowBucket,
)
from core.database.models.operations import ModuleLease, OperatorNotice, Queue, WorkItem
from core.database.models.understanding import SynonymGroup
from tests.alerting.world import World, shanghai

MINUTE = dt.timedelta(minutes=1)


def test_a_post_raises_one_numbered_alert_that_reaches_the_officer_and_the_leader(
    world: World,
) -> None:
    world.rule()
    world.post()
    assert world.engine().step() > 0
    alert = world.alert()
    assert (alert.number, alert.state, alert.severity) == ("YJ-20261121-001", "open", Severity.RED)
    assert (alert.documents, alert.sources) == (1, 1)
    assert alert.title == "欠薪：工地欠薪三个月"
    assert world.told() == [("officer", "first"), ("leader", "first")]
    assert alert.acknowledge_by == world.now + 5 * MINUTE


def test_engine_leaves_only_the_wish_for_evidence_and_does_nothing_the_second_time(
    world: World,
) -> None:
    world.rule()
    document_id = world.post()
    engine = world.engine()
    engine.step()
    with world.sessions() as session:
        item = session.scalars(select(WorkItem)).one()
    assert (item.queue, item.subject_id) == (Queue.EVIDENCE.value, document_id)
    assert item.payload is not None
    assert item.payload["reason"] == f"预警 {world.alert().number}"
    assert engine.step() == 0
    assert len(world.deliveries()) == 2


def test_evaluating_a_document_again_adds_no_second_match(world: World) -> None:
    world.rule()
    document_id = world.post()
    engine = world.engine()
    engine.step()
    with world.sessions.begin() as session:
        enqueue(session, Queue.EVALUATE, [document_id], world.now)
    engine.step()
    with world.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Match)) == 1
    assert world.alert().documents == 1


def test_two_engines_at_once_raise_one_alert_and_one_message_each(world: World) -> None:
    world.rule()
    first, second = world.engine("engine-1"), world.engine("engine-2")
    for number in range(20):
        world.post(f"工地欠薪 {number}")
        first.step()
        second.step()
    assert world.alert().documents == 20
    assert world.told() == [("officer", "first"), ("leader", "first")]


def test_a_standby_takes_over_after_the_leader_resigned(world: World) -> None:
    world.rule()
    leader, standby = world.engine("engine-1"), world.engine("engine-2")
    leader.step()
    world.post()
    standby.step()
    assert world.alerts() == []
    leader.stop()
    standby.step()
    assert len(world.alerts()) == 1


def test_a_leader_that_lost_its_lease_writes_nothing(world: World) -> None:
    world.rule()
    engine = world.engine("engine-1")
    engine.step()
    with world.sessions.begin() as session:
        session.execute(
            update(ModuleLease).values(
                owner="engine-2", epoch=99, lease_until=func.now() + dt.timedelta(minutes=1)
            )
        )
    world.post()
    engine.step()
    assert world.alerts() == []
    with world.sessions() as session:
        assert leases.leader(session, "engine") == "engine-2"


def test_a_changed_rule_works_at_the_next_step(world: World) -> None:
    rule_id = world.rule(expression="绝不出现的词")
    engine = world.engine()
    world.post()
    engine.step()
    assert world.alerts() == []
    draft = RuleDraft(
        name="欠薪", kind="keyword", severity=1, purpose="劳动关系风险预警", expression="欠薪"
    )
    with world.sessions.begin() as session:
        edit_rule(
            session,
            rule_id,
            draft,
            person_id=None,
            now=world.now,
            language=RuleLanguage(),
            as_of_version=1,
        )
    world.post()
    engine.step()
    assert world.alert().rule_version == 2


def test_a_disabled_rule_stops_matching(world: World) -> None:
    rule_id = world.rule()
    with world.sessions.begin() as session:
        disable_rule(session, rule_id, person_id=world.people["admin"], now=world.now)
    world.post()
    world.engine().step()
    assert world.alerts() == []


def test_a_rule_whose_synonyms_vanished_is_reported_and_the_others_go_on(world: World) -> None:
    with world.sessions.begin() as session:
        session.add(SynonymGroup(name="欠薪词", words=["欠薪"], changed_at=world.now))
    world.rule(name="好规则")
    with world.sessions.begin() as session:
        from alerting.rules import create_rule

        draft = RuleDraft(
            name="坏规则",
            kind="keyword",
            severity=1,
            purpose="劳动关系风险预警",
            expression="{欠薪词}",
        )
        create_rule(
            session, draft, person_id=None, now=world.now, language=RuleLanguage.load(session)
        )
        session.execute(delete(SynonymGroup))
    world.post()
    world.engine().step()
    assert [alert.title.partition("：")[0] for alert in world.alerts()] == ["好规则"]
    with world.sessions() as session:
        notice = session.scalars(
            select(OperatorNotice).where(OperatorNotice.key == "rule-unusable")
        ).one()
    assert "坏规则" in notice.text


def test_forty_documents_in_two_minutes_are_one_alert_and_one_first_message(
    world: World,
) -> None:
    world.rule()
    engine = world.engine()
    for _ in range(40):
        world.post()
        world.clock.advance(dt.timedelta(seconds=3))
        engine.step()
    assert world.alert().documents == 40
    assert [reason for who, reason in world.told() if who == "officer"] == ["first"]
    world.acknowledge("officer")
    world.clock.advance(4 * MINUTE)
    engine.step()
    engine.step()
    assert world.told()[2:] == [("officer", "growth:40")]


def test_growth_is_told_at_three_more_sources(world: World) -> None:
    world.rule(severity=Severity.ORANGE)
    engine = world.engine()
    for _ in range(4):
        world.post()
    engine.step()
    world.clock.advance(dt.timedelta(seconds=31))
    engine.step()
    assert world.told() == [("officer", "first")]
    world.acknowledge("officer")
    for name in ("甲网", "乙网"):
        world.post(source=name)
    world.clock.advance(16 * MINUTE)
    engine.step()
    assert not [1 for _, reason in world.told() if reason.startswith("growth")]
    world.post(source="丙网")
    engine.step()
    assert [who for who, reason in world.told() if reason.startswith("growth")]


def test_a_document_of_two_days_ago_raises_a_keyword_alert_marked_as_late(world: World) -> None:
    world.rule(severity=Severity.ORANGE)
    world.post(published_at=world.now - dt.timedelta(days=2, hours=1))
    world.engine().step()
    alert = world.alert()
    assert "迟到数据" in (alert.summary or "")
    assert alert.evidence["is_late"] is True


def test_the_same_late_documents_raise_no_window_alert_but_are_counted(world: World) -> None:
    world.rule(expression=None, window_minutes=30, documents=2)
    published_at = world.now - dt.timedelta(days=2, hours=1)
    for _ in range(3):
        world.post(published_at=published_at)
    world.engine().step()
    assert world.alerts() == []
    with world.sessions() as session:
        assert session.scalar(select(func.max(WindowBucket.documents))) == 3


def test_an_impossible_publishing_time_is_replaced_by_the_arrival(world: World) -> None:
    world.rule(expression=None, window_minutes=30, documents=2)
    for published_at in (world.now + dt.timedelta(days=3), shanghai("1970-01-01 08:00")):
        world.post(published_at=published_at)
    world.engine().step()
    assert world.alert().documents == 2


@pytest.mark.parametrize(
    ("posts", "rises"),
    [
        ([("甲", 0), ("乙", 10), ("丙", 29)], True),
        ([("甲", 0), ("乙", 10), ("丙", 30)], False),  # the window is half-open
        ([("甲", 0), ("甲", 10), ("甲", 29)], False),  # one source alone
        ([("甲", 0), ("乙", 10)], False),
    ],
)
def test_threshold_counts_documents_and_sources_in_any_window(
    world: World, posts: list[tuple[str, int]], rises: bool
) -> None:
    world.rule(expression=None, window_minutes=30, documents=3, sources=2)
    start = world.now - 47 * MINUTE  # Not at a bucket's border.
    for source, minute in posts:
        world.post(source=source, published_at=start + minute * MINUTE)
    world.engine().step()
    assert bool(world.alerts()) is rises


def test_threshold_asks_for_different_authors(world: World) -> None:
    world.rule(expression=None, window_minutes=30, documents=3, authors=3)
    engine = world.engine()
    for author in (b"a", b"a", b"b"):
        world.post(author=author)
    engine.step()
    assert world.alerts() == []
    world.post(author=b"c")
    engine.step()
    assert world.alert().documents == 4


def test_later_members_of_a_window_renew_the_counts_of_its_alert(world: World) -> None:
    world.rule(expression=None, window_minutes=30, documents=2)
    engine = world.engine()
    for _ in range(2):
        world.post()
    engine.step()
    world.post(source="另一处")
    engine.step()
    assert (world.alert().documents, world.alert().sources) == (3, 2)


def test_threshold_keeps_to_its_topic(world: World) -> None:
    world.rule(expression=None, window_minutes=30, documents=2, topics=["platform_workers"])
    for _ in range(3):
        world.post()
    world.engine().step()
    assert world.alerts() == []


def test_a_new_match_reopens_a_resolved_alert_in_a_new_cycle(world: World) -> None:
    world.rule()
    engine = world.engine()
    world.post()
    engine.step()
    with world.sessions.begin() as session:
        session.execute(update(Alert).values(state=AlertState.RESOLVED, resolved_at=world.now))
    world.post()
    engine.step()
    alert = world.alert()
    assert (alert.state, alert.cycle, alert.number) == ("open", 2, "YJ-20261121-001")
    assert world.told()[2:] == [("officer", "first"), ("leader", "first")]


def test_a_match_after_closing_opens_a_new_alert_that_follows_the_old(world: World) -> None:
    world.rule()
    engine = world.engine()
    world.post()
    engine.step()
    with world.sessions.begin() as session:
        session.execute(update(Alert).values(state=AlertState.CLOSED, closed_at=world.now))
    world.post()
    engine.step()
    old, new = world.alerts()
    assert (new.number, new.follows_id, new.documents) == ("YJ-20261121-002", old.id, 1)


def test_the_day_of_a_number_is_the_day_in_shanghai(world: World) -> None:
    world.rule()
    world.clock.set(shanghai("2026-11-22 00:10"))
    world.post()
    world.engine().step()
    assert world.alert().number == "YJ-20261122-001"


def test_the_severity_table_raises_a_level_with_its_reason(world: World) -> None:
    world.rule(severity=Severity.YELLOW)
    world.post(source="甲报", level="provincial")
    world.post(source="乙报", level="provincial")
    world.engine().step()
    alert = world.alert()
    assert (alert.severity, alert.severity_reason) == (Severity.ORANGE, "中央或省级媒体关注")


def test_the_timeline_is_whole_and_a_forged_entry_is_found(world: World) -> None:
    world.rule()
    world.post()
    world.engine().step()
    alert_id = world.alert().id
    with world.sessions() as session:
        assert timeline.verify_timeline(session, alert_id) is None
        entry = session.get_one(TimelineEntry, (alert_id, 2))
        session.expunge(entry)
        forged = timeline.entries(session, alert_id)
        forged[1].text = "无人通知"
        with session.no_autoflush:
            assert timeline.verify_timeline(session, alert_id) == 2


def test_clock_back_forty_minutes_freezes_the_timers_and_repeats_nothing(
    world: World, clock: FakeClock
) -> None:
    world.rule(severity=Severity.BLUE)
    clock.set(shanghai("2026-11-23 08:00"))  # a Monday
    engine = world.engine()
    world.post()
    engine.step()
    clock.set(shanghai("2026-11-23 08:30"))
    engine.step()
    assert [reason for _, reason in world.told()] == ["digest"]
    clock.set(shanghai("2026-11-23 09:00"))
    engine.step()
    clock.set(shanghai("2026-11-23 08:20"))
    for _ in range(45):
        world.post()
        engine.step()
        clock.advance(MINUTE)
    assert [reason for _, reason in world.told()] == ["digest"]
    with world.sessions() as session:
        notice = session.scalars(
            select(OperatorNotice).where(OperatorNotice.key == "clock-jump")
        ).one()
        assert notice.cleared_at is not None


@pytest.mark.parametrize(("day", "is_sent"), [("2026-02-14", True), ("2026-02-23", False)])
def test_digest_goes_out_on_an_adjusted_workday_and_not_on_a_day_off(
    world: World, clock: FakeClock, day: str, is_sent: bool
) -> None:
    world.rule(severity=Severity.BLUE)
    clock.set(shanghai(f"{day} 08:29"))
    engine = world.engine()
    world.post()
    engine.step()
    clock.advance(2 * MINUTE)
    engine.step()
    assert bool(world.deliveries()) is is_sent
    assert all(sent.body.endswith("覆盖：本期没有启用的数据源。") for sent in world.deliveries())
