"""Taking a published post back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, claims
from core.claims import Claim
from core.database.models.media import Publication, PublicationState
from core.errors import ConflictError, DeliveryError, WorkflowError
from media_matrix.access import PlatformAccess
from media_matrix.attempts import LEASE, opened_job
from media_matrix.publishers import publisher
from media_matrix.publishers.base import Capability, PlatformRefusedError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """``text`` says in Chinese what happened and what is left to do."""

    is_withdrawn: bool
    text: str


def withdraw(
    access: PlatformAccess, publication_id: int, *, person_id: int, reason: str
) -> Withdrawal:
    """Ask the platform to remove a published post; talks to the network between its own transactions.

    Removing twice does no harm, so after an unclear answer the same call may simply be made again.
    """
    if not reason.strip():
        raise WorkflowError("撤回要写明理由，没有撤回。请填写理由。")
    now = access.clock.now()
    with access.sessions.begin() as session:
        claim = _claimed(session, publication_id, person_id)
    job = opened_job(access, claim, now)
    channel = publisher(job.account.channel)
    if Capability.WITHDRAW not in channel.capabilities:
        _let_go(access, claim, now)
        return Withdrawal(False, "这个账号由人工发布，请到平台手工删除。系统里的状态没有变。")  # noqa: FBT003 - is_withdrawn
    try:
        channel.withdraw(job)
    except PlatformRefusedError as error:
        _let_go(access, claim, now)
        return Withdrawal(False, f"平台没有撤回：{error}")  # noqa: FBT003 - is_withdrawn
    except DeliveryError as error:
        _let_go(access, claim, now)
        return Withdrawal(False, f"撤回的结果不确定：{error}请打开链接核实，需要时再点一次“撤回”。")  # noqa: FBT003 - is_withdrawn
    with access.sessions.begin() as session:
        claims.finish(
            session,
            Publication,
            claim,
            state=PublicationState.WITHDRAWN,
            state_reason=None,
            metrics_due_at=None,
        )
        audit.record(
            session,
            audit.AuditEvent(
                actor=f"person:{person_id}",
                action="publication_withdrawn",
                object_type="publication",
                object_id=str(publication_id),
                detail={"reason": reason.strip()},
            ),
            now,
        )
    log.info("publication_withdrawn", publication_id=publication_id)
    return Withdrawal(True, "已撤回，读者看不到了。已被转载的内容无法收回。")  # noqa: FBT003 - is_withdrawn


def _claimed(session: Session, publication_id: int, person_id: int) -> Claim:
    """Hold a published row as a worker would, so that no worker touches it meanwhile."""
    publication = session.scalars(
        select(Publication).where(Publication.id == publication_id).with_for_update()
    ).one_or_none()
    if publication is None or publication.state != PublicationState.PUBLISHED:
        raise WorkflowError("只有已发布的内容可以撤回，状态没有变。请刷新页面。")
    is_busy = session.scalar(
        select(Publication.id).where(
            Publication.id == publication_id, Publication.lease_until > func.now()
        )
    )
    if is_busy is not None:
        raise ConflictError("系统正在读取这篇的数据，没有撤回。请过一分钟再点“撤回”。")
    publication.claim_owner = f"person:{person_id}"
    publication.claim_epoch += 1
    session.flush()
    publication.lease_until = session.scalar(select(func.now() + LEASE))
    session.flush()
    return Claim(publication_id, f"person:{person_id}", publication.claim_epoch, attempt=1)


def _let_go(access: PlatformAccess, claim: Claim, now: dt.datetime) -> None:
    with access.sessions.begin() as session:
        publication = session.get_one(Publication, claim.id)
        due_at = publication.metrics_due_at or now
        claims.finish(session, Publication, claim, due_at=due_at)
