"""Matches become alerts: one live alert per rule and group, opened, grown, raised or opened again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from alerting import timeline
from alerting.alerts import next_number, running_deadlines, set_deadlines
from alerting.deadlines import DeadlineTable
from alerting.escalation_chain import EscalationChain, snapshot
from alerting.evidence import Gathered, gather
from alerting.evidence_keeping import keep_evidence
from alerting.levels import SEVERITY_LABELS
from alerting.severity import Proposal, propose
from alerting.unplaced import settled_key
from config.alerting_defaults import EscalationDefaults, SeverityTable
from core.clock import SHANGHAI
from core.database.models.alerting import Alert, AlertState, Match, ReportState, Rule, Severity
from core.faults import fault_point

log = structlog.get_logger(__name__)

BATCH = 100
_TITLE_LENGTH = 60
_MATCHES_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Tables:
    """What the union edits: levels, clocks and the chain that is used where no policy is stored."""

    severity: SeverityTable
    deadlines: DeadlineTable
    escalation: EscalationDefaults


def waiting_groups(session: Session) -> list[tuple[int, str]]:
    """List rule and group of matches that belong to no alert yet, the gravest first."""
    rows = session.execute(
        select(Match.rule_id, Match.group_key)
        .where(Match.alert_id.is_(None))
        .group_by(Match.rule_id, Match.group_key)
        .order_by(func.min(Match.severity), func.min(Match.id))
        .limit(BATCH)
    )
    return [(rule_id, key) for rule_id, key in rows]


def attach_group(
    session: Session, rule_id: int, group_key: str, *, tables: Tables, now: dt.datetime
) -> int | None:
    """Attach the group's waiting matches in the caller's transaction; returns the alert's id.

    Without waiting matches a live alert only has its counts renewed. None when there is nothing to do.
    """
    group_key = settled_key(session, rule_id, group_key, now)
    matches = session.scalars(
        select(Match)
        .where(Match.rule_id == rule_id, Match.group_key == group_key, Match.alert_id.is_(None))
        .order_by(Match.id)
        .limit(_MATCHES_AT_ONCE)
        .with_for_update()
    ).all()
    alert = _live(session, rule_id, group_key)
    if alert is None and matches:
        rule = session.get_one(Rule, rule_id)
        alert = _opened(session, rule, group_key, matches, tables=tables, now=now)
    elif alert is not None and matches:
        _appended(session, alert, matches, now)
    if alert is None:
        return None
    _renew(session, alert, tables=tables, now=now, has_news=bool(matches))
    fault_point("attach.before_commit")
    return alert.id


def _live(session: Session, rule_id: int, group_key: str) -> Alert | None:
    return session.scalars(
        select(Alert)
        .where(
            Alert.rule_id == rule_id,
            Alert.group_key == group_key,
            Alert.state != AlertState.CLOSED.value,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def _opened(
    session: Session,
    rule: Rule,
    group_key: str,
    matches: Iterable[Match],
    *,
    tables: Tables,
    now: dt.datetime,
) -> Alert:
    severity = min(match.severity for match in matches)
    follows_id = session.scalar(
        select(func.max(Alert.id)).where(Alert.rule_id == rule.id, Alert.group_key == group_key)
    )
    created = session.scalar(
        insert(Alert)
        .values(
            number=next_number(session, now),
            rule_id=rule.id,
            rule_version=max(match.rule_version for match in matches),
            group_key=group_key,
            title=rule.name,
            follows_id=follows_id,
            **_opening(session, rule, severity, tables=tables, now=now),
        )
        .on_conflict_do_nothing()
        .returning(Alert.id)
    )
    if created is None:
        # Another copy opened it between our look and our insert; its row is ours to append to now.
        alert = _live(session, rule.id, group_key)
        assert alert is not None  # noqa: S101 (the conflict proves that it exists)
        _appended(session, alert, matches, now)
        return alert
    alert = session.get_one(Alert, created)
    _take_matches(session, alert, matches)
    timeline.append(
        session,
        alert.id,
        now,
        actor=timeline.SYSTEM,
        action="opened",
        text=f"规则「{rule.name}」命中，生成预警 {alert.number}",
        detail={"rule_id": rule.id, "rule_version": alert.rule_version, "follows": follows_id},
    )
    log.info("alert_opened", alert_id=alert.id, rule_id=rule.id, severity=severity)
    return alert


def _opening(
    session: Session, rule: Rule, severity: int, *, tables: Tables, now: dt.datetime
) -> dict[str, object]:
    """Set the level's clocks and keep a copy of the escalation chain as it is at this moment."""
    timers = tables.deadlines.of(severity)
    base_at = now + dt.timedelta(seconds=timers.group_wait_s)
    chain = snapshot(session, rule.policy_id, tables.escalation, base_at)
    deadlines = tables.deadlines.opening(severity, now)
    has_reports = deadlines.oral_by is not None or deadlines.written_by is not None
    return {
        "severity": severity,
        "proposed_severity": severity,
        "state": AlertState.OPEN.value,
        "opened_at": now,
        "severity_since": now,
        "last_match_at": now,
        "chain": chain.as_json(),
        "next_step": 1 if chain.steps.get(severity) else None,
        "next_step_at": chain.due_at(severity, 1, repeat_s=timers.repeat_s),
        "acknowledge_by": deadlines.acknowledge_by,
        "oral_report_by": deadlines.oral_by,
        "written_report_by": deadlines.written_by,
        "report_state": (ReportState.DUE if has_reports else ReportState.NONE).value,
    }


def _take_matches(session: Session, alert: Alert, matches: Iterable[Match]) -> None:
    session.execute(
        update(Match)
        .where(Match.id.in_([match.id for match in matches]), Match.alert_id.is_(None))
        .values(alert_id=alert.id)
        .execution_options(synchronize_session=False)
    )


def _appended(session: Session, alert: Alert, matches: Iterable[Match], now: dt.datetime) -> None:
    _take_matches(session, alert, matches)
    alert.last_match_at = now
    if alert.state == AlertState.RESOLVED.value:
        _reopen(session, alert, now)


def _reopen(session: Session, alert: Alert, now: dt.datetime) -> None:
    reopen(alert, now)
    timeline.append(
        session,
        alert.id,
        now,
        actor=timeline.SYSTEM,
        action="reopened",
        text=f"处置后又有新的命中，重新打开（第 {alert.cycle} 轮）",
    )


def reopen(alert: Alert, now: dt.datetime) -> None:
    """Start a new cycle: the chain runs again from its first step, the report clocks stay."""
    chain = EscalationChain.from_json(alert.chain).restarted(now, "first")
    alert.state = AlertState.OPEN.value
    alert.cycle += 1
    alert.version += 1
    alert.chain = chain.as_json()
    alert.next_step = 1 if chain.steps.get(alert.severity) else None
    alert.next_step_at = now if alert.next_step else None
    alert.acknowledged_at = alert.acknowledged_by = None
    alert.idle_since = alert.reminded_at = alert.resolved_at = None
    alert.verdict = alert.verdict_reason = None
    alert.notified_at = None
    alert.notified_documents = alert.notified_sources = 0


def _renew(
    session: Session, alert: Alert, *, tables: Tables, now: dt.datetime, has_news: bool
) -> None:
    session.flush()
    gathered = gather(session, alert)
    if not has_news and len(gathered.document_ids) == alert.documents:
        return
    rule = session.get_one(Rule, alert.rule_id)
    alert.documents = len(gathered.document_ids)
    alert.sources = gathered.sources
    alert.topics = list(gathered.topics)
    alert.regions = list(gathered.regions)
    alert.event_id = alert.event_id or gathered.event_id
    alert.is_demo = gathered.is_demo
    kept = {name: alert.evidence[name] for name in ("lowered_at",) if name in alert.evidence}
    alert.evidence = gathered.content | kept
    alert.title = _title(rule, gathered)
    alert.summary = _summary(gathered)
    alert.version += 1
    if not has_news:
        alert.last_match_at = now
    proposal = propose(
        tables.severity, gathered.facts, base=rule.severity, rule_name=rule.name, at=now
    )
    alert.proposed_severity = min(alert.proposed_severity, proposal.severity)
    if alert.severity_reason is None:
        alert.severity_reason = proposal.reason
    if proposal.severity < alert.severity and not _was_lowered(alert, proposal):
        raise_severity(session, alert, proposal.severity, tables=tables, now=now)
        alert.severity_reason = proposal.reason
        _note_rise(session, alert, proposal, now)
    keep_evidence(session, alert, gathered.document_ids, now)
    session.flush()


def _was_lowered(alert: Alert, proposal: Proposal) -> bool:
    """Keep an officer's lowered level until the machine has something graver to say than then."""
    lowered_at = alert.evidence.get("lowered_at")
    return isinstance(lowered_at, int) and proposal.severity >= lowered_at


def raise_severity(
    session: Session, alert: Alert, severity: Severity, *, tables: Tables, now: dt.datetime
) -> None:
    """Raise the level: the earlier of both clocks holds, and an open alert is escalated anew at once."""
    was = alert.severity
    deadlines = tables.deadlines.changed(
        running_deadlines(alert), was=was, severity=severity, at=now
    )
    set_deadlines(alert, deadlines)
    if alert.report_state == ReportState.NONE.value and (deadlines.oral_by or deadlines.written_by):
        alert.report_state = ReportState.DUE.value
    alert.severity = severity
    alert.severity_since = now
    reason = "first" if alert.notified_at is None else f"rise:{int(severity)}"
    chain = EscalationChain.from_json(alert.chain).restarted(now, reason)
    alert.chain = chain.as_json()
    if alert.state in {AlertState.OPEN.value, AlertState.ACKNOWLEDGED.value}:
        alert.next_step = 1 if chain.steps.get(severity) else None
        alert.next_step_at = now if alert.next_step else None
    session.flush()


def _note_rise(session: Session, alert: Alert, proposal: Proposal, now: dt.datetime) -> None:
    timeline.append(
        session,
        alert.id,
        now,
        actor=timeline.SYSTEM,
        action="raised",
        text=f"级别升为{SEVERITY_LABELS[proposal.severity]}：{proposal.reason}",
        detail={"severity": int(proposal.severity)},
    )


def _title(rule: Rule, gathered: Gathered) -> str:
    title = gathered.first_title.strip().replace("\n", " ")
    if len(title) > _TITLE_LENGTH:
        title = title[: _TITLE_LENGTH - 1] + "…"
    return f"{rule.name}：{title}" if title else rule.name


def _summary(gathered: Gathered) -> str:
    first = gathered.first_published_at
    since = f"，最早发布于 {first.astimezone(SHANGHAI):%m月%d日 %H:%M}" if first else ""
    late = ""
    if gathered.content.get("is_late") and first:
        late = f"【迟到数据，事发于 {first.astimezone(SHANGHAI):%m月%d日 %H:%M}】"
    return (
        f"{late}{gathered.content['why']}。共 {len(gathered.document_ids)} 条内容、"
        f"{gathered.sources} 个信源{since}。"
    )
