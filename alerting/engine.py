"""The engine role: evaluates documents everywhere, and ticks where it leads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from alerting import digest, escalation, report_clocks, rulebook, rules, windows
from alerting.alerts import require_lead
from alerting.attach import Tables, attach_group, waiting_groups
from alerting.auditor import run_audit
from alerting.evaluation import evaluate_due
from alerting.rulebook import Rulebook
from alerting.tables import stored_tables
from config.alerting_defaults import AlertingDefaults
from core import leases, notices
from core.clock import Clock
from core.database.models.alerting import WindowBucket
from core.database.sessions import Sessions
from core.errors import ConflictError
from core.expression import Field
from core.faults import fault_point
from core.leases import Leadership

log = structlog.get_logger(__name__)

MODULE = "engine"
JUMP_BACK = dt.timedelta(seconds=2)
CATCH_UP = dt.timedelta(minutes=5)
AUDIT_EVERY = dt.timedelta(seconds=60)
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Tick:
    """``now`` never runs backwards: it is the later of the clock and the last tick."""

    leadership: Leadership
    now: dt.datetime
    last: dt.datetime | None
    tables: Tables


class EngineWorker:
    """``names`` are the field names that expressions may use, as core.expression.parse takes them."""

    topics = frozenset({"evaluate", "engine", rules.TOPIC})

    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        *,
        owner: str,
        version: str,
        defaults: AlertingDefaults,
        names: Mapping[Field, Mapping[str, str]] | None = None,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._owner = owner
        self._version = version
        self._defaults = defaults
        self._names = names
        self._rulebook: Rulebook | None = None
        self._audited_at: dt.datetime | None = None
        self._was_jumping = False

    def step(self) -> int:
        """Evaluate what is due and, as the leader, tick; returns how much was handled.

        A leader that is replaced in the middle stops quietly: its standby goes on.
        """
        book = self._current_rules()
        now = self._clock.now()
        handled = evaluate_due(self._sessions, book, owner=self._owner, now=now)
        try:
            tick = self._lead(now)
            if tick is not None:
                handled += self._tick(tick, book)
        except ConflictError as error:
            log.warning("engine_lead_lost", owner=self._owner, reason=str(error))
        return handled

    def stop(self) -> None:
        """Give the lead back, so that a standby takes over at once."""
        with self._sessions.begin() as session:
            leadership = leases.lead(session, MODULE, self._owner, version=self._version)
            if leadership is not None:
                leases.resign(session, leadership)

    def _current_rules(self) -> Rulebook:
        with self._sessions() as session:
            if self._rulebook is None or rulebook.stamp(session) != self._rulebook.stamp:
                self._rulebook = rulebook.load(session, self._names, former=self._rulebook)
                log.info("rules_loaded", rules=len(self._rulebook.rules))
            return self._rulebook

    def _lead(self, now: dt.datetime) -> Tick | None:
        with self._sessions.begin() as session:
            leadership = leases.lead(session, MODULE, self._owner, version=self._version)
            if leadership is None:
                return None
            last = leadership.last_tick
            effective = max(now, last) if last else now
            self._judge_clock(session, now, last)
            leases.save_tick(session, leadership, effective)
            return Tick(leadership, effective, last, stored_tables(session, self._defaults))

    def _judge_clock(self, session: Session, now: dt.datetime, last: dt.datetime | None) -> None:
        if last is None:
            return
        if last - now > JUMP_BACK:
            if not self._was_jumping:
                log.error("clock_jumped_back", seconds=(last - now).total_seconds())
            self._was_jumping = True
            text = f"系统时钟倒退了 {int((last - now).total_seconds())} 秒，计时已暂停，追上后恢复。请检查对时。"
            notices.raise_notice(session, "clock-jump", text, last)
            return
        if self._was_jumping:
            self._was_jumping = False
            notices.clear_notice(session, "clock-jump", now)
        if now - last > CATCH_UP:
            log.warning("engine_catching_up", seconds=(now - last).total_seconds())

    def _tick(self, tick: Tick, book: Rulebook) -> int:
        handled = self._count_windows(tick, book)
        for _ in range(_ROUNDS):
            with self._sessions() as session:
                groups = waiting_groups(session)
            attached = self._attach(tick, groups)
            handled += attached
            if not attached:
                break
        handled += self._each(
            tick,
            lambda session: escalation.due_alerts(session, tick.now),
            lambda session, id_: escalation.escalate(
                session, id_, deadlines=tick.tables.deadlines, now=tick.now
            ),
        )
        fault_point("escalate.after_commit")
        handled += self._each(
            tick,
            escalation.grown_alerts,
            lambda session, id_: escalation.tell_growth(
                session, id_, deadlines=tick.tables.deadlines, now=tick.now
            ),
        )
        handled += self._each(
            tick,
            report_clocks.alerts_with_clocks,
            lambda session, id_: report_clocks.run_clocks(
                session, id_, deadlines=tick.tables.deadlines, now=tick.now
            ),
        )
        with self._sessions.begin() as session:
            require_lead(session, tick.leadership)
            handled += digest.send_digest(
                session, self._defaults.escalation, last_tick=tick.last, now=tick.now
            )
        self._audit(tick, book)
        return handled

    def _count_windows(self, tick: Tick, book: Rulebook) -> int:
        with self._sessions.begin() as session:
            require_lead(session, tick.leadership)
            dirty = session.execute(
                select(WindowBucket.rule_id, WindowBucket.group_key)
                .where(WindowBucket.due_at <= tick.now)
                .distinct()
            ).all()
            counted = windows.recount_due(session, book.rules, tick.now) if dirty else 0
        self._attach(tick, [(rule_id, key) for rule_id, key in dirty])
        return counted

    def _attach(self, tick: Tick, groups: Iterable[tuple[int, str]]) -> int:
        attached = 0
        for rule_id, key in groups:
            with self._sessions.begin() as session:
                require_lead(session, tick.leadership)
                alert_id = attach_group(session, rule_id, key, tables=tick.tables, now=tick.now)
            attached += alert_id is not None
        return attached

    def _each(
        self,
        tick: Tick,
        listed: Callable[[Session], list[int]],
        handle: Callable[[Session, int], int],
    ) -> int:
        """Handle each listed alert in a fenced transaction of its own."""
        with self._sessions() as session:
            ids = listed(session)
        handled = 0
        for id_ in ids:
            with self._sessions.begin() as session:
                require_lead(session, tick.leadership)
                handled += handle(session, id_)
        return handled

    def _audit(self, tick: Tick, book: Rulebook) -> None:
        if self._audited_at is not None and tick.now - self._audited_at < AUDIT_EVERY:
            return
        self._audited_at = tick.now
        with self._sessions.begin() as session:
            require_lead(session, tick.leadership)
            run_audit(session, book, tick.now)
