"""The worker that carries posts to the platforms: send at most once, look before sending again."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import claims
from core.claims import Claim
from core.database.models.media import (
    Account,
    AccountState,
    Draft,
    DraftState,
    Publication,
    PublicationState,
)
from core.errors import ConflictError
from core.faults import fault_point
from media_matrix import attempts, drafts
from media_matrix.access import PlatformAccess
from media_matrix.attempts import LEASE, opened_job
from media_matrix.platform_codes import CodeAction, code_entry, own
from media_matrix.publication_outcomes import Outcome, after_failure, after_submit
from media_matrix.publication_states import WORKING
from media_matrix.publishers import publisher
from media_matrix.publishers.base import (
    AccountBrokenError,
    Confirmation,
    NotSentError,
    OutcomeUnknownError,
    PlatformRefusedError,
    PostJob,
    ProbeResult,
    ReadFailedError,
    Standing,
    SubmitKind,
    SubmitResult,
    Verdict,
)

log = structlog.get_logger(__name__)

THREADS = 8
_POLLS = tuple(dt.timedelta(seconds=seconds) for seconds in (15, 30, 60, 120, 300))
_MOST_POLLS = 40
_PROBES = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30, 60))


class PublishWorker:
    """Claims due publications and moves each one step on.

    Each step is: read the state under the claim, talk to the platform without any lock, save the outcome
    guarded by the claim. What a platform answered is saved on its own before that (see attempts).
    """

    topics = frozenset({"publication"})

    def __init__(self, access: PlatformAccess, *, owner: str, threads: int = THREADS) -> None:
        self._access = access
        self._owner = owner
        self._threads = threads
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="publish")

    def close(self) -> None:
        self._pool.shutdown()

    def step(self) -> int:
        with self._access.sessions.begin() as session:
            taken = claims.take(
                session,
                Publication,
                owner=self._owner,
                now=self._access.clock.now(),
                lease=LEASE,
                limit=self._threads,
                where=[Publication.state.in_([state.value for state in WORKING])],
            )
        list(self._pool.map(self._guarded, taken))
        return len(taken)

    def _guarded(self, claim: Claim) -> None:
        try:
            self._advance(claim)
        except ConflictError:
            # Somebody else holds the row now, or a person changed it: theirs is the newer truth.
            log.info("publication_claim_lost", publication_id=claim.id)
        except Exception:
            # The border of a plug-in call: the row stays as it is and is looked at again.
            log.exception("publication_step_failed", publication_id=claim.id)
            self._give_back(claim)

    def _give_back(self, claim: Claim) -> None:
        now = self._access.clock.now()
        try:
            with self._access.sessions.begin() as session:
                due_at = claims.backoff(claim.attempt, now)
                claims.retry(session, Publication, claim, due_at=due_at, error=own("internal"))
        except ConflictError:
            log.info("publication_claim_lost", publication_id=claim.id)

    def _advance(self, claim: Claim) -> None:
        with self._access.sessions() as session:
            publication = session.get_one(Publication, claim.id)
            state = PublicationState(publication.state)
            doubt = attempts.doubtful_since(session, claim.id)
        if state in {PublicationState.SCHEDULED, PublicationState.FAILED_RETRYABLE}:
            self._start(claim)
        elif state is PublicationState.ACCEPTED:
            self._confirm(claim)
        elif doubt is not None:
            # UNKNOWN, or SENDING left behind by a worker that died with a write under way.
            self._probe(claim, doubt)
        elif state in {PublicationState.SENDING, PublicationState.UNKNOWN}:
            self._resume(claim)
        else:
            with self._access.sessions.begin() as session:
                claims.finish(session, Publication, claim)

    def _start(self, claim: Claim) -> None:
        now = self._access.clock.now()
        with self._access.sessions.begin() as session:
            refusal = self._refusal(session, claim, now)
            if refusal is not None:
                _finish(session, claim, refusal)
                log.info("publication_not_sent", publication_id=claim.id, state=refusal.state)
                return
            claims.extend(session, Publication, claim, LEASE)
            publication = session.get_one(Publication, claim.id)
            publication.state = PublicationState.SENDING
        self._submit(claim)

    def _resume(self, claim: Claim) -> None:
        """Go on with a post whose last step is known; a freeze or an edit stops it here too."""
        with self._access.sessions.begin() as session:
            publication = session.get_one(Publication, claim.id)
            is_out = publication.progress.get("platform_id") or publication.progress.get(
                "publish_id"
            )
            refusal = None
            if not is_out:
                refusal = self._refusal(session, claim, self._access.clock.now())
            if refusal is not None:
                _finish(session, claim, refusal)
                return
            claims.extend(session, Publication, claim, LEASE)
            publication.state = PublicationState.SENDING
        self._submit(claim)

    def _refusal(self, session: Session, claim: Claim, now: dt.datetime) -> Outcome | None:
        """Say what keeps the post from being sent now; None when nothing does."""
        publication = session.get_one(Publication, claim.id)
        draft = drafts.locked_draft(session, publication.draft_id)
        session.refresh(publication)
        if publication.state == PublicationState.CANCELLED:
            raise ConflictError(f"publication {claim.id} was cancelled meanwhile")
        account = session.scalars(select(Account).where(Account.id == publication.account_id)).one()
        if account.frozen_at is not None:
            return Outcome(PublicationState.HELD, own("account_frozen"))
        if account.state != AccountState.ACTIVE:
            return Outcome(PublicationState.FAILED_FINAL, own(f"account_{account.state}"))
        wrong = self._content_refusal(session, draft, publication)
        if wrong is not None:
            return wrong
        ends = draft.window_ends_at
        is_late = now > publication.planned_at + dt.timedelta(seconds=publication.grace_s)
        if is_late or (ends is not None and now >= ends):
            return Outcome(PublicationState.MISSED, own("missed"))
        return None

    def _content_refusal(
        self, session: Session, draft: Draft, publication: Publication
    ) -> Outcome | None:
        if draft.state != DraftState.APPROVED or draft.sealed_hash is None:
            return Outcome(PublicationState.FAILED_FINAL, own("not_approved"))
        content_hash = drafts.draft_content(session, draft).hash()
        if not content_hash == draft.sealed_hash == publication.content_hash:
            log.error("publication_content_changed", publication_id=publication.id)
            return Outcome(PublicationState.FAILED_FINAL, own("content_changed"))
        return None

    def _submit(self, claim: Claim) -> None:
        now = self._access.clock.now()
        job = opened_job(self._access, claim, now)
        channel = publisher(job.account.channel)
        outcome: Outcome
        try:
            result = channel.submit(job)
        except (
            NotSentError, OutcomeUnknownError, PlatformRefusedError, AccountBrokenError,
            ReadFailedError,
        ) as error:  # fmt: skip
            outcome = after_failure(
                error, now=now, attempt=claim.attempt, probe_delay=channel.probe_delay
            )
        else:
            outcome = after_submit(result, channel, now)
        fault_point("post.before_finish")
        with self._access.sessions.begin() as session:
            if outcome.account_state is not None:
                _stop_account(session, job.account.id, outcome)
            _finish(session, claim, outcome)
        log.info(
            "publication_submitted",
            publication_id=claim.id,
            channel=channel.name,
            state=outcome.state,
            reason=outcome.reason,
        )

    def _probe(self, claim: Claim, doubt: dt.datetime) -> None:
        now = self._access.clock.now()
        job = opened_job(self._access, claim, now)
        channel = publisher(job.account.channel)
        earliest = doubt + channel.probe_delay
        if now < earliest:
            with self._access.sessions.begin() as session:
                publication = session.get_one(Publication, claim.id)
                why = own("outcome_unknown")
                if publication.state == PublicationState.UNKNOWN:
                    why = publication.state_reason or why
                _finish(session, claim, Outcome(PublicationState.UNKNOWN, why, earliest))
            return
        try:
            found = channel.probe(job)
        except (ReadFailedError, PlatformRefusedError, AccountBrokenError) as error:
            found = ProbeResult(Verdict.CANNOT_TELL, proof={"error": str(error)})
        with self._access.sessions.begin() as session:
            attempts.record_probe(session, claim, found.proof, found.verdict, now)
            publication = session.get_one(Publication, claim.id)
            outcome = self._after_probe(session, publication, found, job)
            if outcome is None:
                claims.extend(session, Publication, claim, LEASE)
            else:
                _finish(session, claim, outcome)
        log.info("publication_probed", publication_id=claim.id, verdict=found.verdict)
        if outcome is None:
            self._resume(claim)

    def _after_probe(
        self, session: Session, publication: Publication, found: ProbeResult, job: PostJob
    ) -> Outcome | None:
        """Decide what the platform's answer means; None: an earlier step is proven, go on now."""
        now = self._access.clock.now()
        if found.verdict is Verdict.CANNOT_TELL or (
            found.verdict is Verdict.ABSENT and _claims_to_have_it(publication)
        ):
            publication.probes += 1
            if publication.probes > len(_PROBES):
                return Outcome(PublicationState.NEEDS_HUMAN, own("cannot_tell"))
            later = now + _PROBES[publication.probes - 1]
            return Outcome(PublicationState.UNKNOWN, publication.state_reason, later)
        attempts.resolve_doubts(session, publication.id, now)
        if found.verdict is Verdict.ABSENT:
            if publication.resends:
                return Outcome(PublicationState.FAILED_FINAL, own("absent_twice"))
            publication.resends = 1
            return Outcome(PublicationState.FAILED_RETRYABLE, own("resending"), now)
        if found.progress:
            attempts.save_progress(session, publication.id, found.progress)
        if found.result is None:
            return None
        return after_submit(found.result, publisher(job.account.channel), now)

    def _confirm(self, claim: Claim) -> None:
        now = self._access.clock.now()
        job = opened_job(self._access, claim, now)
        channel = publisher(job.account.channel)
        try:
            confirmation = channel.confirm(job)
        except (ReadFailedError, PlatformRefusedError, AccountBrokenError) as error:
            log.info("publication_poll_failed", publication_id=claim.id, reason=str(error))
            confirmation = Confirmation(Standing.PENDING)
        with self._access.sessions.begin() as session:
            publication = session.get_one(Publication, claim.id)
            outcome = self._after_confirmation(publication, confirmation, job, now)
            _finish(session, claim, outcome)
        log.info("publication_polled", publication_id=claim.id, state=outcome.state)

    def _after_confirmation(
        self,
        publication: Publication,
        confirmation: Confirmation,
        job: PostJob,
        now: dt.datetime,
    ) -> Outcome:
        if confirmation.standing is Standing.PUBLISHED:
            result = SubmitResult(
                SubmitKind.PUBLISHED,
                platform_id=confirmation.platform_id or job.known("publish_id"),
                url=confirmation.url,
            )
            return after_submit(result, publisher(job.account.channel), now)
        if confirmation.standing is Standing.REFUSED:
            return Outcome(PublicationState.FAILED_FINAL, confirmation.reason)
        if confirmation.standing is Standing.TAKEN_DOWN:
            return Outcome(PublicationState.TAKEN_DOWN, confirmation.reason)
        count = publication.progress.get("polls")
        polls = count + 1 if isinstance(count, int) else 1
        publication.progress = {**publication.progress, "polls": polls}
        if polls >= _MOST_POLLS:
            return Outcome(PublicationState.NEEDS_HUMAN, own("not_confirmed"))
        step = _POLLS[min(polls, len(_POLLS)) - 1]
        # After the first minutes ever more patience: the platform allows a hundred questions a day.
        patience = 1 if polls <= len(_POLLS) else min(polls - len(_POLLS) + 1, 12)
        return Outcome(PublicationState.ACCEPTED, None, now + step * patience)


def _claims_to_have_it(publication: Publication) -> bool:
    """Tell whether the platform itself said that it has the post: then absence is no proof."""
    platform, _, code = (publication.state_reason or "").partition(":")
    return code_entry(platform, code).action in {CodeAction.MAYBE_SENT, CodeAction.PENDING}


def _finish(session: Session, claim: Claim, outcome: Outcome) -> None:
    session.flush()
    if outcome.progress:
        attempts.save_progress(session, claim.id, outcome.progress)
    values: dict[str, object] = {
        "state": outcome.state,
        "state_reason": outcome.reason,
    }
    if outcome.platform_id is not None:
        values["platform_id"] = outcome.platform_id
    if outcome.url is not None:
        values["url"] = outcome.url
    if outcome.state is PublicationState.PUBLISHED:
        values["published_at"] = outcome.published_at
        values["metrics_due_at"] = outcome.due_at
    if outcome.keeps_attempt:
        claims.retry(
            session,
            Publication,
            claim,
            due_at=outcome.retry_at,
            error=outcome.reason or "",
            **values,
        )
    else:
        claims.finish(session, Publication, claim, due_at=outcome.due_at, **values)


def _stop_account(session: Session, account_id: int, outcome: Outcome) -> None:
    account = session.get_one(Account, account_id)
    account.state = outcome.account_state or account.state
    account.state_reason = outcome.account_text
    session.flush()
