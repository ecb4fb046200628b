"""Posts that name no place join the live alert of their rule and topic where there is just one.

People on the spot rarely write where they are: without this, one matter would open two alerts.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.database.models.alerting import Alert, AlertState, Match

_SEPARATOR = "|region:"
_UNPLACED = f"{_SEPARATOR}-"
# Beyond a day without news a post without a place is as likely about another matter.
_WITHIN = dt.timedelta(days=1)


def settled_key(session: Session, rule_id: int, group_key: str, now: dt.datetime) -> str:
    """Give the key under which the group's matches belong together; may rename a live alert or the matches."""
    topic, separator, _ = group_key.partition(_SEPARATOR)
    if not separator:
        return group_key
    live = session.execute(
        select(Alert.id, Alert.group_key)
        .where(
            Alert.rule_id == rule_id,
            Alert.state != AlertState.CLOSED.value,
            Alert.group_key.startswith(topic + _SEPARATOR, autoescape=True),
            Alert.last_match_at > now - _WITHIN,
        )
        .with_for_update()
    ).all()
    if len(live) != 1 or live[0].group_key == group_key:
        return group_key
    if group_key.endswith(_UNPLACED):
        known = live[0].group_key
        session.execute(
            update(Match)
            .where(
                Match.rule_id == rule_id,
                Match.group_key == group_key,
                Match.alert_id.is_(None),
                Match.bucket.is_(None),
            )
            .values(group_key=known)
        )
        return str(known)
    if live[0].group_key.endswith(_UNPLACED):
        # The alert learns its place from the first post that names one.
        session.execute(update(Alert).where(Alert.id == live[0].id).values(group_key=group_key))
    return group_key
