"""Review before publishing: a chain of stages, each decided by somebody else, sealed to one content."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core import audit
from core.database.models.media import (
    Draft,
    DraftState,
    DraftVersion,
    Review,
    ReviewStage,
)
from core.database.models.operations import StoredSetting
from core.database.models.organisation import Person
from core.errors import (
    ConflictError,
    IllegalTransitionError,
    SeparationOfDutiesError,
    WorkflowError,
)
from media_matrix import drafts
from media_matrix.lint import errors_of

STAGE_LABELS = {
    ReviewStage.INITIAL: "初审",
    ReviewStage.SECOND: "复审",
    ReviewStage.FINAL: "终审",
}
_SETTING = "review_chain"


class Decision(StrEnum):
    APPROVED = "approved"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class StageRule:
    """A stage and how many hours its reviewer has."""

    stage: ReviewStage
    hours: int = 24


@dataclass(frozen=True, slots=True)
class ReviewChain:
    stages: tuple[StageRule, ...]


DEFAULT_CHAIN = ReviewChain((StageRule(ReviewStage.INITIAL), StageRule(ReviewStage.FINAL)))


@dataclass(frozen=True, slots=True)
class ReviewOutcome:
    """``is_sealed`` once the last stage approved; ``next_stage`` while another one follows."""

    draft: Draft
    is_sealed: bool
    next_stage: ReviewStage | None


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """``refusal`` says in Chinese why this person may not decide; None when they may."""

    review: Review
    draft: Draft
    is_late: bool
    refusal: str | None


def load_chain(session: Session) -> ReviewChain:
    stored = session.get(StoredSetting, _SETTING)
    stages = stored.value.get("stages") if stored is not None else None
    if not isinstance(stages, list):
        return DEFAULT_CHAIN
    return ReviewChain(
        tuple(StageRule(ReviewStage(entry["stage"]), int(entry["hours"])) for entry in stages)
    )


def save_chain(session: Session, chain: ReviewChain, *, person_id: int, now: dt.datetime) -> None:
    """Change the chain for drafts submitted from now on; raises WorkflowError below two stages."""
    named = [rule.stage for rule in chain.stages]
    if len(named) < 2 or len(set(named)) != len(named):  # noqa: PLR2004 - two different people at least
        raise WorkflowError("审校流程至少要有两个不同的环节，设置没有保存。请补上环节。")
    if named != sorted(named, key=list(ReviewStage).index) or named[-1] is not ReviewStage.FINAL:
        raise WorkflowError("审校环节要按初审、复审、终审的顺序，并以终审结束，设置没有保存。")
    if any(rule.hours < 1 for rule in chain.stages):
        raise WorkflowError("每个环节的时限至少 1 小时，设置没有保存。")
    value: dict[str, object] = {
        "stages": [{"stage": rule.stage.value, "hours": rule.hours} for rule in chain.stages]
    }
    statement = insert(StoredSetting).values(
        name=_SETTING, value=value, changed_at=now, changed_by=person_id
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"value": value, "changed_at": now, "changed_by": person_id},
        )
    )
    _record(session, "review_chain_changed", "setting", _SETTING, person_id, now)


def submit_draft(session: Session, draft_id: int, *, person_id: int, now: dt.datetime) -> Review:
    """Hand a draft to the first stage; raises WorkflowError while a channel would refuse it."""
    draft = drafts.locked_draft(session, draft_id)
    if draft.state not in {DraftState.DRAFT, DraftState.RETURNED}:
        raise IllegalTransitionError(
            "只有草稿或被退回的稿件可以送审，这篇的状态没有变。请刷新页面。"
        )
    if not drafts.draft_targets(session, draft_id):
        raise WorkflowError("还没有选择要发布的账号，没有送审。请先选择账号。")
    errors = errors_of(drafts.check_draft(session, draft_id))
    if errors:
        raise WorkflowError(f"有 {len(errors)} 处必须修改，没有送审：{errors[0].text}")
    current_round = session.scalar(
        select(func.coalesce(func.max(Review.round), 0)).where(Review.draft_id == draft_id)
    )
    draft.state = DraftState.IN_REVIEW
    draft.submitted_by = person_id
    draft.submitted_at = now
    draft.sealed_hash = None
    review = _open_stage(session, draft, (current_round or 0) + 1, 0, now)
    _record(session, "draft_submitted", "draft", str(draft.id), person_id, now)
    return review


def recall_draft(session: Session, draft_id: int, *, person_id: int, now: dt.datetime) -> Draft:
    """Take a draft back out of review."""
    draft = drafts.locked_draft(session, draft_id)
    if draft.state != DraftState.IN_REVIEW:
        raise IllegalTransitionError("这篇稿件不在审校中，不能撤回送审。请刷新页面。")
    drafts.close_open_reviews(session, draft, now)
    draft.state = DraftState.DRAFT
    _record(session, "draft_recalled", "draft", str(draft.id), person_id, now)
    return draft


def approve(
    session: Session,
    review_id: int,
    *,
    reviewer_id: int,
    seen_hash: str,
    now: dt.datetime,
    note: str | None = None,
) -> ReviewOutcome:
    """Approve the content whose hash the reviewer saw; the last stage seals the draft to it.

    Raises SeparationOfDutiesError for the author, an editor of the draft or the reviewer of another
    stage, and ConflictError when the content or the stage changed meanwhile.
    """
    review, draft = _decidable(session, review_id, reviewer_id, seen_hash)
    chain = load_chain(session)
    _decide(review, Decision.APPROVED, reviewer_id, note, now)
    session.flush()
    following = _stage_after(chain, ReviewStage(review.stage))
    if following is None:
        draft.state = DraftState.APPROVED
        draft.sealed_hash = review.content_hash
    else:
        _open_stage(session, draft, review.round, following, now)
    _record(
        session, "draft_approved", "draft", str(draft.id), reviewer_id, now,
        stage=review.stage, content_hash=review.content_hash.hex(),
    )  # fmt: skip
    return ReviewOutcome(
        draft=draft,
        is_sealed=following is None,
        next_stage=None if following is None else chain.stages[following].stage,
    )


def return_draft(
    session: Session,
    review_id: int,
    *,
    reviewer_id: int,
    seen_hash: str,
    reason: str,
    now: dt.datetime,
) -> ReviewOutcome:
    """Send a draft back to its author; a reason is compulsory. Raises as ``approve`` does."""
    if not reason.strip():
        raise WorkflowError("退回要写明理由，稿件没有退回。请填写理由。")
    review, draft = _decidable(session, review_id, reviewer_id, seen_hash)
    _decide(review, Decision.RETURNED, reviewer_id, reason.strip(), now)
    draft.state = DraftState.RETURNED
    session.flush()
    _record(session, "draft_returned", "draft", str(draft.id), reviewer_id, now, stage=review.stage)
    return ReviewOutcome(draft=draft, is_sealed=False, next_stage=None)


def refusal(session: Session, review: Review, person_id: int) -> str | None:
    """Say in Chinese why this person may not decide this stage; None when they may."""
    draft = drafts.find_draft(session, review.draft_id)
    person = session.get(Person, person_id)
    if person is None or not person.is_active:
        return "您的账户已停用，不能审校。"
    editor = session.scalar(
        select(DraftVersion.version)
        .where(DraftVersion.draft_id == draft.id, DraftVersion.person_id == person_id)
        .limit(1)
    )
    if person_id == draft.author_id or editor is not None:
        return "您写过或改过这篇稿件，不能审校自己的稿件。请由其他同事审校。"
    other_stage = session.scalar(
        select(Review.stage)
        .where(
            Review.draft_id == draft.id,
            Review.reviewer_id == person_id,
            Review.decision.in_(list(Decision)),
            Review.stage != review.stage,
        )
        .limit(1)
    )
    if other_stage is not None:
        label = STAGE_LABELS[ReviewStage(other_stage)]
        return f"您已经审过这篇稿件的{label}，同一个人不能审两个环节。请由其他同事审校。"
    return None


def review_queue(session: Session, *, person_id: int, now: dt.datetime) -> list[QueueEntry]:
    """List the open stages, the most urgent first, with what keeps this person from deciding."""
    rows = session.execute(
        select(Review, Draft)
        .join(Draft, Draft.id == Review.draft_id)
        .where(Review.decision.is_(None), Draft.state == DraftState.IN_REVIEW)
        .order_by(Review.deadline.asc().nulls_last(), Review.id)
    ).all()
    return [
        QueueEntry(
            review=review,
            draft=draft,
            is_late=review.deadline is not None and review.deadline < now,
            refusal=refusal(session, review, person_id),
        )
        for review, draft in rows
    ]


def reviews_of(session: Session, draft_id: int) -> list[Review]:
    return list(
        session.scalars(
            select(Review)
            .where(Review.draft_id == draft_id)
            .order_by(Review.round, Review.position)
        )
    )


def _decidable(
    session: Session, review_id: int, reviewer_id: int, seen_hash: str
) -> tuple[Review, Draft]:
    found = session.get(Review, review_id)
    if found is None:
        raise WorkflowError(f"没有编号为 {review_id} 的审校任务。请回到审校队列。")
    # The lock on the draft orders all decisions on it; the review is read again behind it.
    draft = drafts.locked_draft(session, found.draft_id)
    review = session.scalars(
        select(Review).where(Review.id == review_id).execution_options(populate_existing=True)
    ).one()
    if review.decision is not None or draft.state != DraftState.IN_REVIEW:
        raise ConflictError("这个环节已经有人处理过了，您的意见没有提交。请刷新审校队列。")
    reason = refusal(session, review, reviewer_id)
    if reason is not None:
        raise SeparationOfDutiesError(reason)
    content_hash = drafts.draft_content(session, draft).hash()
    if content_hash != review.content_hash or seen_hash != content_hash.hex():
        raise ConflictError("稿件在您打开之后改过，您的意见没有提交。请重新阅读后再审。")
    return review, draft


def _decide(
    review: Review, decision: Decision, reviewer_id: int, note: str | None, now: dt.datetime
) -> None:
    review.decision = decision
    review.reviewer_id = reviewer_id
    review.decided_at = now
    review.note = note


def _stage_after(chain: ReviewChain, stage: ReviewStage) -> int | None:
    order = list(ReviewStage)
    later = [
        position
        for position, rule in enumerate(chain.stages)
        if order.index(rule.stage) > order.index(stage)
    ]
    return later[0] if later else None


def _open_stage(
    session: Session, draft: Draft, round_number: int, position: int, now: dt.datetime
) -> Review:
    rule = load_chain(session).stages[position]
    review = Review(
        draft_id=draft.id,
        round=round_number,
        stage=rule.stage,
        position=position,
        content_hash=drafts.draft_content(session, draft).hash(),
        requested_at=now,
        deadline=now + dt.timedelta(hours=rule.hours),
    )
    session.add(review)
    session.flush()
    return review


def _record(
    session: Session,
    action: str,
    object_type: str,
    object_id: str,
    person_id: int,
    now: dt.datetime,
    **detail: object,
) -> None:
    audit.record(
        session,
        audit.AuditEvent(
            actor=f"person:{person_id}",
            action=action,
            object_type=object_type,
            object_id=object_id,
            detail=detail,
        ),
        now,
    )
