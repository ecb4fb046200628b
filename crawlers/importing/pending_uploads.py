"""Files between their upload and their import: sealed, for two hours, for whoever brought them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sqlalchemy import delete
from sqlalchemy.orm import Session

from core.crypto.keyring import Keyring
from core.database.models.collecting import PendingUpload

KEPT = dt.timedelta(hours=2)
PURPOSE = "pending_upload"


@dataclass(frozen=True, slots=True)
class OpenUpload:
    id: int
    name: str
    content: bytes = field(repr=False)


def keep_upload(
    session: Session,
    name: str,
    content: bytes,
    *,
    keyring: Keyring,
    uploaded_by: int,
    now: dt.datetime,
) -> int:
    """Seal a file and give its number; those past their time go on this occasion."""
    forget_expired_uploads(session, now)
    row = PendingUpload(
        name=name[:200], size=len(content), sealed_content=keyring.seal(content, purpose=PURPOSE),
        uploaded_by=uploaded_by, uploaded_at=now, expires_at=now + KEPT,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def open_upload(
    session: Session, upload_id: int, *, keyring: Keyring, person: int, now: dt.datetime
) -> OpenUpload | None:
    """Give a file back to whoever brought it; None for somebody else, and once it has expired."""
    row = session.get(PendingUpload, upload_id)
    if row is None or row.uploaded_by != person or row.expires_at <= now:
        return None
    return OpenUpload(row.id, row.name, keyring.unseal(row.sealed_content, purpose=PURPOSE))


def forget_upload(session: Session, upload_id: int, *, person: int) -> None:
    session.execute(
        delete(PendingUpload).where(
            PendingUpload.id == upload_id, PendingUpload.uploaded_by == person
        )
    )


def forget_expired_uploads(session: Session, now: dt.datetime) -> None:
    session.execute(delete(PendingUpload).where(PendingUpload.expires_at <= now))
