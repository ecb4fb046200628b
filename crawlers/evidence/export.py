"""Evidence that leaves the system: for a stated purpose, logged, and only when it is as it was taken."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from config.purposes import PURPOSES
from core.audit import AuditEvent, record
from core.crypto.keyring import Keyring
from core.database.models.collecting import Evidence
from core.errors import InvalidOptionsError, StorageError
from crawlers.evidence.listing import EvidenceNotFoundError
from crawlers.evidence.taking import PURPOSE
from crawlers.evidence.verification import verify_evidence

SHORTEST_REASON = 4
LONGEST_REASON = 500


class EvidenceAlteredError(StorageError):
    """The piece is not as it was taken, so it proves nothing."""


def export_warc(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    keyring: Keyring,
    evidence_id: int,
    *,
    purpose: str,
    reason: str,
    actor: str,
    now: dt.datetime,
) -> bytes:
    """Give the file as it was sealed; its SHA-256 is the one in the audit log.

    Raises InvalidOptionsError, EvidenceNotFoundError, or EvidenceAlteredError, which names what is wrong.
    """
    faults: dict[str, str] = {}
    if purpose not in PURPOSES:
        faults["purpose"] = f"请选择用途：{'、'.join(PURPOSES)}"
    if not SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON:
        faults["reason"] = f"请用 {SHORTEST_REASON} 到 {LONGEST_REASON} 个字写明给谁用、何时删除"
    if faults:
        raise InvalidOptionsError(faults)
    evidence = session.get(Evidence, evidence_id)
    if evidence is None:
        raise EvidenceNotFoundError(
            f"没有编号为 {evidence_id} 的存证，可能已按两年的保存期限删除。"
        )
    verified = verify_evidence(session, keyring, evidence)
    if not verified.is_whole:
        found = "；".join(finding.text for finding in verified.findings)
        raise EvidenceAlteredError(f"存证 {evidence_id} 没有通过核验，没有导出：{found}。")
    detail: dict[str, object] = {
        "sha256": evidence.warc_sha256.hex(),
        "bytes": evidence.size,
        "purpose": purpose,
        "reason": reason.strip(),
    }
    event = AuditEvent(actor, "evidence.exported", "evidence", str(evidence_id), detail=detail)
    record(session, event, now)
    return keyring.unseal(evidence.sealed_warc, purpose=PURPOSE)
