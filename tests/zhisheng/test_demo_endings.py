"""Past events of the demo that are closed with what became of them."""

from sqlalchemy import select

from core import event_decisions
from core.clock import FakeClock
from core.database.models.organisation import Organisation, Person
from core.database.models.understanding import Event, EventStatus
from core.database.sessions import Sessions
from core.event_decisions import Seen
from tests.events import EventDraft, Told, add_event
from zhisheng.demo.endings import close_past_events
from zhisheng.demo.history import load_material


def test_past_events_are_closed_once_with_their_outcome(
    sessions: Sessions, clock: FakeClock
) -> None:
    now = clock.now()
    told = [Told(title=f"磨石镇电子厂的工资晚了{days}天", hours_ago=500) for days in (6, 8, 9)]
    with sessions.begin() as session:
        organisation = Organisation(name="河湾市总工会", level="city")
        session.add(organisation)
        session.flush()
        person = Person(
            organisation_id=organisation.id, login="fenxi", name="孙越", roles=["analyst"],
            password_hash="x", password_changed_at=now,
        )  # fmt: skip
        session.add(person)
        session.flush()
        add_event(session, EventDraft(title="别的事"), [Told()], now)
        id_ = add_event(session, EventDraft(title="某厂的工资"), told, now)
        assert close_past_events(session, load_material(), person.id, now) == 1
        assert close_past_events(session, load_material(), person.id, now) == 0
        event = session.get_one(Event, id_)
        assert (event.title, event.status) == ("磨石镇电子厂延期发薪", EventStatus.CLOSED)
        assert "分两批补齐" in (event.outcome or "")
        assert event.owner_id == person.id
        event_decisions.reopen(session, Seen(id_, event.version), actor="person:1", now=now)
        assert close_past_events(session, load_material(), person.id, now) == 0
        assert session.scalars(select(Event.closed_at)).all() == [None, None]
