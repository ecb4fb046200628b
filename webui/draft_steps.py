"""Where a draft stands on its way from the author to the readers, as the steps macro draws it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.database.models.media import Draft, DraftState, Publication, PublicationState, Review
from media_matrix.review import STAGE_LABELS, Decision, ReviewChain

DECISION_LABELS = {Decision.APPROVED.value: "通过", Decision.RETURNED.value: "退回"}


def draft_steps(
    draft: Draft,
    chain: ReviewChain,
    reviews: Sequence[Review],
    publications: Sequence[Publication],
    names: Mapping[int, str],
) -> list[dict[str, str]]:
    """Give {label, who, state} from writing to publishing; the current round of review alone counts."""
    latest = max((review.round for review in reviews), default=0)
    by_stage = {review.stage: review for review in reviews if review.round == latest}
    writing = draft.state in {DraftState.DRAFT, DraftState.RETURNED}
    items = [
        {
            "label": "撰稿",
            "who": names.get(draft.author_id, ""),
            "state": "current" if writing else "done",
        }
    ]
    for rule in chain.stages:
        review = by_stage.get(rule.stage)
        items.append(_stage(STAGE_LABELS[rule.stage], review, names, is_past=writing))
    items.append(_publishing(draft, publications))
    return items


def _stage(
    label: str, review: Review | None, names: Mapping[int, str], *, is_past: bool
) -> dict[str, str]:
    if review is None:
        return {"label": label, "who": "", "state": "todo"}
    who = names.get(review.reviewer_id or 0, "")
    if review.decision == Decision.APPROVED:
        # An approval of an earlier wording binds nothing any more.
        return {"label": label, "who": who, "state": "todo" if is_past else "done"}
    if review.decision == Decision.RETURNED:
        return {"label": label, "who": f"{who} 退回", "state": "failed"}
    if review.decision is None:
        return {"label": label, "who": "等待审校", "state": "current"}
    return {"label": label, "who": "", "state": "todo"}


def _publishing(draft: Draft, publications: Sequence[Publication]) -> dict[str, str]:
    live = [item for item in publications if item.state != PublicationState.CANCELLED]
    out = [item for item in live if item.state == PublicationState.PUBLISHED]
    if live and len(out) == len(live):
        return {"label": "发布", "who": f"{len(out)} 个账号", "state": "done"}
    if live:
        return {"label": "发布", "who": f"{len(out)}/{len(live)} 个账号", "state": "current"}
    if draft.state == DraftState.APPROVED:
        return {"label": "发布", "who": "待排期", "state": "current"}
    return {"label": "发布", "who": "", "state": "todo"}
