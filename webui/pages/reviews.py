"""审校队列: whose turn it is, and one text to decide on."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.database.models.media import DraftState, DraftVersion, Review, ReviewStage
from core.errors import ConflictError, SeparationOfDutiesError, WorkflowError
from media_matrix import drafts, review
from media_matrix.previews import ChannelPreview, draft_previews
from media_matrix.staff import staff_names
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.page import render, tell
from webui.pages.drafts import surroundings
from webui.permissions import Permission
from webui.text_diff import FieldDiff, compare_contents

blueprint = Blueprint("reviews", __name__, url_prefix="/reviews")


@blueprint.get("")
@require(Permission.MEDIA_VIEW)
def index() -> Response:
    session = reading()
    entries = review.review_queue(session, person_id=viewer().id, now=console().clock.now())
    return render(
        "reviews/list.html",
        entries=entries,
        stage_labels=review.STAGE_LABELS,
        names=staff_names(session, [entry.draft.author_id for entry in entries]),
        approved=drafts.list_drafts(session, states=[DraftState.APPROVED], limit=3),
    )


@blueprint.get("/<int:review_id>")
@require(Permission.MEDIA_VIEW)
def page(review_id: int) -> Response:
    return _page(review_id)


@blueprint.post("/<int:review_id>/approve")
@require(Permission.DRAFT_REVIEW)
def approve(review_id: int) -> ResponseReturnValue:
    try:
        with writing() as session:
            outcome = review.approve(
                session,
                review_id,
                reviewer_id=viewer().id,
                seen_hash=request.form.get("seen_hash", ""),
                now=console().clock.now(),
                note=request.form.get("note", "").strip() or None,
            )
            title = outcome.draft.title
    except (ConflictError, WorkflowError) as error:
        return _refused(review_id, error)
    if outcome.is_sealed:
        tell(f"《{title}》已通过全部审校，可以排期发布。")
    elif outcome.next_stage is not None:
        tell(f"已通过，《{title}》转入{review.STAGE_LABELS[outcome.next_stage]}。")
    return redirect(url_for(".index"), 303)


@blueprint.post("/<int:review_id>/return")
@require(Permission.DRAFT_REVIEW)
def send_back(review_id: int) -> ResponseReturnValue:
    try:
        with writing() as session:
            outcome = review.return_draft(
                session,
                review_id,
                reviewer_id=viewer().id,
                seen_hash=request.form.get("seen_hash", ""),
                reason=request.form.get("reason", ""),
                now=console().clock.now(),
            )
            title = outcome.draft.title
    except (ConflictError, WorkflowError) as error:
        return _refused(review_id, error)
    tell(f"《{title}》已退回，作者会看到您的意见。")
    return redirect(url_for(".index"), 303)


def _refused(review_id: int, error: ConflictError | WorkflowError) -> Response:
    """Show the page again as it is now, with the reason; what was typed stays in its field."""
    status = {ConflictError: 409, SeparationOfDutiesError: 403}.get(type(error), 422)
    return _page(review_id, status=status, error=str(error))


def _page(review_id: int, *, status: int = 200, error: str | None = None) -> Response:
    session = reading()
    found = session.get(Review, review_id)
    if found is None:
        abort(404)
    draft = drafts.find_draft(session, found.draft_id)
    targets = drafts.draft_targets(session, draft.id)
    previews = draft_previews(session, draft, targets)
    versions = drafts.draft_versions(session, draft.id)
    before = _last_reviewed(found, review.reviews_of(session, draft.id), versions)
    is_open = found.decision is None and draft.state == DraftState.IN_REVIEW
    return render(
        "reviews/page.html",
        status,
        review=found,
        draft=draft,
        targets=targets,
        stage=review.STAGE_LABELS[ReviewStage(found.stage)],
        previews=previews,
        before=before,
        changes=_changes(before, versions, previews),
        seen_hash=drafts.draft_content(session, draft).hash().hex(),
        is_open=is_open,
        refusal=_refusal(found) if is_open else None,
        error=error,
        **surroundings(draft),
    )


def _refusal(found: Review) -> str | None:
    if not viewer().may(Permission.DRAFT_REVIEW):
        return "您的角色不参加审校，只能查看。需要时请联系安全管理员。"
    return review.refusal(reading(), found, viewer().id)


def _last_reviewed(
    current: Review, reviews: list[Review], versions: list[DraftVersion]
) -> DraftVersion | None:
    """Find the version that somebody last decided on, before the one at hand."""
    decided = [
        item
        for item in reviews
        if item.id != current.id and item.decision in set(review.Decision) and item.decided_at
    ]
    for item in sorted(decided, key=lambda found: found.id, reverse=True):
        for version in reversed(versions):
            if version.content_hash == item.content_hash:
                return version
    return None


def _changes(
    before: DraftVersion | None, versions: list[DraftVersion], previews: list[ChannelPreview]
) -> list[FieldDiff]:
    if before is None:
        return []
    labels = {preview.channel: preview.label for preview in previews}
    return compare_contents(before.content, versions[-1].content, labels)
