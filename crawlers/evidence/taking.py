"""Storing a piece of evidence: the sealed file and the audit entry that names its digest, in one transaction."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.audit import AuditEvent, record
from core.chain import GENESIS, link
from core.crypto.keyring import Keyring
from core.database.models.collecting import Document, DocumentBody, Evidence, Source
from core.evidence_requests import EvidenceRequest
from crawlers.evidence.archive import EvidenceKind, EvidenceSubject

PURPOSE = "evidence"
TAKEN = "evidence.taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenWARC:
    """A finished file and what it holds; ``fetched_at`` is when the page was, or the text without one."""

    content: bytes
    kind: EvidenceKind
    failure: str | None
    url: str
    fetched_at: dt.datetime


def subject_of(session: Session, document: Document) -> EvidenceSubject | None:
    """Read the document as evidence describes it; None until names and addresses in it are masked."""
    if document.analysed_at is None:
        return None
    title, text, source = session.execute(
        select(DocumentBody.title, DocumentBody.text, Source.name)
        .join(Source, Source.id == document.source_id)
        .where(
            DocumentBody.document_id == document.id,
            DocumentBody.ingested_at == document.ingested_at,
        )
    ).one()
    return EvidenceSubject(
        document_id=document.id,
        url=document.canonical_url,
        source_name=source,
        title=title,
        text=text,
        content_hash=document.content_hash,
        published_at=document.published_at,
        collected_at=document.ingested_at,
    )


def store_evidence(
    session: Session,
    keyring: Keyring,
    document_id: int,
    taken: TakenWARC,
    wanted: EvidenceRequest,
    *,
    now: dt.datetime,
) -> int | None:
    """Store a file once: the same bytes of the same document change nothing and give None."""
    digest = hashlib.sha256(taken.content).digest()
    stored = session.scalar(
        insert(Evidence)
        .values(
            document_id=document_id,
            alert_id=wanted.alert_id,
            kind=taken.kind.value,
            failure=taken.failure,
            reason=wanted.reason,
            url=taken.url,
            fetched_at=taken.fetched_at,
            taken_at=now,
            taken_by=wanted.actor,
            size=len(taken.content),
            warc_sha256=digest,
            sealed_warc=keyring.seal(taken.content, purpose=PURPOSE),
            audit_id=0,
        )
        .on_conflict_do_nothing(index_elements=["document_id", "warc_sha256"])
        .returning(Evidence.id)
    )
    if stored is None:
        return None
    evidence = session.get_one(Evidence, stored)
    detail: dict[str, object] = {
        "sha256": digest.hex(),
        "record": record_digest(evidence),
        "document": document_id,
        "alert": wanted.alert_id,
        "kind": taken.kind.value,
        "bytes": len(taken.content),
    }
    event = AuditEvent(wanted.actor, TAKEN, "evidence", str(stored), detail=detail)
    evidence.audit_id = record(session, event, now)
    session.flush()
    return int(stored)


def record_digest(evidence: Evidence) -> str:
    """Hash what is kept beside the file, so that a changed time or reason is found like a changed page.

    Not the document's id: it goes with the document, while the evidence stays.
    """
    content: dict[str, object] = {
        "id": evidence.id,
        "alert": evidence.alert_id,
        "kind": evidence.kind,
        "failure": evidence.failure,
        "reason": evidence.reason,
        "url": evidence.url,
        "fetched_at": evidence.fetched_at.astimezone(dt.UTC).isoformat(),
        "taken_at": evidence.taken_at.astimezone(dt.UTC).isoformat(),
        "taken_by": evidence.taken_by,
        "bytes": evidence.size,
        "sha256": evidence.warc_sha256.hex(),
    }
    return link(GENESIS, content).hex()
