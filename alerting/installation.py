"""What an empty installation needs before the first alert: calendar, roster, policy, rules."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerting.escalation_chain import shipped_steps, steps_json
from alerting.roster import default_roster
from alerting.rules import RuleLanguage, install_default_rules
from alerting.workdays import seed_calendar
from config.alerting_defaults import AlertingDefaults
from core.database.models.duty import EscalationPolicy


def install_alerting(
    session: Session,
    defaults: AlertingDefaults,
    *,
    now: dt.datetime,
    language: RuleLanguage,
    organisation_id: int,
) -> None:
    """Add what is missing and change nothing that is there; may run at every start."""
    seed_calendar(session, now)
    roster = default_roster(session, organisation_id, now)
    if roster is not None and session.scalar(select(EscalationPolicy.id).limit(1)) is None:
        session.add(
            EscalationPolicy(
                name=defaults.escalation.name,
                roster_id=roster.id,
                steps=steps_json(shipped_steps(defaults.escalation)),
                is_default=True,
                changed_at=now,
            )
        )
        session.flush()
    install_default_rules(session, defaults, now=now, language=language)
