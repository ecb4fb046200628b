"""稿件: the list, a draft as it stands, and what happens to it after approval."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.database.models.media import Draft, DraftState
from core.errors import WorkflowError
from media_matrix import drafts, review, schedule
from media_matrix.accounts import channel_forms
from media_matrix.previews import draft_previews
from media_matrix.publication_lines import draft_lines, is_out, taken_accounts
from media_matrix.staff import staff_names
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.draft_steps import DECISION_LABELS, draft_steps
from webui.page import is_fragment, render, tell
from webui.pages.publications import form_moment
from webui.permissions import Permission
from webui.prose import channel_html, master_html
from webui.text_diff import compare_contents
from webui.typed import whole_number, whole_numbers

blueprint = Blueprint("drafts", __name__, url_prefix="/drafts")
blueprint.add_app_template_global(channel_html, "channel_html")
blueprint.add_app_template_global(master_html, "master_html")

PAGE = 30
STATES = (
    ("", "全部"),
    (DraftState.DRAFT.value, "草稿"),
    (DraftState.RETURNED.value, "已退回"),
    (DraftState.IN_REVIEW.value, "审校中"),
    (DraftState.APPROVED.value, "已通过"),
    (DraftState.ARCHIVED.value, "已归档"),
)
WRITABLE = frozenset({DraftState.DRAFT, DraftState.RETURNED})


@blueprint.get("")
@require(Permission.MEDIA_VIEW)
def index() -> Response:
    state = request.args.get("state", "")
    states = [DraftState(state)] if state in set(DraftState) else []
    mine = request.args.get("mine") == "1"
    found = drafts.list_drafts(
        reading(),
        states=states,
        author_id=viewer().id if mine else None,
        limit=PAGE + 1,
        before_id=whole_number(request.args.get("before")),
    )
    shown, more = found[:PAGE], found[PAGE:]
    following = (
        url_for(".index", state=state or None, mine="1" if mine else None, before=shown[-1].id)
        if more
        else None
    )
    return render(
        "drafts/_list.html" if is_fragment() else "drafts/list.html",
        drafts=shown,
        names=staff_names(reading(), [draft.author_id for draft in shown]),
        tabs=[
            {
                "label": label,
                "href": url_for(".index", state=value or None, mine="1" if mine else None),
                "current": value == (states[0].value if states else ""),
            }
            for value, label in STATES
        ],
        state=state,
        mine=mine,
        cursor={"previous": None, "next": following},
    )


@blueprint.get("/<int:draft_id>")
@require(Permission.MEDIA_VIEW)
def page(draft_id: int) -> ResponseReturnValue:
    draft = found_draft(draft_id)
    if draft.state in WRITABLE and viewer().may(Permission.DRAFT_EDIT):
        return redirect(url_for("draft_edit.edit", draft_id=draft_id))
    return _page(draft)


def found_draft(draft_id: int) -> Draft:
    """Give the draft or answer 404."""
    try:
        return drafts.find_draft(reading(), draft_id)
    except WorkflowError as error:
        abort(404, str(error))


def _page(
    draft: Draft, *, status: int = 200, error: str | None = None, given: str | None = None
) -> Response:
    session = reading()
    targets = drafts.draft_targets(session, draft.id)
    lines = draft_lines(session, draft.id)
    return render(
        "drafts/page.html",
        status,
        draft=draft,
        targets=targets,
        previews=draft_previews(session, draft, targets),
        lines=lines,
        is_out=is_out(lines),
        taken=taken_accounts(lines),
        time_error=error,
        given_time=given,
        **surroundings(draft),
    )


def surroundings(draft: Draft) -> dict[str, object]:
    """Give what stands around a draft on every page of it: steps, opinions, versions, names."""
    session = reading()
    reviews = review.reviews_of(session, draft.id)
    versions = drafts.draft_versions(session, draft.id)
    names = staff_names(
        session,
        [draft.author_id, draft.submitted_by]
        + [item.reviewer_id for item in reviews]
        + [item.person_id for item in versions],
    )
    publications = schedule.publications_of(session, draft.id)
    return {
        "steps": draft_steps(draft, review.load_chain(session), reviews, publications, names),
        "opinions": [item for item in reviews if item.decision in DECISION_LABELS],
        "stage_labels": review.STAGE_LABELS,
        "decision_labels": DECISION_LABELS,
        "versions": versions,
        "names": names,
        "cover": drafts.draft_cover(session, draft),
        "channel_labels": {form.name: form.label for form in channel_forms()},
    }


@blueprint.get("/<int:draft_id>/cover")
@require(Permission.MEDIA_VIEW)
def cover(draft_id: int) -> Response:
    found = drafts.draft_cover(reading(), found_draft(draft_id))
    if found is None:
        abort(404)
    return Response(found.content, content_type=found.content_type)


@blueprint.get("/<int:draft_id>/diff")
@require(Permission.MEDIA_VIEW)
def diff(draft_id: int) -> Response:
    draft = found_draft(draft_id)
    versions = drafts.draft_versions(reading(), draft_id)
    by_number = {item.version: item for item in versions}
    after = by_number.get(request.args.get("after", type=int) or draft.version) or versions[-1]
    before = by_number.get(request.args.get("before", type=int) or after.version - 1)
    labels = {form.name: form.label for form in channel_forms()}
    return render(
        "drafts/diff.html",
        draft=draft,
        versions=versions,
        before=before,
        after=after,
        changes=compare_contents(before.content, after.content, labels) if before else [],
        names=staff_names(reading(), [item.person_id for item in versions]),
    )


@blueprint.post("/<int:draft_id>/schedule")
@require(Permission.PUBLICATION_SCHEDULE)
def plan(draft_id: int) -> ResponseReturnValue:
    draft = found_draft(draft_id)
    at_once = request.form.get("when") == "now"
    given = request.form.get("planned_at", "")
    planned_at = None if at_once else form_moment(given)
    if not at_once and planned_at is None:
        return _page(draft, status=422, error="请填写发布时间，没有排期。", given=given)
    chosen = whole_numbers(request.form.getlist("account_ids"))
    try:
        with writing() as session:
            result = schedule.schedule_draft(
                session,
                draft_id,
                planned_at=planned_at,
                person_id=viewer().id,
                now=console().clock.now(),
                account_ids=chosen,
                again=request.form.get("again") == "1",
            )
            count = len(result.publications)
    except WorkflowError as error:
        return _page(draft, status=422, error=str(error), given=given)
    tell(
        f"{count} 个账号已排期。" if not at_once else f"{count} 个账号正在发布，结果会显示在下面。"
    )
    for warning in result.warnings:
        tell(warning, "warn")
    return redirect(url_for(".page", draft_id=draft_id), 303)


@blueprint.post("/<int:draft_id>/recall")
@require(Permission.DRAFT_EDIT)
def recall(draft_id: int) -> ResponseReturnValue:
    with writing() as session:
        review.recall_draft(session, draft_id, person_id=viewer().id, now=console().clock.now())
    tell("已撤回送审，可以继续修改。")
    return redirect(url_for("draft_edit.edit", draft_id=draft_id), 303)


@blueprint.post("/<int:draft_id>/archive")
@require(Permission.DRAFT_EDIT)
def archive(draft_id: int) -> ResponseReturnValue:
    with writing() as session:
        drafts.archive_draft(session, draft_id, person_id=viewer().id, now=console().clock.now())
    tell("已归档。需要时可在“已归档”里找到。")
    return redirect(url_for(".index"), 303)
