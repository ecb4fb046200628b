"""Checking evidence: the file against its digests, the digest against the audit log, the log against itself."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import BigInteger, cast, select
from sqlalchemy.orm import Session

from core import audit
from core.crypto.keyring import Keyring, MasterKeyError, SealedSecretError
from core.database.models.collecting import Evidence
from core.database.models.operations import AuditEntry
from crawlers.evidence.records import Archive, read_archive
from crawlers.evidence.taking import PURPOSE, TAKEN, record_digest
from crawlers.retention_periods import EVIDENCE_KEPT


class Fault(StrEnum):
    """What is wrong with a piece of evidence."""

    SEALED = "sealed"
    FILE = "file"
    RECORD = "record"
    FIELDS = "fields"
    AUDIT_MISSING = "audit_missing"
    AUDIT_DIFFERS = "audit_differs"
    CHAIN = "chain"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Finding:
    fault: Fault
    text: str


@dataclass(frozen=True, slots=True)
class Verified:
    """``archive`` is None when the file does not open; ``findings`` is empty when everything agrees."""

    evidence_id: int
    findings: tuple[Finding, ...]
    archive: Archive | None
    entry: AuditEntry | None

    @property
    def is_whole(self) -> bool:
        return not self.findings


def verify_all(
    session: Session, keyring: Keyring, now: dt.datetime, ids: Sequence[int] = ()
) -> list[Verified]:
    """Check the given pieces, or all of them and that none is missing; walks the whole audit chain once."""
    broken_at = audit.verify(session)
    wanted = select(Evidence.id).order_by(Evidence.id)
    known = session.scalars(wanted.where(Evidence.id.in_(ids)) if ids else wanted).all()
    found = []
    for evidence_id in known:
        evidence = session.get_one(Evidence, evidence_id)
        checked = verify_evidence(session, keyring, evidence, broken_at=broken_at)
        # The files are large; one at a time is enough.
        found.append(replace(checked, archive=None))
        session.expunge(evidence)
    asked = ids or _taken(session, now - EVIDENCE_KEPT)
    found += [_gone(session, id_) for id_ in asked if id_ not in set(known)]
    return found


def verify_evidence(
    session: Session, keyring: Keyring, evidence: Evidence, *, broken_at: int | None = None
) -> Verified:
    """Check one piece; ``broken_at`` is where the audit chain breaks, when somebody has looked.

    Without it the entry is checked against its neighbours.
    """
    findings: list[Finding] = []
    archive = None
    try:
        content = keyring.unseal(evidence.sealed_warc, purpose=PURPOSE)
    except (SealedSecretError, MasterKeyError) as error:
        findings.append(Finding(Fault.SEALED, f"封存的文件打不开：{error}"))
    else:
        archive = read_archive(content)
        findings += _file_findings(evidence, content, archive)
    entry = session.get(AuditEntry, evidence.audit_id, populate_existing=True)
    findings += _audit_findings(session, evidence, entry, broken_at)
    return Verified(evidence.id, tuple(findings), archive, entry)


def _file_findings(evidence: Evidence, content: bytes, archive: Archive) -> list[Finding]:
    findings = []
    if hashlib.sha256(content).digest() != evidence.warc_sha256:
        findings.append(Finding(Fault.FILE, "文件的 SHA-256 与存证时记下的不一致"))
    if len(content) != evidence.size:
        findings.append(Finding(Fault.FILE, "文件的长度与存证时记下的不一致"))
    return findings + [Finding(Fault.RECORD, fault) for fault in archive.faults]


def _audit_findings(
    session: Session, evidence: Evidence, entry: AuditEntry | None, broken_at: int | None
) -> list[Finding]:
    number = evidence.audit_id
    is_ours = entry is not None and entry.action == TAKEN and entry.object_id == str(evidence.id)
    if entry is None or not is_ours:
        return [Finding(Fault.AUDIT_MISSING, f"第 {number} 条审计记录不是这份存证的记录")]
    findings = []
    if entry.detail.get("sha256") != evidence.warc_sha256.hex():
        findings.append(Finding(Fault.AUDIT_DIFFERS, f"SHA-256 与第 {number} 条审计记录不一致"))
    if entry.detail.get("record") != record_digest(evidence):
        findings.append(
            Finding(Fault.FIELDS, f"网址、时间或理由等登记项与第 {number} 条审计记录不一致")
        )
    if evidence.document_id not in {None, entry.detail.get("document")}:
        findings.append(Finding(Fault.FIELDS, "登记的信息编号与审计记录不一致"))
    if broken_at is not None and broken_at <= number:
        findings.append(Finding(Fault.CHAIN, f"审计链在第 {broken_at} 条断开，在这份存证之前"))
    elif broken_at is None and not audit.is_linked(session, entry):
        findings.append(Finding(Fault.CHAIN, f"第 {number} 条审计记录被改动过，或与前后接不上"))
    return findings


def _taken(session: Session, since: dt.datetime) -> list[int]:
    """List what the audit log says was taken and must still be there."""
    return list(
        session.scalars(
            select(cast(AuditEntry.object_id, BigInteger))
            .where(AuditEntry.action == TAKEN, AuditEntry.at > since)
            .order_by(AuditEntry.id)
        )
    )


def _gone(session: Session, evidence_id: int) -> Verified:
    entry = session.scalar(
        select(AuditEntry).where(
            AuditEntry.action == TAKEN, AuditEntry.object_id == str(evidence_id)
        )
    )
    text = (
        "没有这份存证" if entry is None else f"审计记录第 {entry.id} 条登记过这份存证，现在却不在了"
    )
    return Verified(evidence_id, (Finding(Fault.GONE, text),), None, entry)
