"""The editor: a new draft, a saved one, the checks while one writes, and handing it to review."""

from __future__ import annotations

from dataclasses import replace

import structlog
from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from alerting.alert_detail import AlertDetail, alert_detail
from alerting.alerts import AlertNotFoundError
from core.database.models.media import AccountState, Draft
from core.errors import ConflictError, InvalidOptionsError, WorkflowError
from media_matrix import drafts, review
from media_matrix.accounts import channel_forms, list_accounts
from media_matrix.channel_rules import channel_rules
from media_matrix.previews import ChannelPreview, edit_previews
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.draft_form import DraftForm, posted_form, stored_form, with_cover
from webui.page import render, tell
from webui.pages.drafts import found_draft, surroundings
from webui.permissions import Permission
from webui.text_diff import FieldDiff, compare
from webui.typed import whole_number
from webui.vocabulary import narrow_regions, topic_label

blueprint = Blueprint("draft_edit", __name__, url_prefix="/drafts")
log = structlog.get_logger(__name__)

STALE = (
    "稿件在您编辑时被别人保存成了第 {version} 版，您的修改没有保存，但都还在下面。"
    "请对照两边的不同，需要时把对方的修改并进来，再保存。"
)


@blueprint.get("/new")
@require(Permission.DRAFT_EDIT)
def new() -> Response:
    alert = _alert(request.args.get("alert", ""))
    form = _copy(request.args.get("copy", ""))
    if alert is not None:
        form = DraftForm(
            title=f"关于{_matter(alert)}有关情况的回应"[:30],
            body=_answer_outline(alert),
            alert_id=str(alert.row.id),
        )
    return _editor(None, form, alert=alert)


@blueprint.post("/new")
@require(Permission.DRAFT_EDIT)
def create() -> ResponseReturnValue:
    form = posted_form()
    alert = _alert(form.alert_id)
    try:
        with writing() as session:
            form = with_cover(session, form, person_id=viewer().id)
            draft = drafts.create_draft(
                session,
                form.edit(),
                organisation_id=viewer().organisation_id,
                author_id=viewer().id,
                now=console().clock.now(),
                alert_id=alert.row.id if alert is not None else None,
                is_demo=console().settings.demo,
            )
            draft_id = draft.id
    except InvalidOptionsError as error:
        return _editor(None, form, alert=alert, faults=error.faults, status=422)
    except WorkflowError as error:
        return _editor(None, form, alert=alert, faults={"": str(error)}, status=422)
    if request.form.get("then") == "submit":
        return _submit(draft_id)
    tell("稿件已保存为第 1 版。")
    return redirect(url_for(".edit", draft_id=draft_id), 303)


@blueprint.get("/<int:draft_id>/edit")
@require(Permission.DRAFT_EDIT)
def edit(draft_id: int) -> Response:
    form = _stored(draft_id)
    return _editor(found_draft(draft_id), form, alert=_alert(form.alert_id))


@blueprint.post("/<int:draft_id>/edit")
@require(Permission.DRAFT_EDIT)
def save(draft_id: int) -> ResponseReturnValue:
    form = posted_form()
    if request.form.get("then") == "submit" and form == _stored(draft_id):
        # Nothing was typed since: the version on record goes to review, not a copy of it.
        return _submit(draft_id)
    try:
        with writing() as session:
            form = with_cover(session, form, person_id=viewer().id)
            result = drafts.edit_draft(
                session,
                draft_id,
                form.edit(),
                version=form.version,
                person_id=viewer().id,
                now=console().clock.now(),
            )
            version = result.draft.version
    except InvalidOptionsError as error:
        return _editor(found_draft(draft_id), form, faults=error.faults, status=422)
    except ConflictError:
        return _stale(found_draft(draft_id), form)
    except WorkflowError as error:
        return _editor(found_draft(draft_id), form, faults={"": str(error)}, status=422)
    tell(f"已保存为第 {version} 版。")
    if result.was_approved:
        tell("原来的审校通过已失效，请重新送审。", "warn")
    if result.cancelled:
        tell(f"原来的 {result.cancelled} 个排期已取消。", "warn")
    if request.form.get("then") == "submit":
        return _submit(draft_id)
    return redirect(url_for(".edit", draft_id=draft_id), 303)


@blueprint.post("/preview")
@require(Permission.DRAFT_EDIT)
def preview() -> Response:
    """Check and show the form as it is; nothing is saved."""
    form = posted_form()
    try:
        previews = edit_previews(reading(), form.edit())
    except InvalidOptionsError as error:
        return render("drafts/_checks.html", previews=[], missing=list(error.faults.values()))
    return render("drafts/_checks.html", previews=previews, missing=_missing(form))


def _submit(draft_id: int) -> ResponseReturnValue:
    """Hand the saved text to review; when that is refused it stays saved, and the reason is shown."""
    try:
        with writing() as session:
            review.submit_draft(session, draft_id, person_id=viewer().id, now=console().clock.now())
    except WorkflowError as error:
        tell(str(error), "error")
        return redirect(url_for(".edit", draft_id=draft_id), 303)
    tell("已送审，审校通过后就可以排期。")
    return redirect(url_for("drafts.page", draft_id=draft_id), 303)


def _stale(draft: Draft, form: DraftForm) -> Response:
    differences = [
        FieldDiff(label, lines)
        for label, mine, theirs in (
            ("标题", form.title, draft.title),
            ("摘要", form.digest, draft.digest or ""),
            ("正文", form.body, draft.body),
        )
        if (lines := compare(theirs, mine))
    ]
    return _editor(
        draft,
        form,
        faults={"": STALE.format(version=draft.version)},
        status=409,
        differences=differences,
    )


def _editor(
    draft: Draft | None,
    form: DraftForm,
    *,
    alert: AlertDetail | None = None,
    faults: dict[str, str] | None = None,
    status: int = 200,
    differences: list[FieldDiff] | None = None,
) -> Response:
    accounts = [
        view for view in list_accounts(reading()) if view.account.state != AccountState.DISABLED
    ]
    chosen = {view.account.channel for view in accounts if str(view.account.id) in form.account_ids}
    labels = {kind.name: kind.label for kind in channel_forms()}
    return render(
        "drafts/edit.html",
        status,
        draft=draft,
        form=form,
        alert=alert or _alert(form.alert_id),
        faults=faults or {},
        differences=differences or [],
        accounts=accounts,
        channels=[
            (name, label, channel_rules(name), name in chosen)
            for name, label in labels.items()
            if name in {view.account.channel for view in accounts}
        ],
        title_limit=min(
            (limit for name in chosen if (limit := channel_rules(name).title_maximum)),
            default=channel_rules("wechat").title_maximum,
        ),
        previews=_previews(form),
        missing=_missing(form),
        **(surroundings(draft) if draft is not None else {"steps": []}),
    )


def _previews(form: DraftForm) -> list[ChannelPreview]:
    try:
        return edit_previews(reading(), form.edit())
    except InvalidOptionsError:
        return []


def _missing(form: DraftForm) -> list[str]:
    return [] if form.account_ids else ["还没有选择要发布的账号。"]


def _stored(draft_id: int) -> DraftForm:
    session = reading()
    return stored_form(
        found_draft(draft_id),
        drafts.draft_targets(session, draft_id),
        drafts.draft_variants(session, draft_id),
    )


def _copy(draft_id: str) -> DraftForm:
    """Start from another draft's text; its plan and window stay behind."""
    number = whole_number(draft_id)
    if number is None:
        return DraftForm()
    return replace(_stored(number), version=0, window_starts_at="", window_ends_at="", alert_id="")


def _alert(alert_id: str) -> AlertDetail | None:
    number = whole_number(alert_id)
    if number is None or not viewer().may(Permission.ALERT_VIEW):
        return None
    try:
        return alert_detail(reading(), number, console().clock.now())
    except AlertNotFoundError:
        log.info("alert_of_draft_absent", alert_id=alert_id)
        return None


def _matter(alert: AlertDetail) -> str:
    """Name the matter by place and topic: an answer must not spread the wording of a post."""
    place = "".join(narrow_regions(list(alert.row.regions))[:1])
    topic = topic_label(alert.row.topics[0]) if alert.row.topics else alert.rule_name
    return place + topic


def _answer_outline(alert: AlertDetail) -> str:
    """Start an answer: what is being said, what was found out, what the union does, where to turn."""
    return (
        f"近日，有网友反映{_matter(alert)}方面的问题。工会高度关注，已着手了解情况。\n\n"
        "## 核实的情况\n\n\n\n## 正在做的事\n\n\n\n## 您可以这样求助\n\n"
        "拨打 12351 职工维权热线，或到就近的工会服务站点，我们会跟进每一件诉求。\n"
    )
