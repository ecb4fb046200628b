"""The editable tables: what the union saved, else what the product ships."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from alerting.attach import Tables
from alerting.deadlines import DeadlineTable
from config.alerting_defaults import AlertingDefaults, read_deadlines, read_severity_table
from config.settings import SettingsError
from core import audit
from core.database.base import JsonObject
from core.database.models.operations import StoredSetting
from core.errors import InvalidOptionsError

SEVERITY_TABLE = "alerting.severity_table"
DEADLINES = "alerting.deadlines"


def stored_tables(session: Session, defaults: AlertingDefaults) -> Tables:
    severity = session.get(StoredSetting, SEVERITY_TABLE)
    deadlines = session.get(StoredSetting, DEADLINES)
    return Tables(
        severity=read_severity_table(severity.value) if severity else defaults.severity_table,
        deadlines=DeadlineTable(
            read_deadlines(deadlines.value) if deadlines else defaults.deadlines
        ),
        escalation=defaults.escalation,
    )


def is_confirmed(session: Session, name: str) -> bool:
    """Tell whether the union has saved its own; until then the console says 默认值，未经本单位确认."""
    return session.get(StoredSetting, name) is not None


def save_table(
    session: Session, name: str, value: JsonObject, *, person_id: int, now: dt.datetime
) -> None:
    """Store one of the tables, in the shape of the shipped file; raises InvalidOptionsError."""
    try:
        {SEVERITY_TABLE: read_severity_table, DEADLINES: read_deadlines}[name](value)
    except SettingsError as error:
        raise InvalidOptionsError({name: "；".join(error.faults)}) from error
    values = {"value": value, "changed_at": now, "changed_by": person_id}
    session.execute(
        insert(StoredSetting)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )
    session.expire_all()
    event = audit.AuditEvent(f"person:{person_id}", "alerting_table_saved", "setting", name)
    audit.record(session, event, now)
