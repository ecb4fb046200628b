import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import audit
from core.clock import FakeClock
from core.database.sessions import Sessions


def write(sessions: Sessions, clock: FakeClock, count: int) -> None:
    for number in range(count):
        with sessions.begin() as session:
            event = audit.AuditEvent(
                "person:1", "rule.change", "rule", str(number), detail={"名称": "欠薪"}
            )
            audit.record(session, event, clock.now())


def test_an_untouched_log_verifies(sessions: Sessions, clock: FakeClock) -> None:
    write(sessions, clock, 5)
    with sessions() as session:
        assert audit.verify(session) is None


@pytest.mark.parametrize(
    "statement", ["update audit_entry set actor = 'x'", "delete from audit_entry"]
)
def test_the_log_refuses_changes(sessions: Sessions, clock: FakeClock, statement: str) -> None:
    write(sessions, clock, 1)
    with sessions.begin() as session:
        session.execute(text("update audit_entry set at = at where false"))
    with pytest.raises(DBAPIError, match="append-only"), sessions.begin() as session:
        session.execute(
            text(
                "delete from audit_entry where at > now() - interval '1 day' or true"
                if "delete" in statement
                else statement
            )
        )


def test_one_changed_value_is_found(sessions: Sessions, clock: FakeClock) -> None:
    write(sessions, clock, 4)
    with sessions.begin() as session:
        session.execute(text("alter table audit_entry disable trigger append_only"))
        session.execute(text("update audit_entry set actor = 'person:2' where id = 3"))
    with sessions() as session:
        assert audit.verify(session) == 3
