"""Drafts: written, versioned, hashed; whatever is changed after approval must be reviewed again."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import audit
from core.database.models.media import (
    Draft,
    DraftState,
    DraftVersion,
    MediaAsset,
    Publication,
    PublicationState,
    Review,
)
from core.errors import ConflictError, WorkflowError
from media_matrix.content import ChannelText, DraftEdit
from media_matrix.draft_parts import (
    as_channel_text,
    cancel_planned,
    draft_content,
    draft_cover,
    draft_targets,
    draft_variants,
    write_parts,
    write_version,
)
from media_matrix.lint import Finding, FindingLevel, account_findings, channel_findings
from media_matrix.variants import complete_variants, digest_of

__all__ = [
    "EditResult", "archive_draft", "as_channel_text", "check_draft", "check_edit", "close_open_reviews",
    "create_draft", "draft_content", "draft_cover", "draft_targets", "draft_variants", "draft_versions",
    "edit_draft", "find_draft", "list_drafts", "locked_draft", "preview_variants", "store_cover",
]  # fmt: skip

# Once a post may be out there, its draft stays as it was sent.
_UNDER_WAY = (
    PublicationState.SENDING,
    PublicationState.ACCEPTED,
    PublicationState.UNKNOWN,
    PublicationState.NEEDS_HUMAN,
    PublicationState.PUBLISHED,
)
SUPERSEDED = "superseded"
COVER_BYTES = 1_000_000
COVER_TYPES = frozenset({"image/png", "image/jpeg"})


@dataclass(frozen=True, slots=True)
class EditResult:
    """``cancelled`` counts the planned posts of the old text that were called off."""

    draft: Draft
    cancelled: int
    was_approved: bool


def create_draft(  # noqa: PLR0913 - the origin of a draft is named by keyword
    session: Session,
    edit: DraftEdit,
    *,
    organisation_id: int,
    author_id: int,
    now: dt.datetime,
    alert_id: int | None = None,
    event_id: int | None = None,
    is_demo: bool = False,
) -> Draft:
    """Write the first version; raises WorkflowError when title or text is empty."""
    _require_words(edit)
    draft = Draft(
        organisation_id=organisation_id,
        title=edit.title.strip(),
        digest=digest_of(edit),
        body=edit.body,
        cover_id=edit.cover_id,
        window_starts_at=edit.window_starts_at,
        window_ends_at=edit.window_ends_at,
        is_cheerful=edit.is_cheerful,
        alert_id=alert_id,
        event_id=event_id,
        author_id=author_id,
        created_at=now,
        changed_at=now,
        is_demo=is_demo,
    )
    session.add(draft)
    session.flush()
    write_parts(session, draft, edit)
    write_version(session, draft, person_id=author_id, now=now)
    _record(session, draft, "draft_created", author_id, now)
    return draft


def edit_draft(
    session: Session,
    draft_id: int,
    edit: DraftEdit,
    *,
    version: int,
    person_id: int,
    now: dt.datetime,
) -> EditResult:
    """Save another version; the draft goes back to the start of review, whatever it was before.

    Raises ConflictError when ``version`` is no longer the newest, WorkflowError when a post of it
    is under way or out.
    """
    _require_words(edit)
    draft = locked_draft(session, draft_id)
    if draft.version != version:
        raise ConflictError(
            f"稿件已被别人改过（现在是第 {draft.version} 版，您打开的是第 {version} 版），这次修改没有保存。"
            "请刷新后再改。"
        )
    _require_editable(session, draft)
    was_approved = draft.state == DraftState.APPROVED
    draft.title = edit.title.strip()
    draft.digest = digest_of(edit)
    draft.body = edit.body
    draft.cover_id = edit.cover_id
    draft.window_starts_at = edit.window_starts_at
    draft.window_ends_at = edit.window_ends_at
    draft.is_cheerful = edit.is_cheerful
    draft.version = version + 1
    draft.state = DraftState.DRAFT
    draft.sealed_hash = None
    draft.changed_at = now
    session.flush()
    write_parts(session, draft, edit)
    write_version(session, draft, person_id=person_id, now=now)
    close_open_reviews(session, draft, now)
    cancelled = cancel_planned(session, draft)
    _record(session, draft, "draft_edited", person_id, now, cancelled=cancelled)
    return EditResult(draft=draft, cancelled=cancelled, was_approved=was_approved)


def archive_draft(session: Session, draft_id: int, *, person_id: int, now: dt.datetime) -> Draft:
    """Put a draft away; raises WorkflowError while a post of it is planned or under way."""
    draft = locked_draft(session, draft_id)
    busy = session.scalar(
        select(Publication.id)
        .where(
            Publication.draft_id == draft.id,
            Publication.state.in_([*_UNDER_WAY[:-1], PublicationState.SCHEDULED]),
        )
        .limit(1)
    )
    if busy is not None:
        raise WorkflowError(
            "这篇稿件还有排期或正在发布，没有归档。请先取消排期，或等发布有了结果。"
        )
    close_open_reviews(session, draft, now)
    draft.state = DraftState.ARCHIVED
    draft.changed_at = now
    _record(session, draft, "draft_archived", person_id, now)
    return draft


def find_draft(session: Session, draft_id: int) -> Draft:
    draft = session.get(Draft, draft_id)
    if draft is None:
        raise WorkflowError(f"没有编号为 {draft_id} 的稿件。它可能已被删除，请回到稿件列表。")
    return draft


def locked_draft(session: Session, draft_id: int) -> Draft:
    """Read a draft fresh and keep everybody else from changing it until the commit."""
    find_draft(session, draft_id)
    return session.scalars(
        select(Draft)
        .where(Draft.id == draft_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def list_drafts(
    session: Session,
    *,
    states: Sequence[DraftState] = (),
    author_id: int | None = None,
    limit: int = 50,
    before_id: int | None = None,
) -> list[Draft]:
    """List the newest drafts first; archived ones only when asked for."""
    query = select(Draft).order_by(Draft.id.desc()).limit(limit)
    if states:
        query = query.where(Draft.state.in_([state.value for state in states]))
    else:
        query = query.where(Draft.state != DraftState.ARCHIVED)
    if author_id is not None:
        query = query.where(Draft.author_id == author_id)
    if before_id is not None:
        query = query.where(Draft.id < before_id)
    return list(session.scalars(query))


def draft_versions(session: Session, draft_id: int) -> list[DraftVersion]:
    return list(
        session.scalars(
            select(DraftVersion)
            .where(DraftVersion.draft_id == draft_id)
            .order_by(DraftVersion.version)
        )
    )


def check_draft(session: Session, draft_id: int) -> list[Finding]:
    """Check every channel's wording as stored, and what the chosen accounts ask for besides."""
    draft = find_draft(session, draft_id)
    domains = {
        account.channel: str(account.options["safe_domain"])
        for account in draft_targets(session, draft_id)
        if account.options.get("safe_domain")
    }
    findings: list[Finding] = []
    for variant in map(as_channel_text, draft_variants(session, draft_id)):
        findings += channel_findings(variant, digest=draft.digest)
        domain = domains.get(variant.channel)
        if domain is not None:
            findings += account_findings(variant, safe_domain=domain)
    return findings


def check_edit(edit: DraftEdit, channels: Sequence[str]) -> list[Finding]:
    """Check a form that is not saved yet, worded as it would be saved."""
    if not edit.title.strip() or not edit.body.strip():
        return [
            Finding(
                channel="",
                field="title" if not edit.title.strip() else "body",
                level=FindingLevel.ERROR,
                code="words_missing",
                text="标题和正文都要填写。",
            )
        ]
    return [
        finding
        for variant in preview_variants(edit, channels)
        for finding in channel_findings(variant, digest=digest_of(edit))
    ]


def preview_variants(edit: DraftEdit, channels: Sequence[str]) -> list[ChannelText]:
    return list(complete_variants(edit, channels))


def store_cover(
    session: Session,
    content: bytes,
    *,
    content_type: str,
    alternative_text: str,
    person_id: int,
    rights: str | None = None,
) -> MediaAsset:
    """Keep a picture once, by its SHA-256; raises WorkflowError for a wrong type, size or no text."""
    if content_type not in COVER_TYPES or not _looks_like(content, content_type):
        raise WorkflowError("封面只支持 PNG 和 JPEG 图片，这个文件没有保存。请换一张图片。")
    if len(content) > COVER_BYTES:
        raise WorkflowError("封面图片超过 1 MB，没有保存。请压缩后再上传。")
    if not alternative_text.strip():
        raise WorkflowError("请填写图片说明（给看不见图片的读者），图片没有保存。")
    digest = hashlib.sha256(content).digest()
    asset = session.scalars(select(MediaAsset).where(MediaAsset.sha256 == digest)).one_or_none()
    if asset is None:
        asset = MediaAsset(
            sha256=digest,
            content_type=content_type,
            alternative_text=alternative_text.strip(),
            rights=rights,
            content=content,
            created_by=person_id,
        )
        session.add(asset)
        session.flush()
    return asset


def close_open_reviews(session: Session, draft: Draft, now: dt.datetime) -> None:
    session.execute(
        update(Review)
        .where(Review.draft_id == draft.id, Review.decision.is_(None))
        .values(decision=SUPERSEDED, decided_at=now)
    )


def _looks_like(content: bytes, content_type: str) -> bool:
    starts = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
    return content.startswith(starts[content_type])


def _require_words(edit: DraftEdit) -> None:
    if not edit.title.strip():
        raise WorkflowError("标题是空的，稿件没有保存。请填写标题。")
    if not edit.body.strip():
        raise WorkflowError("正文是空的，稿件没有保存。请填写正文。")


def _require_editable(session: Session, draft: Draft) -> None:
    if draft.state == DraftState.ARCHIVED:
        raise WorkflowError("这篇稿件已归档，不能修改。请复制成新稿。")
    busy = session.scalar(
        select(Publication.id)
        .where(Publication.draft_id == draft.id, Publication.state.in_(_UNDER_WAY))
        .limit(1)
    )
    if busy is not None:
        raise WorkflowError("这篇稿件已经发布或正在发布，不能再改，原稿没有变。请复制成新稿再改。")


def _record(
    session: Session,
    draft: Draft,
    action: str,
    person_id: int,
    now: dt.datetime,
    **detail: object,
) -> None:
    audit.record(
        session,
        audit.AuditEvent(
            actor=f"person:{person_id}",
            action=action,
            object_type="draft",
            object_id=str(draft.id),
            detail={"version": draft.version, **detail},
        ),
        now,
    )
