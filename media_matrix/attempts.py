"""The record of what we asked a platform to do, written before we ask."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from core import claims
from core.claims import Claim
from core.database.base import JsonObject
from core.database.models.media import Account, Attempt, Draft, Publication, Variant
from media_matrix.access import PlatformAccess
from media_matrix.accounts import channel_account
from media_matrix.content import ChannelText
from media_matrix.drafts import as_channel_text, draft_cover
from media_matrix.publishers.base import AttemptOutcome, Post, PostJob

LEASE = dt.timedelta(minutes=2)
RESOLVED_BY_PROBE = "resolved_by_probe"


class PublicationLedger:
    """Attempts of one claimed publication; each call is a transaction of its own."""

    def __init__(self, access: PlatformAccess, claim: Claim) -> None:
        self._access = access
        self._claim = claim

    def begin(self, action: str, request: JsonObject) -> int:
        with self._access.sessions.begin() as session:
            # Whoever lost the claim must not open the socket; whoever holds it gets a fresh lease.
            claims.extend(session, Publication, self._claim, LEASE)
            return _add(session, self._claim, action, request, self._access.clock.now())

    def end(
        self, attempt: int, outcome: AttemptOutcome, response: JsonObject, progress: JsonObject
    ) -> None:
        # No guard by the claim: what the platform answered is a fact, whoever holds the row now.
        with self._access.sessions.begin() as session:
            session.execute(
                update(Attempt)
                .where(Attempt.id == attempt)
                .values(finished_at=self._access.clock.now(), outcome=outcome, response=response)
            )
            if progress:
                save_progress(session, self._claim.id, progress)


def save_progress(session: Session, publication_id: int, progress: JsonObject) -> None:
    publication = session.scalars(
        select(Publication)
        .where(Publication.id == publication_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    publication.progress = {**publication.progress, **progress}
    session.flush()


def record_probe(
    session: Session, claim: Claim, proof: JsonObject, verdict: str, now: dt.datetime
) -> None:
    """Keep what the platform showed, so that a decision can be proven later."""
    attempt = Attempt(
        publication_id=claim.id,
        action="probe",
        claim_epoch=claim.epoch,
        started_at=now,
        finished_at=now,
        outcome=verdict,
        request={},
        response=proof,
    )
    session.add(attempt)


def resolve_doubts(session: Session, publication_id: int, now: dt.datetime) -> None:
    """Mark the writes without an answer as settled by what the platform showed."""
    session.execute(
        update(Attempt)
        .where(Attempt.publication_id == publication_id, _is_doubtful())
        .values(outcome=RESOLVED_BY_PROBE, finished_at=func.coalesce(Attempt.finished_at, now))
    )


def doubtful_since(session: Session, publication_id: int) -> dt.datetime | None:
    """When the oldest write began whose outcome nobody knows; None when all are known."""
    return session.scalar(
        select(func.min(Attempt.started_at)).where(
            Attempt.publication_id == publication_id, _is_doubtful()
        )
    )


def opened_job(access: PlatformAccess, claim: Claim, now: dt.datetime) -> PostJob:
    """Read everything a publisher needs for one publication."""
    with access.sessions() as session:
        publication = session.get_one(Publication, claim.id)
        account = session.get_one(Account, publication.account_id)
        draft = session.get_one(Draft, publication.draft_id)
        variant = session.scalars(
            select(Variant).where(Variant.draft_id == draft.id, Variant.channel == account.channel)
        ).one_or_none()
        return PostJob(
            access=access,
            account=channel_account(access.keyring, account),
            post=Post(
                key=publication.delivery_key,
                publication_id=publication.id,
                title=draft.title,
                digest=draft.digest,
                variant=as_channel_text(variant)
                if variant is not None
                else ChannelText(channel=account.channel, title=draft.title, text=draft.body),
                cover=draft_cover(session, draft),
            ),
            ledger=PublicationLedger(access, claim),
            progress={
                **publication.progress,
                "platform_id": publication.platform_id or publication.progress.get("platform_id"),
                "url": publication.url or publication.progress.get("url"),
            },
            now=now,
            doubtful_since=doubtful_since(session, publication.id),
        )


def _is_doubtful() -> ColumnElement[bool]:
    return or_(Attempt.finished_at.is_(None), Attempt.outcome == AttemptOutcome.UNKNOWN)


def _add(session: Session, claim: Claim, action: str, request: JsonObject, now: dt.datetime) -> int:
    attempt = Attempt(
        publication_id=claim.id,
        action=action,
        claim_epoch=claim.epoch,
        started_at=now,
        request=request,
    )
    session.add(attempt)
    session.flush()
    return attempt.id
