"""How a draft will read on each channel, with its limits and findings, before or after saving."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.models.media import Account, Draft
from media_matrix.accounts import channel_label
from media_matrix.channel_rules import ChannelRules, channel_rules
from media_matrix.content import ChannelText, DraftEdit
from media_matrix.drafts import as_channel_text, draft_variants
from media_matrix.lint import Finding, channel_findings, text_length
from media_matrix.variants import complete_variants, digest_of


@dataclass(frozen=True, slots=True)
class ChannelPreview:
    """``length`` as the channel counts it; ``rules`` are the limits it is held to."""

    channel: str
    label: str
    variant: ChannelText
    digest: str
    is_by_hand: bool
    length: int
    rules: ChannelRules
    findings: tuple[Finding, ...]
    accounts: tuple[str, ...]


def edit_previews(session: Session, edit: DraftEdit) -> list[ChannelPreview]:
    """Word a form that is not saved yet as it would be saved; nothing is written."""
    accounts = _accounts(session, edit.account_ids)
    links = {
        account.channel: str(account.options["default_link"])
        for account in accounts
        if account.options.get("default_link")
    }
    by_hand = {variant.channel for variant in edit.variants}
    channels = [account.channel for account in accounts]
    digest = digest_of(edit)
    return [
        _preview(variant, digest, accounts, is_by_hand=variant.channel in by_hand)
        for variant in complete_variants(edit, channels, links=links)
    ]


def draft_previews(
    session: Session, draft: Draft, targets: Sequence[Account]
) -> list[ChannelPreview]:
    """Give the wording as stored: what a reviewer decides on and a worker sends."""
    return [
        _preview(
            as_channel_text(row),
            draft.digest or "",
            targets,
            is_by_hand=bool(row.options.get("by_hand")),
        )
        for row in draft_variants(session, draft.id)
    ]


def _accounts(session: Session, account_ids: Sequence[int]) -> list[Account]:
    return list(
        session.scalars(
            select(Account).where(Account.id.in_(list(account_ids))).order_by(Account.id)
        )
    )


def _preview(
    variant: ChannelText, digest: str, accounts: Iterable[Account], *, is_by_hand: bool
) -> ChannelPreview:
    return ChannelPreview(
        channel=variant.channel,
        label=channel_label(variant.channel),
        variant=variant,
        digest=digest,
        is_by_hand=is_by_hand,
        length=text_length(variant),
        rules=channel_rules(variant.channel),
        findings=tuple(channel_findings(variant, digest=digest)),
        accounts=tuple(account.name for account in accounts if account.channel == variant.channel),
    )
