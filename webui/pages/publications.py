"""One post on one account: what happened to it, and what a person may do about it."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.clock import parse_time
from core.database.models.media import Publication
from core.errors import WorkflowError
from crawlers.own_comments import PostComments, post_comments
from media_matrix import schedule
from media_matrix.comments import unread_reason
from media_matrix.drafts import draft_variants
from media_matrix.lint import plain_text
from media_matrix.metrics import metric_series
from media_matrix.publication_lines import PublicationLine, publication_line
from media_matrix.staff import staff_names
from media_matrix.withdrawal import withdraw
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.page import render, tell
from webui.permissions import Permission

blueprint = Blueprint("publications", __name__, url_prefix="/publications")

TIME_NEEDED = "请填写新的发布时间，如 2026-11-22 18:30；没有改期。"


@blueprint.get("/<int:publication_id>")
@require(Permission.MEDIA_VIEW)
def page(publication_id: int) -> Response:
    return _page(publication_id)


def _page(
    publication_id: int, *, status: int = 200, error: str | None = None, given: str | None = None
) -> Response:
    session = reading()
    line = publication_line(session, publication_id)
    if line is None:
        abort(404)
    return render(
        "publications/page.html",
        status,
        line=line,
        attempts=schedule.attempts_of(session, publication_id),
        series=metric_series(session, publication_id),
        heard=_heard(line.publication),
        unread=unread_reason(line.publication),
        wording=_wording(line) if line.may_settle else None,
        names=staff_names(session, [line.publication.created_by]),
        time_error=error,
        given_time=given,
    )


def _heard(publication: Publication) -> PostComments | None:
    if publication.url is None:
        return None
    return post_comments(reading(), publication.account_id, publication.url)


def _wording(line: PublicationLine) -> str | None:
    """Give what a person copies to the platform by hand: title and text without markup."""
    rows = draft_variants(reading(), line.publication.draft_id)
    found = next((row for row in rows if row.channel == line.channel), None)
    if found is None:
        return None
    return "\n\n".join(filter(None, [found.title, plain_text(found.text).strip()]))


@blueprint.post("/<int:publication_id>/reschedule")
@require(Permission.PUBLICATION_SCHEDULE)
def reschedule(publication_id: int) -> ResponseReturnValue:
    given = request.form.get("planned_at", "")
    planned_at = form_moment(given)
    if planned_at is None:
        return _page(publication_id, status=422, error=TIME_NEEDED, given=given)
    try:
        with writing() as session:
            result = schedule.reschedule(
                session,
                publication_id,
                planned_at=planned_at,
                person_id=viewer().id,
                now=console().clock.now(),
            )
    except WorkflowError as error:
        return _page(publication_id, status=422, error=str(error), given=given)
    tell("已改期，到点由系统发布。")
    for warning in result.warnings:
        tell(warning, "warn")
    return _back(publication_id)


@blueprint.post("/<int:publication_id>/retry")
@require(Permission.PUBLICATION_SCHEDULE)
def retry(publication_id: int) -> ResponseReturnValue:
    with writing() as session:
        schedule.retry(session, publication_id, person_id=viewer().id, now=console().clock.now())
    tell("已重新提交，马上会再发一次。")
    return _back(publication_id)


@blueprint.post("/<int:publication_id>/check")
@require(Permission.PUBLICATION_SCHEDULE)
def check(publication_id: int) -> ResponseReturnValue:
    with writing() as session:
        schedule.check_platform(
            session, publication_id, person_id=viewer().id, now=console().clock.now()
        )
    tell("正在到平台核对，结果会显示在这一页，请稍后刷新。", "info")
    return _back(publication_id)


@blueprint.post("/<int:publication_id>/settle")
@require(Permission.PUBLICATION_SCHEDULE)
def settle(publication_id: int) -> ResponseReturnValue:
    is_out = request.form.get("outcome") == "published"
    url = request.form.get("url", "") if is_out else None
    with writing() as session:
        schedule.settle(
            session, publication_id, person_id=viewer().id, now=console().clock.now(), url=url
        )
    tell("已记为发布成功。" if is_out else "已记为没有发出，可以重试或取消。")
    return _back(publication_id)


@blueprint.post("/<int:publication_id>/cancel")
@require(Permission.PUBLICATION_SCHEDULE)
def cancel(publication_id: int) -> ResponseReturnValue:
    with writing() as session:
        schedule.cancel(
            session,
            publication_id,
            person_id=viewer().id,
            now=console().clock.now(),
            reason=request.form.get("reason", "").strip() or None,
        )
    tell("已取消，这篇不会发出。稿件还在，可以重新排期。")
    return _back(publication_id)


@blueprint.post("/<int:publication_id>/withdraw")
@require(Permission.PUBLICATION_SCHEDULE)
def take_back(publication_id: int) -> ResponseReturnValue:
    reason = request.form.get("reason", "").strip()
    if not reason:
        raise WorkflowError("撤回要写明理由，没有撤回。请返回填写理由。")
    outcome = withdraw(console().platforms, publication_id, person_id=viewer().id, reason=reason)
    tell(outcome.text, "ok" if outcome.is_withdrawn else "warn")
    return _back(publication_id)


def form_moment(text: str) -> dt.datetime | None:
    """Read what a ``datetime-local`` input sent, as aware UTC; None when it is no time."""
    try:
        return parse_time(text)
    except ValueError:
        return None


def _back(publication_id: int) -> ResponseReturnValue:
    """Return to where the button was: the calendar, the draft, or this page."""
    if request.form.get("back") == "calendar":
        return redirect(url_for("calendar.index"), 303)
    if request.form.get("back") == "draft":
        publication: Publication = schedule.find_publication(reading(), publication_id)
        return redirect(url_for("drafts.page", draft_id=publication.draft_id), 303)
    return redirect(url_for("publications.page", publication_id=publication_id), 303)
