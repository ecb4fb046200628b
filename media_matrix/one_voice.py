"""One statement, one account per platform."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.models.media import Account, Draft, Publication, Variant
from core.errors import WorkflowError
from media_matrix.publication_states import LIVE
from media_matrix.similarity import NEARLY_IDENTICAL, likeness

# The rule holds where accounts are judged for posting alike.
SOCIAL_CHANNELS = frozenset({"wechat", "weibo"})
_LIKENESS_DAYS = dt.timedelta(days=7)


def require_one_voice(
    session: Session, draft: Draft, accounts: list[Account], planned_at: dt.datetime
) -> None:
    """Refuse nearly the same text on two accounts of one platform (跟帖评论规定、公众账号规定)."""
    for channel in SOCIAL_CHANNELS:
        ours = [account for account in accounts if account.channel == channel]
        if not ours:
            continue
        if len(ours) > 1:
            names = "、".join(account.name for account in ours)
            raise WorkflowError(
                f"同一篇稿件不能在同一平台的多个账号（{names}）发布，没有排期。请只留一个账号。"
            )
        text = session.scalar(
            select(Variant.text).where(Variant.draft_id == draft.id, Variant.channel == channel)
        )
        others = session.execute(
            select(Account.name, Variant.text)
            .join(Publication, Publication.account_id == Account.id)
            .join(
                Variant,
                (Variant.draft_id == Publication.draft_id) & (Variant.channel == channel),
            )
            .where(
                Account.channel == channel,
                Account.id != ours[0].id,
                Publication.state.in_([state.value for state in LIVE]),
                Publication.planned_at > planned_at - _LIKENESS_DAYS,
                Publication.planned_at < planned_at + _LIKENESS_DAYS,
            )
        ).all()
        for name, other in others:
            if likeness(text or "", other) >= NEARLY_IDENTICAL:
                raise WorkflowError(
                    f"同一平台的账号“{name}”七天内有几乎相同的内容，没有排期。请改写，或不选这个账号。"
                )
