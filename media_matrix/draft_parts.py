"""What a draft is made of in the tables: variants, targets, versions, and the content they add up to."""

from __future__ import annotations

import datetime as dt
import hashlib

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.database.models.media import (
    Account,
    Draft,
    DraftVersion,
    MediaAsset,
    Publication,
    PublicationState,
    Variant,
    VariantTarget,
)
from core.errors import WorkflowError
from media_matrix.content import ChannelText, Cover, DraftContent, DraftEdit
from media_matrix.variants import complete_variants

_PLANNED = (
    PublicationState.SCHEDULED,
    PublicationState.HELD,
    PublicationState.MISSED,
    PublicationState.FAILED_RETRYABLE,
)


def draft_variants(session: Session, draft_id: int) -> list[Variant]:
    return list(
        session.scalars(
            select(Variant).where(Variant.draft_id == draft_id).order_by(Variant.channel)
        )
    )


def draft_targets(session: Session, draft_id: int) -> list[Account]:
    return list(
        session.scalars(
            select(Account)
            .join(VariantTarget, VariantTarget.account_id == Account.id)
            .where(VariantTarget.draft_id == draft_id)
            .order_by(Account.channel, Account.id)
        )
    )


def draft_content(session: Session, draft: Draft) -> DraftContent:
    """Read what would go out right now, from the tables and not from the stored hash."""
    cover = None if draft.cover_id is None else session.get(MediaAsset, draft.cover_id)
    return DraftContent(
        title=draft.title,
        digest=draft.digest,
        body=draft.body,
        cover_sha256=None if cover is None else hashlib.sha256(cover.content).hexdigest(),
        cover_text=None if cover is None else cover.alternative_text,
        variants=tuple(as_channel_text(row) for row in draft_variants(session, draft.id)),
        account_ids=tuple(account.id for account in draft_targets(session, draft.id)),
        window_starts_at=draft.window_starts_at,
        window_ends_at=draft.window_ends_at,
    )


def draft_cover(session: Session, draft: Draft) -> Cover | None:
    asset = None if draft.cover_id is None else session.get(MediaAsset, draft.cover_id)
    if asset is None:
        return None
    return Cover(
        sha256=asset.sha256.hex(),
        content_type=asset.content_type,
        alternative_text=asset.alternative_text,
        content=asset.content,
    )


def as_channel_text(row: Variant) -> ChannelText:
    return ChannelText(
        channel=row.channel,
        text=row.text,
        title=row.title,
        link=row.link,
        options=dict(row.options),
    )


def write_parts(session: Session, draft: Draft, edit: DraftEdit) -> None:
    accounts = {
        account.id: account
        for account in session.scalars(select(Account).where(Account.id.in_(edit.account_ids)))
    }
    missing = sorted(set(edit.account_ids) - set(accounts))
    if missing:
        raise WorkflowError(
            f"没有编号为 {'、'.join(map(str, missing))} 的账号，稿件没有保存。请重新选择账号。"
        )
    links = {
        account.channel: str(account.options["default_link"])
        for account in accounts.values()
        if account.options.get("default_link")
    }
    channels = [account.channel for account in accounts.values()]
    session.execute(delete(Variant).where(Variant.draft_id == draft.id))
    session.execute(delete(VariantTarget).where(VariantTarget.draft_id == draft.id))
    by_hand = {variant.channel for variant in edit.variants}
    for variant in complete_variants(edit, channels, links=links):
        session.add(
            Variant(
                draft_id=draft.id,
                channel=variant.channel,
                title=variant.title,
                text=variant.text,
                link=variant.link,
                options={**variant.options, "by_hand": variant.channel in by_hand},
            )
        )
    session.add_all(VariantTarget(draft_id=draft.id, account_id=key) for key in accounts)
    session.flush()


def write_version(session: Session, draft: Draft, *, person_id: int, now: dt.datetime) -> None:
    content = draft_content(session, draft)
    draft.content_hash = content.hash()
    session.add(
        DraftVersion(
            draft_id=draft.id,
            version=draft.version,
            content=content.to_json(),
            content_hash=draft.content_hash,
            person_id=person_id,
            at=now,
        )
    )
    session.flush()


def cancel_planned(session: Session, draft: Draft) -> int:
    called_off = session.execute(
        update(Publication)
        .where(Publication.draft_id == draft.id, Publication.state.in_([s.value for s in _PLANNED]))
        .values(
            state=PublicationState.CANCELLED,
            state_reason="稿件在排期后被修改，原排期已取消",
            due_at=None,
        )
        .returning(Publication.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(called_off)
