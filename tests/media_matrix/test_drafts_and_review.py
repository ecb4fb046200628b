import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from core.database.models.media import (
    DraftState,
    Publication,
    PublicationState,
    ReviewStage,
    Variant,
)
from core.database.models.operations import AuditEntry
from core.errors import ConflictError, SeparationOfDutiesError, WorkflowError
from media_matrix import calendar, drafts, review, schedule
from media_matrix.content import ChannelText, DraftEdit
from media_matrix.publishing import PublishWorker
from tests.media_matrix.office import CHANNELS, EDIT, Office


def submit(office: Office, draft_id: int) -> None:
    with office.access.sessions.begin() as session:
        review.submit_draft(session, draft_id, person_id=office.author_id, now=office.clock.now())


def test_two_approvals_seal_the_draft_to_its_content(office: Office) -> None:
    draft_id = office.approved(*CHANNELS)
    draft = office.draft(draft_id)
    assert draft.state == DraftState.APPROVED
    assert draft.sealed_hash == draft.content_hash


def test_one_approval_is_not_enough_to_schedule(office: Office) -> None:
    draft_id = office.write("feed")
    submit(office, draft_id)
    outcome = office.decide(draft_id, office.first_id)
    assert (outcome.is_sealed, outcome.next_stage) == (False, ReviewStage.FINAL)
    with office.access.sessions() as session, pytest.raises(WorkflowError, match="审校"):
        schedule.schedule_draft(
            session, draft_id, planned_at=None, person_id=office.author_id, now=office.clock.now()
        )


def test_author_cannot_review_the_own_draft(office: Office) -> None:
    draft_id = office.write("feed")
    submit(office, draft_id)
    with pytest.raises(SeparationOfDutiesError, match="自己的稿件"):
        office.decide(draft_id, office.author_id)


def test_second_reviewer_cannot_be_the_first(office: Office) -> None:
    draft_id = office.write("feed")
    submit(office, draft_id)
    office.decide(draft_id, office.first_id)
    with pytest.raises(SeparationOfDutiesError, match="两个环节"):
        office.decide(draft_id, office.first_id)


def test_second_reviewer_cannot_be_the_editor(office: Office) -> None:
    draft_id = office.write("feed")
    with office.access.sessions.begin() as session:
        drafts.edit_draft(
            session,
            draft_id,
            replace(EDIT, account_ids=(office.accounts["feed"],), title="改过的标题"),
            version=1,
            person_id=office.second_id,
            now=office.clock.now(),
        )
    submit(office, draft_id)
    office.decide(draft_id, office.first_id)
    with pytest.raises(SeparationOfDutiesError, match="改过"):
        office.decide(draft_id, office.second_id)


def test_no_person_holds_two_stages_across_rounds(office: Office) -> None:
    draft_id = office.write("feed")
    submit(office, draft_id)
    with office.access.sessions.begin() as session:
        waiting = review.reviews_of(session, draft_id)[-1]
        review.return_draft(
            session,
            waiting.id,
            reviewer_id=office.first_id,
            seen_hash=waiting.content_hash.hex(),
            reason="数字要核实",
            now=office.clock.now(),
        )
    assert office.draft(draft_id).state == DraftState.RETURNED
    submit(office, draft_id)
    office.decide(draft_id, office.second_id)
    with pytest.raises(SeparationOfDutiesError, match="初审"):
        office.decide(draft_id, office.first_id)


def test_returning_needs_a_reason(office: Office) -> None:
    draft_id = office.write("feed")
    submit(office, draft_id)
    with office.access.sessions() as session:
        waiting = review.reviews_of(session, draft_id)[-1]
    with office.access.sessions() as session, pytest.raises(WorkflowError, match="理由"):
        review.return_draft(
            session,
            waiting.id,
            reviewer_id=office.first_id,
            seen_hash=waiting.content_hash.hex(),
            reason=" ",
            now=office.clock.now(),
        )


def test_a_reviewer_decides_only_on_what_was_read(office: Office) -> None:
    draft_id = office.write("feed")
    submit(office, draft_id)
    with office.access.sessions.begin() as session:
        session.execute(update(Variant).values(text="<p>换掉的正文</p>"))
    with pytest.raises(ConflictError, match="重新阅读"):
        office.decide(draft_id, office.first_id)


def test_the_queue_says_who_may_not_decide(office: Office) -> None:
    draft_id = office.write("feed")
    submit(office, draft_id)
    now = office.clock.now() + dt.timedelta(hours=25)
    with office.access.sessions() as session:
        (mine,) = review.review_queue(session, person_id=office.author_id, now=now)
        (theirs,) = review.review_queue(session, person_id=office.first_id, now=now)
    assert mine.refusal is not None
    assert theirs.refusal is None
    assert theirs.is_late


def test_a_three_stage_chain_asks_three_people(office: Office) -> None:
    chain = review.ReviewChain(tuple(review.StageRule(stage, 8) for stage in ReviewStage))
    with office.access.sessions.begin() as session:
        review.save_chain(session, chain, person_id=office.admin_id, now=office.clock.now())
        assert review.load_chain(session) == chain
    draft_id = office.write("feed")
    submit(office, draft_id)
    office.decide(draft_id, office.first_id)
    assert office.decide(draft_id, office.second_id).next_stage == ReviewStage.FINAL
    assert office.decide(draft_id, office.admin_id).is_sealed


@pytest.mark.parametrize(
    "stages",
    [
        (ReviewStage.FINAL,),
        (ReviewStage.FINAL, ReviewStage.INITIAL),
        (ReviewStage.INITIAL, ReviewStage.SECOND),
        (ReviewStage.FINAL, ReviewStage.FINAL),
    ],
)
def test_a_chain_without_two_stages_in_order_is_refused(
    office: Office, stages: tuple[ReviewStage, ...]
) -> None:
    chain = review.ReviewChain(tuple(review.StageRule(stage) for stage in stages))
    with office.access.sessions() as session, pytest.raises(WorkflowError):
        review.save_chain(session, chain, person_id=office.admin_id, now=office.clock.now())


def test_an_edit_after_approval_needs_review_again_and_calls_the_plan_off(
    office: Office, worker: PublishWorker
) -> None:
    planned_at = office.clock.now() + dt.timedelta(hours=2)
    (publication_id,) = office.scheduled("feed", planned_at=planned_at)
    draft_id = office.publication(publication_id).draft_id
    with office.access.sessions.begin() as session:
        result = drafts.edit_draft(
            session,
            draft_id,
            replace(EDIT, account_ids=(office.accounts["feed"],), body="改了一个字"),
            version=1,
            person_id=office.author_id,
            now=office.clock.now(),
        )
    assert (result.cancelled, result.was_approved) == (1, True)
    draft = office.draft(draft_id)
    assert (draft.state, draft.sealed_hash, draft.version) == (DraftState.DRAFT, None, 2)
    office.clock.set(planned_at)
    office.run(worker)
    assert office.publication(publication_id).state == PublicationState.CANCELLED


def test_a_published_draft_cannot_be_edited(office: Office, worker: PublishWorker) -> None:
    (publication_id,) = office.scheduled("feed")
    office.run(worker)
    draft_id = office.publication(publication_id).draft_id
    with office.access.sessions() as session, pytest.raises(WorkflowError, match="复制"):
        drafts.edit_draft(
            session, draft_id, EDIT, version=1, person_id=office.author_id, now=office.clock.now()
        )


def test_two_editors_do_not_overwrite_each_other(office: Office) -> None:
    draft_id = office.write("feed")
    edit = replace(EDIT, account_ids=(office.accounts["feed"],), title="第二版")
    with office.access.sessions.begin() as session:
        drafts.edit_draft(
            session, draft_id, edit, version=1, person_id=office.author_id, now=office.clock.now()
        )
    with office.access.sessions() as session, pytest.raises(ConflictError, match="第 2 版"):
        drafts.edit_draft(
            session, draft_id, edit, version=1, person_id=office.first_id, now=office.clock.now()
        )
    with office.access.sessions() as session:
        assert [version.version for version in drafts.draft_versions(session, draft_id)] == [1, 2]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "另一个标题"},
        {"digest": "另一个摘要"},
        {"body": "另一段正文"},
        {"variants": (ChannelText("feed", "<p>手写的正文</p>"),)},
        {"window_ends_at": dt.datetime(2026, 12, 1, tzinfo=dt.UTC)},
        {"account_ids": ()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_hash_covers_everything_that_goes_out(
    office: Office, change: dict[str, object]
) -> None:
    base = replace(EDIT, account_ids=(office.accounts["feed"],))
    # Any: dataclasses.replace cannot be typed by field name here.
    changed = replace(base, **change)  # type: ignore[arg-type]
    hashes = set()
    for edit in (base, changed):
        with office.access.sessions.begin() as session:
            draft = drafts.create_draft(
                session,
                edit,
                organisation_id=office.organisation_id,
                author_id=office.author_id,
                now=office.clock.now(),
            )
            hashes.add(draft.content_hash)
    assert len(hashes) == 2


def test_a_draft_over_a_limit_is_not_submitted(office: Office) -> None:
    draft_id = office.write("wechat", edit=replace(EDIT, title="标" * 33))
    with office.access.sessions() as session, pytest.raises(WorkflowError, match="最多 32 个字"):
        review.submit_draft(session, draft_id, person_id=office.author_id, now=office.clock.now())


def test_a_draft_without_targets_is_not_submitted(office: Office) -> None:
    draft_id = office.write()
    with office.access.sessions() as session, pytest.raises(WorkflowError, match="账号"):
        review.submit_draft(session, draft_id, person_id=office.author_id, now=office.clock.now())


@pytest.mark.parametrize("edit", [replace(EDIT, title=" "), replace(EDIT, body="\n")])
def test_an_empty_draft_is_refused(office: Office, edit: DraftEdit) -> None:
    with pytest.raises(WorkflowError, match="没有保存"):
        office.write("feed", edit=edit)


def plan(office: Office, draft_id: int, planned_at: dt.datetime | None) -> schedule.ScheduleResult:
    with office.access.sessions.begin() as session:
        return schedule.schedule_draft(
            session,
            draft_id,
            planned_at=planned_at,
            person_id=office.author_id,
            now=office.clock.now(),
        )


def test_a_time_in_the_past_is_refused_in_plain_words(office: Office) -> None:
    draft_id = office.approved("feed")
    with pytest.raises(WorkflowError, match="2026-11-21 09:00 已经过去"):
        plan(office, draft_id, office.clock.now() - dt.timedelta(minutes=30))


def test_rescheduling_judges_the_new_time(office: Office) -> None:
    old = office.clock.now() + dt.timedelta(hours=1)
    (publication_id,) = office.scheduled("feed", planned_at=old)
    office.clock.set(old + dt.timedelta(hours=1))
    new = office.clock.now() + dt.timedelta(hours=1)
    with office.access.sessions.begin() as session:
        schedule.reschedule(
            session,
            publication_id,
            planned_at=new,
            person_id=office.author_id,
            now=office.clock.now(),
        )
    assert office.publication(publication_id).due_at == new
    with office.access.sessions() as session, pytest.raises(WorkflowError, match="已经过去"):
        schedule.reschedule(
            session,
            publication_id,
            planned_at=old,
            person_id=office.author_id,
            now=office.clock.now(),
        )


def test_the_same_draft_is_not_planned_twice_on_one_account(office: Office) -> None:
    draft_id = office.approved("feed")
    plan(office, draft_id, None)
    with pytest.raises(WorkflowError, match="没有重复排期"):
        plan(office, draft_id, None)


def test_two_posts_close_together_are_warned_about(office: Office) -> None:
    at = office.clock.now() + dt.timedelta(hours=1)
    plan(office, office.approved("feed"), at)
    other = office.approved("feed", edit=replace(EDIT, title="另一篇", body="完全不同的内容"))
    assert "30 分钟" in plan(office, other, at + dt.timedelta(minutes=29)).warnings[0]
    with office.access.sessions() as session:
        entries = calendar.month(
            session, starts_at=office.clock.now(), ends_at=at + dt.timedelta(days=1)
        )
    assert [entry.has_conflict for entry in entries] == [True, True]


def test_the_time_must_lie_in_the_approved_window(office: Office) -> None:
    ends = office.clock.now() + dt.timedelta(hours=2)
    draft_id = office.approved("feed", edit=replace(EDIT, window_ends_at=ends))
    with pytest.raises(WorkflowError, match="窗口"):
        plan(office, draft_id, ends)
    assert plan(office, draft_id, ends - dt.timedelta(minutes=1)).publications


def test_a_cancelled_post_can_be_planned_again(office: Office) -> None:
    at = office.clock.now() + dt.timedelta(hours=1)
    (publication_id,) = office.scheduled("feed", planned_at=at)
    with office.access.sessions.begin() as session:
        cancelled = schedule.cancel(
            session, publication_id, person_id=office.author_id, now=office.clock.now()
        )
        draft_id = cancelled.draft_id
        assert [draft.id for draft in calendar.drafts_without_plan(session)] == [draft_id]
    (again,) = plan(office, draft_id, at).publications
    assert again.occurrence == 2
    with office.access.sessions() as session:
        counts = calendar.counts(session)
    assert (counts["cancelled"], counts["scheduled"], counts["published"]) == (1, 1, 0)


def test_every_change_leaves_an_audit_entry(office: Office, worker: PublishWorker) -> None:
    office.scheduled("feed")
    office.run(worker)
    with office.access.sessions() as session:
        actions = set(session.scalars(select(AuditEntry.action)))
        assert session.scalar(select(Publication.url)) is not None
    assert {
        "account_created", "draft_created", "draft_submitted", "draft_approved",
        "publication_scheduled",
    } <= actions  # fmt: skip
