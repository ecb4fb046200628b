"""The people and accounts of a small editorial office, and how a text passes through their hands."""

import datetime as dt
from dataclasses import dataclass, replace

from core.clock import FakeClock
from core.database.models.media import Draft, Publication
from media_matrix import drafts, review, schedule
from media_matrix.access import PlatformAccess
from media_matrix.content import DraftEdit
from media_matrix.publishing import PublishWorker

EDIT = DraftEdit(
    title="市总工会回应某工地欠薪：已督促发放",
    body="接到反映后，市总工会**当天**派人到工地了解情况。\n\n- 已核实 32 名工人的工资\n- 已督促项目部三日内发放\n",
    digest="已核实 32 名工人的工资，督促项目部三日内发放。",
)
CHANNELS = ("wechat", "weibo", "wordpress", "feed")


@dataclass(frozen=True, slots=True)
class Office:
    access: PlatformAccess
    clock: FakeClock
    organisation_id: int
    author_id: int
    first_id: int
    second_id: int
    admin_id: int
    accounts: dict[str, int]

    def write(self, *channels: str, edit: DraftEdit = EDIT) -> int:
        """Write a draft for the accounts of the channels; an edit with targets of its own keeps them."""
        targets = edit.account_ids or tuple(self.accounts[name] for name in channels)
        with self.access.sessions.begin() as session:
            return drafts.create_draft(
                session,
                replace(edit, account_ids=targets),
                organisation_id=self.organisation_id,
                author_id=self.author_id,
                now=self.clock.now(),
            ).id

    def approve(self, draft_id: int) -> None:
        with self.access.sessions.begin() as session:
            review.submit_draft(session, draft_id, person_id=self.author_id, now=self.clock.now())
        self.decide(draft_id, self.first_id)
        self.decide(draft_id, self.second_id)

    def decide(self, draft_id: int, reviewer_id: int) -> review.ReviewOutcome:
        """Approve the open stage of a draft."""
        with self.access.sessions.begin() as session:
            waiting = review.reviews_of(session, draft_id)[-1]
            return review.approve(
                session,
                waiting.id,
                reviewer_id=reviewer_id,
                seen_hash=waiting.content_hash.hex(),
                now=self.clock.now(),
            )

    def approved(self, *channels: str, edit: DraftEdit = EDIT) -> int:
        draft_id = self.write(*channels, edit=edit)
        self.approve(draft_id)
        return draft_id

    def scheduled(
        self, *channels: str, edit: DraftEdit = EDIT, planned_at: dt.datetime | None = None
    ) -> list[int]:
        """Give the publications of a draft that is written, approved and planned."""
        draft_id = self.approved(*channels, edit=edit)
        with self.access.sessions.begin() as session:
            result = schedule.schedule_draft(
                session,
                draft_id,
                planned_at=planned_at,
                person_id=self.author_id,
                now=self.clock.now(),
            )
            return [publication.id for publication in result.publications]

    def publication(self, publication_id: int) -> Publication:
        with self.access.sessions() as session:
            return schedule.find_publication(session, publication_id)

    def draft(self, draft_id: int) -> Draft:
        with self.access.sessions() as session:
            return drafts.find_draft(session, draft_id)

    def run(self, worker: PublishWorker) -> None:
        """Let the worker do whatever is due now."""
        while worker.step():
            pass

    def run_for(
        self,
        worker: PublishWorker,
        span: dt.timedelta,
        *,
        step: dt.timedelta = dt.timedelta(seconds=30),
    ) -> None:
        """Let time pass in steps, with the worker awake at each."""
        end = self.clock.now() + span
        while self.clock.now() < end:
            self.clock.advance(step)
            self.run(worker)
