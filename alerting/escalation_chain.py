"""The escalation chain of one alert: a copy of the policy as it was when the alert opened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerting.levels import SEVERITIES
from config.alerting_defaults import EscalationDefaults
from core.database.base import JsonObject
from core.database.models.duty import EscalationPolicy


@dataclass(frozen=True, slots=True)
class ChainStep:
    after_s: int
    layers: tuple[str, ...]
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EscalationChain:
    """``base_at`` is the moment the steps are counted from, ``reason`` why they run (first, rise:1, …)."""

    policy: str
    is_confirmed: bool
    roster_id: int | None
    base_at: dt.datetime
    reason: str
    steps: Mapping[int, tuple[ChainStep, ...]]

    def due_at(self, severity: int, number: int, *, repeat_s: int | None) -> dt.datetime | None:
        """Give when step ``number`` (from 1) is due; past the last step it repeats; None: never."""
        steps = self.steps.get(severity, ())
        if not steps:
            return None
        if number <= len(steps):
            return self.base_at + dt.timedelta(seconds=steps[number - 1].after_s)
        if repeat_s is None:
            return None
        seconds = steps[-1].after_s + repeat_s * (number - len(steps))
        return self.base_at + dt.timedelta(seconds=seconds)

    def step(self, severity: int, number: int) -> ChainStep | None:
        """Give what step ``number`` does; repeats do what the last step did."""
        steps = self.steps.get(severity, ())
        return steps[min(number, len(steps)) - 1] if steps else None

    def restarted(self, base_at: dt.datetime, reason: str) -> EscalationChain:
        return replace(self, base_at=base_at, reason=reason)

    def as_json(self) -> JsonObject:
        return {
            "policy": self.policy,
            "confirmed": self.is_confirmed,
            "roster_id": self.roster_id,
            "base_at": self.base_at.astimezone(dt.UTC).isoformat(),
            "reason": self.reason,
            "steps": steps_json(self.steps),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, object]) -> Self:
        roster_id = content.get("roster_id")
        return cls(
            policy=str(content["policy"]),
            is_confirmed=content.get("confirmed") is True,
            roster_id=roster_id if isinstance(roster_id, int) else None,
            base_at=dt.datetime.fromisoformat(str(content["base_at"])),
            reason=str(content["reason"]),
            steps=_steps(content.get("steps")),
        )


def steps_json(steps: Mapping[int, tuple[ChainStep, ...]]) -> JsonObject:
    return {
        str(severity): [
            {"after_s": step.after_s, "layers": list(step.layers), "channels": list(step.channels)}
            for step in listed
        ]
        for severity, listed in steps.items()
    }


def _steps(content: object) -> dict[int, tuple[ChainStep, ...]]:
    if not isinstance(content, dict):
        return {}
    return {
        int(severity): tuple(
            ChainStep(int(item["after_s"]), tuple(item["layers"]), tuple(item["channels"]))
            for item in listed
        )
        for severity, listed in content.items()
    }


def shipped_steps(defaults: EscalationDefaults) -> dict[int, tuple[ChainStep, ...]]:
    return {
        int(SEVERITIES[name]): tuple(
            ChainStep(step.after_s, step.layers, step.channels) for step in listed
        )
        for name, listed in defaults.steps.items()
    }


def snapshot(
    session: Session, policy_id: int | None, defaults: EscalationDefaults, base_at: dt.datetime
) -> EscalationChain:
    """Copy the rule's policy, else the default one, else the shipped steps."""
    wanted = EscalationPolicy.is_default if policy_id is None else EscalationPolicy.id == policy_id
    policy = session.scalars(select(EscalationPolicy).where(wanted).limit(1)).one_or_none()
    if policy is None:
        return EscalationChain(
            policy=defaults.name,
            is_confirmed=False,
            roster_id=None,
            base_at=base_at,
            reason="first",
            steps=shipped_steps(defaults),
        )
    return EscalationChain(
        policy.name, policy.is_confirmed, policy.roster_id, base_at, "first", _steps(policy.steps)
    )
