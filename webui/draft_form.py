"""The editor's form: what it sends, and what it shows again when nothing could be saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from flask import request
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from core.clock import parse_time
from core.database.models.media import Account, Draft, Variant
from core.errors import InvalidOptionsError, WorkflowError
from media_matrix.content import ChannelText, DraftEdit
from media_matrix.drafts import store_cover
from media_matrix.variants import HTML_CHANNELS, digest_of, inline_styled, rendered_html
from webui.formats import form_time
from webui.typed import whole_number

SOURCE = "source"


@dataclass(frozen=True, slots=True)
class HandVariant:
    """A channel worded by hand, as typed: Markdown, or plain text on Weibo."""

    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class DraftForm:
    """The fields as text, so that whatever was typed can be shown again."""

    title: str = ""
    digest: str = ""
    body: str = ""
    account_ids: tuple[str, ...] = ()
    window_starts_at: str = ""
    window_ends_at: str = ""
    is_cheerful: bool = False
    cover_id: str = ""
    cover_text: str = ""
    cover_rights: str = ""
    by_hand: tuple[str, ...] = ()
    variants: dict[str, HandVariant] = field(default_factory=dict)
    version: int = 0
    alert_id: str = ""

    def edit(self) -> DraftEdit:
        """Give what media_matrix saves; raises InvalidOptionsError naming the faulty fields."""
        faults: dict[str, str] = {}
        if not self.title.strip():
            faults["title"] = "标题是空的，请填写标题。"
        if not self.body.strip():
            faults["body"] = "正文是空的，请填写正文。"
        moments = {}
        for name in ("window_starts_at", "window_ends_at"):
            try:
                moments[name] = parse_time(getattr(self, name)) if getattr(self, name) else None
            except ValueError:
                faults[name] = "请填写时间，如 2026-11-22 18:30。"
        starts, ends = moments.get("window_starts_at"), moments.get("window_ends_at")
        if starts is not None and ends is not None and ends <= starts:
            faults["window_ends_at"] = "时间窗口的结束要晚于开始。"
        if faults:
            raise InvalidOptionsError(faults)
        return DraftEdit(
            title=self.title,
            body=self.body,
            digest=self.digest.strip() or None,
            cover_id=whole_number(self.cover_id),
            account_ids=tuple(
                number for item in self.account_ids if (number := whole_number(item)) is not None
            ),
            variants=tuple(_channel_text(name, self.variants[name]) for name in self.by_hand),
            window_starts_at=starts,
            window_ends_at=ends,
            is_cheerful=self.is_cheerful,
        )


def posted_form() -> DraftForm:
    """Read the form of this request."""
    form: MultiDict[str, str] = request.form
    # An empty field means: make this channel's wording from the master text.
    by_hand = tuple(
        sorted(
            name.split(".")[1]
            for name, text in form.items()
            if name.startswith("variant.") and name.endswith(".text") and text.strip()
        )
    )
    version = form.get("version", "")
    return DraftForm(
        title=form.get("title", ""),
        digest=form.get("digest", ""),
        body=form.get("body", "").replace("\r\n", "\n"),
        account_ids=tuple(sorted(set(form.getlist("account_ids")))),
        window_starts_at=form.get("window_starts_at", ""),
        window_ends_at=form.get("window_ends_at", ""),
        is_cheerful=form.get("is_cheerful") == "1",
        cover_id="" if form.get("cover_removed") else form.get("cover_id", ""),
        cover_text=form.get("cover_text", ""),
        cover_rights=form.get("cover_rights", ""),
        by_hand=by_hand,
        variants={
            channel: HandVariant(
                title=form.get(f"variant.{channel}.title", ""),
                text=form.get(f"variant.{channel}.text", "").replace("\r\n", "\n"),
            )
            for channel in by_hand
        },
        version=whole_number(version) or 0,
        alert_id=form.get("alert_id", ""),
    )


def stored_form(draft: Draft, targets: Sequence[Account], variants: Sequence[Variant]) -> DraftForm:
    """Show a saved draft in the form; a digest that was made from the text stays empty there."""
    made = digest_of(DraftEdit(title=draft.title, body=draft.body))
    return DraftForm(
        title=draft.title,
        digest="" if draft.digest in {None, made} else draft.digest or "",
        body=draft.body,
        account_ids=tuple(sorted(str(account.id) for account in targets)),
        window_starts_at=form_time(draft.window_starts_at),
        window_ends_at=form_time(draft.window_ends_at),
        is_cheerful=draft.is_cheerful,
        cover_id=str(draft.cover_id or ""),
        by_hand=tuple(row.channel for row in variants if row.options.get("by_hand")),
        variants={
            row.channel: HandVariant(
                title=row.title or "", text=str(row.options.get(SOURCE) or row.text)
            )
            for row in variants
            if row.options.get("by_hand")
        },
        version=draft.version,
        alert_id=str(draft.alert_id or ""),
    )


def with_cover(session: Session, form: DraftForm, *, person_id: int) -> DraftForm:
    """Store an uploaded picture; raises InvalidOptionsError for the field ``cover``."""
    upload = request.files.get("cover")
    if upload is None or not upload.filename:
        return form
    try:
        asset = store_cover(
            session,
            upload.read(),
            content_type=upload.mimetype,
            alternative_text=form.cover_text,
            person_id=person_id,
            rights=form.cover_rights.strip() or None,
        )
    except WorkflowError as error:
        field_name = "cover" if form.cover_text.strip() else "cover_text"
        raise InvalidOptionsError({field_name: str(error)}) from error
    return replace(form, cover_id=str(asset.id))


def _channel_text(channel: str, typed: HandVariant) -> ChannelText:
    if channel not in HTML_CHANNELS:
        return ChannelText(channel=channel, text=typed.text)
    html = rendered_html(typed.text)
    return ChannelText(
        channel=channel,
        text=inline_styled(html) if channel == "wechat" else html,
        title=typed.title.strip() or None,
        # What was typed is kept, so that the next edit starts from it and not from its HTML.
        options={SOURCE: typed.text},
    )
