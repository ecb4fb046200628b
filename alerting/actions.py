"""What may be done with an alert in each of its states."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from core.database.models.alerting import AlertState


class Action(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    PROGRESS = "progress"
    ASSIGN = "assign"
    CHANGE_SEVERITY = "change_severity"
    RESOLVE = "resolve"
    DISMISS = "dismiss"
    CLOSE = "close"
    REOPEN = "reopen"
    REPORT = "report"


_HANDLING = (
    Action.PROGRESS,
    Action.ASSIGN,
    Action.CHANGE_SEVERITY,
    Action.RESOLVE,
    Action.DISMISS,
    Action.REPORT,
)
_ACTIONS: Mapping[AlertState, tuple[Action, ...]] = MappingProxyType(
    {
        AlertState.PENDING: (),
        AlertState.OPEN: (Action.ACKNOWLEDGE, *_HANDLING),
        AlertState.ACKNOWLEDGED: (Action.ACKNOWLEDGE, Action.UNACKNOWLEDGE, *_HANDLING),
        AlertState.RESOLVED: (Action.CLOSE, Action.REOPEN, Action.REPORT),
        AlertState.CLOSED: (),
    }
)


def available_actions(state: AlertState) -> tuple[Action, ...]:
    return _ACTIONS[state]
