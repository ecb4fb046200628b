"""Which documents of an alert are wanted as evidence."""

import datetime as dt

from sqlalchemy import select

from alerting import state_machine
from core.database.models.alerting import Severity
from core.database.models.collecting import Evidence
from core.database.models.operations import Queue, WorkItem
from tests.alerting.world import World


def wanted(world: World) -> set[int]:
    with world.sessions() as session:
        waiting = select(WorkItem.subject_id).where(WorkItem.queue == Queue.EVIDENCE.value)
        return set(session.scalars(waiting))


def raised(world: World, severity: Severity, posts: int) -> list[int]:
    world.rule(severity=severity)
    ids = [world.post(f"工地欠薪第{number}起", reposts=number) for number in range(posts)]
    world.engine().step()
    return ids


def test_of_a_blue_alert_only_what_its_page_shows_is_kept(world: World) -> None:
    ids = raised(world, Severity.BLUE, 12)
    # The first publication and the nine that were passed on most.
    assert wanted(world) == {ids[0], *ids[3:]}


def test_of_a_red_alert_every_document_is_kept_and_nothing_twice(world: World) -> None:
    ids = raised(world, Severity.RED, 12)
    assert wanted(world) == set(ids)
    alert = world.alert()
    with world.sessions.begin() as session:
        for item in session.scalars(select(WorkItem)):
            session.delete(item)
        evidence = Evidence(
            document_id=ids[0], alert_id=alert.id, kind="page", reason="", url="", fetched_at=world.now,
            taken_at=world.now, taken_by="system", size=0, warc_sha256=b"", sealed_warc=b"", audit_id=1,
        )  # fmt: skip
        session.add(evidence)
    more = world.post("工地欠薪又一起")
    world.engine().step()
    assert wanted(world) == {*ids[1:], more}


def test_an_officer_who_raises_the_level_has_every_document_kept(world: World) -> None:
    ids = raised(world, Severity.BLUE, 12)
    world.clock.advance(dt.timedelta(minutes=1))
    with world.sessions.begin() as session:
        state_machine.change_severity(
            session, world.alert().id, world.people["officer"], world.now,
            severity=Severity.ORANGE, reason="现场核实", tables=world.tables,
        )  # fmt: skip
    assert wanted(world) == set(ids)
