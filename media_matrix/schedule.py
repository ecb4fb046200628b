"""The plan: what goes out on which account and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, claims
from core.clock import SHANGHAI
from core.database.models.media import (
    Account,
    AccountState,
    Attempt,
    Draft,
    DraftState,
    Publication,
    PublicationState,
)
from core.errors import ConflictError, IllegalTransitionError, WorkflowError
from media_matrix import drafts
from media_matrix.content import delivery_key
from media_matrix.one_voice import require_one_voice
from media_matrix.platform_codes import own
from media_matrix.publication_states import IDLE, LIVE, state_label

TOPIC = "publication"
CLOSE = dt.timedelta(minutes=30)
GRACE_S = 600


@dataclass(frozen=True, slots=True)
class ScheduleResult:
    """``warnings`` are Chinese sentences that the editor should read; the plan stands all the same."""

    publications: list[Publication]
    warnings: list[str]


def schedule_draft(  # noqa: PLR0913 - a plan's parts are named by keyword
    session: Session,
    draft_id: int,
    *,
    planned_at: dt.datetime | None,
    person_id: int,
    now: dt.datetime,
    account_ids: Sequence[int] | None = None,
    again: bool = False,
    grace_s: int = GRACE_S,
) -> ScheduleResult:
    """Plan an approved draft on its accounts; ``planned_at`` None means at once.

    Raises WorkflowError for a time in the past or outside the approved window, an account that cannot
    publish, a text already out on an account (unless ``again``), and nearly the same text on a second
    account of one platform.
    """
    draft = drafts.locked_draft(session, draft_id)
    content_hash = _sealed(session, draft)
    planned_at = _valid_time(draft, planned_at, now)
    accounts = _chosen(drafts.draft_targets(session, draft_id), account_ids)
    warnings: list[str] = []
    require_one_voice(session, draft, accounts, planned_at)
    publications = []
    for account in accounts:
        _require_usable(account)
        warnings += _warnings(session, account, planned_at)
        occurrence = _occurrence(session, draft, account, again=again)
        publications.append(
            Publication(
                draft_id=draft.id,
                account_id=account.id,
                occurrence=occurrence,
                delivery_key=delivery_key(draft.id, account.id, content_hash, occurrence),
                content_hash=content_hash,
                planned_at=planned_at,
                due_at=planned_at,
                grace_s=grace_s,
                created_at=now,
                created_by=person_id,
            )
        )
    session.add_all(publications)
    session.flush()
    claims.notify(session, TOPIC)
    for publication in publications:
        _record(session, publication, "publication_scheduled", person_id, now)
    return ScheduleResult(publications, warnings)


def reschedule(
    session: Session,
    publication_id: int,
    *,
    planned_at: dt.datetime,
    person_id: int,
    now: dt.datetime,
) -> ScheduleResult:
    """Move a post that is not under way to another time; it is the new time that is checked."""
    draft, publication = _locked(session, publication_id)
    _require(publication, IDLE, "改期")
    if publication.content_hash != _sealed(session, draft):
        raise WorkflowError("稿件在排期之后改过，没有改期。请取消后重新排期。")
    planned_at = _valid_time(draft, planned_at, now)
    account = session.get_one(Account, publication.account_id)
    _require_usable(account)
    warnings = _warnings(session, account, planned_at, except_id=publication.id)
    publication.planned_at = planned_at
    _make_due(publication, planned_at)
    publication.resends = 0
    claims.notify(session, TOPIC)
    _record(session, publication, "publication_rescheduled", person_id, now)
    return ScheduleResult([publication], warnings)


def cancel(
    session: Session,
    publication_id: int,
    *,
    person_id: int,
    now: dt.datetime,
    reason: str | None = None,
) -> Publication:
    _, publication = _locked(session, publication_id)
    _require(publication, IDLE, "取消")
    publication.state = PublicationState.CANCELLED
    publication.state_reason = reason
    publication.due_at = None
    _record(session, publication, "publication_cancelled", person_id, now)
    return publication


def retry(
    session: Session, publication_id: int, *, person_id: int, now: dt.datetime
) -> Publication:
    """Send a post now that surely did not go out; raises ConflictError while that is not sure."""
    draft, publication = _locked(session, publication_id)
    if publication.state in {PublicationState.UNKNOWN, PublicationState.SENDING} or (
        publication.state == PublicationState.NEEDS_HUMAN
        and publication.state_reason != own("manual_task")
    ):
        raise ConflictError(
            "上一次提交的结果还不确定，这篇可能已经发出，没有重试。请先点“到平台核对”。"
        )
    _require(
        publication,
        {
            PublicationState.FAILED_FINAL,
            PublicationState.FAILED_RETRYABLE,
            PublicationState.MISSED,
            PublicationState.HELD,
        },
        "重试",
    )
    if publication.content_hash != _sealed(session, draft):
        raise WorkflowError("稿件在排期之后改过，没有重试。请取消后重新排期。")
    _require_usable(session.get_one(Account, publication.account_id))
    publication.planned_at = _valid_time(draft, None, now)
    publication.resends = 0
    _make_due(publication, now)
    claims.notify(session, TOPIC)
    _record(session, publication, "publication_retried", person_id, now)
    return publication


def check_platform(
    session: Session, publication_id: int, *, person_id: int, now: dt.datetime
) -> Publication:
    """Have the platform looked at for a post whose outcome nobody knows."""
    _, publication = _locked(session, publication_id)
    doubtful = {own("cannot_tell"), own("not_confirmed"), own("outcome_unknown")}
    if publication.state == PublicationState.NEEDS_HUMAN and publication.state_reason in doubtful:
        confirmed = publication.state_reason == own("not_confirmed")
        publication.state = PublicationState.ACCEPTED if confirmed else PublicationState.UNKNOWN
        publication.probes = 0
    _require(publication, {PublicationState.UNKNOWN, PublicationState.ACCEPTED}, "到平台核对")
    publication.due_at = now
    claims.notify(session, TOPIC)
    _record(session, publication, "publication_check_requested", person_id, now)
    return publication


def settle(
    session: Session,
    publication_id: int,
    *,
    person_id: int,
    now: dt.datetime,
    url: str | None = None,
) -> Publication:
    """Record what a person saw on the platform: the address of the post, or (None) surely nothing."""
    _, publication = _locked(session, publication_id)
    _require(publication, {PublicationState.NEEDS_HUMAN}, "人工确认")
    if url is None:
        publication.state = PublicationState.FAILED_FINAL
        publication.state_reason = own("settled_absent")
        publication.due_at = None
    else:
        if not url.strip().startswith(("http://", "https://")):
            raise WorkflowError("请贴以 http:// 或 https:// 开头的链接，状态没有变。")
        publication.state = PublicationState.PUBLISHED
        publication.state_reason = own("settled_published")
        publication.url = url.strip()
        publication.published_at = now
        publication.due_at = None
    _record(session, publication, "publication_settled", person_id, now)
    return publication


def conflicts(
    session: Session,
    account_ids: Iterable[int],
    planned_at: dt.datetime,
    *,
    except_id: int | None = None,
) -> list[Publication]:
    """List what is planned or published on the same accounts less than 30 minutes away."""
    query = select(Publication).where(
        Publication.account_id.in_(list(account_ids)),
        Publication.state.in_([state.value for state in LIVE]),
        Publication.planned_at > planned_at - CLOSE,
        Publication.planned_at < planned_at + CLOSE,
    )
    if except_id is not None:
        query = query.where(Publication.id != except_id)
    return list(session.scalars(query.order_by(Publication.planned_at, Publication.id)))


def find_publication(session: Session, publication_id: int) -> Publication:
    publication = session.get(Publication, publication_id)
    if publication is None:
        raise WorkflowError(f"没有编号为 {publication_id} 的发布任务。请回到内容日历。")
    return publication


def publications_of(session: Session, draft_id: int) -> list[Publication]:
    return list(
        session.scalars(
            select(Publication)
            .where(Publication.draft_id == draft_id)
            .order_by(Publication.planned_at, Publication.id)
        )
    )


def attempts_of(session: Session, publication_id: int) -> list[Attempt]:
    return list(
        session.scalars(
            select(Attempt).where(Attempt.publication_id == publication_id).order_by(Attempt.id)
        )
    )


def _locked(session: Session, publication_id: int) -> tuple[Draft, Publication]:
    # Always the draft before its publications: edits and workers take the same order.
    found = find_publication(session, publication_id)
    draft = drafts.locked_draft(session, found.draft_id)
    publication = session.scalars(
        select(Publication)
        .where(Publication.id == publication_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    return draft, publication


def _require(publication: Publication, states: Iterable[PublicationState], action: str) -> None:
    if publication.state not in set(states):
        raise IllegalTransitionError(
            f"这篇现在是“{state_label(publication.state)}”，不能{action}，状态没有变。请刷新页面。"
        )


def _make_due(publication: Publication, due_at: dt.datetime) -> None:
    publication.state = PublicationState.SCHEDULED
    publication.state_reason = None
    publication.due_at = due_at
    publication.dead_at = None
    publication.attempt = 0


def _sealed(session: Session, draft: Draft) -> bytes:
    if draft.state != DraftState.APPROVED or draft.sealed_hash is None:
        raise WorkflowError("稿件还没有通过全部审校，不能排期。请先完成审校。")
    if drafts.draft_content(session, draft).hash() != draft.sealed_hash:
        raise WorkflowError("稿件内容与审定的不一致，不能排期。请重新送审。")
    return draft.sealed_hash


def _valid_time(draft: Draft, planned_at: dt.datetime | None, now: dt.datetime) -> dt.datetime:
    if planned_at is None:
        planned_at = now
    elif planned_at <= now:
        shown = planned_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        raise WorkflowError(f"发布时间 {shown} 已经过去，没有排期。请选一个将来的时间。")
    starts, ends = draft.window_starts_at, draft.window_ends_at
    if (starts is not None and planned_at < starts) or (ends is not None and planned_at >= ends):
        raise WorkflowError(
            "发布时间不在审定的时间窗口内，没有排期。请改时间，或改窗口后重新送审。"
        )
    return planned_at


def _chosen(targets: list[Account], account_ids: Sequence[int] | None) -> list[Account]:
    if account_ids is None:
        chosen = targets
    else:
        foreign = set(account_ids) - {account.id for account in targets}
        if foreign:
            raise WorkflowError("选了稿件没有审定的账号，没有排期。请改稿件的账号后重新送审。")
        chosen = [account for account in targets if account.id in set(account_ids)]
    if not chosen:
        raise WorkflowError("没有选择账号，没有排期。请至少选一个账号。")
    return chosen


def _require_usable(account: Account) -> None:
    if account.state != AccountState.ACTIVE:
        raise WorkflowError(
            f"账号“{account.name}”现在不能发布，没有排期。请先到账号页处理，或不选这个账号。"
        )


def _warnings(
    session: Session, account: Account, planned_at: dt.datetime, *, except_id: int | None = None
) -> list[str]:
    found = conflicts(session, [account.id], planned_at, except_id=except_id)
    warnings = [
        f"账号“{account.name}”在 {other.planned_at.astimezone(SHANGHAI):%H:%M} 还有一篇，"
        "两篇相隔不到 30 分钟。"
        for other in found[:1]
    ]
    if account.frozen_at is not None:
        warnings.append(f"账号“{account.name}”正在静默，到点不会发出。")
    return warnings


def _occurrence(session: Session, draft: Draft, account: Account, *, again: bool) -> int:
    earlier = session.execute(
        select(Publication.occurrence, Publication.state).where(
            Publication.draft_id == draft.id, Publication.account_id == account.id
        )
    ).all()
    for _, state in earlier:
        if state in LIVE | {PublicationState.HELD, PublicationState.MISSED} and not (
            again and state == PublicationState.PUBLISHED
        ):
            raise WorkflowError(
                f"这篇在账号“{account.name}”上已是“{state_label(state)}”，没有重复排期。"
            )
    latest = session.scalar(
        select(func.max(Publication.occurrence)).where(
            Publication.draft_id == draft.id, Publication.account_id == account.id
        )
    )
    return (latest or 0) + 1


def _record(
    session: Session, publication: Publication, action: str, person_id: int, now: dt.datetime
) -> None:
    audit.record(
        session,
        audit.AuditEvent(
            actor=f"person:{person_id}",
            action=action,
            object_type="publication",
            object_id=str(publication.id),
            detail={"draft": publication.draft_id, "account": publication.account_id},
        ),
        now,
    )
