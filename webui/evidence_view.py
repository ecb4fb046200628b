"""What pages say of evidence: how a document stands, what a piece holds, and whether it is still whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.database.models.collecting import Evidence
from core.masking import mask
from crawlers.evidence.archive import EvidenceKind
from crawlers.evidence.listing import (
    EvidenceLine,
    WaitingLine,
    WaitingState,
    evidence_of,
    waiting_evidence,
)
from crawlers.evidence.records import Archive, ArchiveRecord
from crawlers.evidence.verification import Finding, verify_evidence
from webui.console import console, reading

KIND_LABELS: Mapping[EvidenceKind, str] = {
    EvidenceKind.PAGE: "原始网页",
    EvidenceKind.PAGE_AGAIN: "重新抓取",
    EvidenceKind.TEXT: "只存文字",
}
KIND_MARKS: Mapping[EvidenceKind, str] = {
    EvidenceKind.PAGE: "published",
    EvidenceKind.PAGE_AGAIN: "scheduled",
    EvidenceKind.TEXT: "warn",
}
WAITING_LABELS: Mapping[WaitingState, str] = {
    WaitingState.QUEUED: "待取证",
    WaitingState.REFETCHING: "正在重新抓取",
    WaitingState.FAILED: "取不到",
}
WAITING_MARKS: Mapping[WaitingState, str] = {
    WaitingState.QUEUED: "draft",
    WaitingState.REFETCHING: "scheduled",
    WaitingState.FAILED: "failed",
}
RECORD_LABELS: Mapping[str, str] = {
    "warcinfo": "文件说明",
    "request": "我们的请求",
    "response": "网站的应答",
    "conversion": "从网页提取的正文",
    "resource": "采集时的正文",
    "metadata": "登记项",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How the documents of a page stand: the newest piece of each, and what is still awaited."""

    taken: Mapping[int, EvidenceLine]
    awaited: Mapping[int, WaitingLine]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with its answer; ``asked`` is None where the request was not kept."""

    asked: ArchiveRecord | None
    answered: ArchiveRecord


@dataclass(frozen=True, slots=True)
class OpenedEvidence:
    """A piece as it is now. Nothing of the raw page is here, only the text that was read from it."""

    title: str
    text: str
    exchanges: tuple[Exchange, ...]
    records: tuple[ArchiveRecord, ...]
    findings: tuple[Finding, ...]


def header_lines(record: ArchiveRecord) -> str:
    return "\n".join(f"{name}: {value}" for name, value in record.http)


def standing_of(document_ids: Sequence[int]) -> Standing:
    session = reading()
    return Standing(evidence_of(session, document_ids), waiting_evidence(session, document_ids))


def open_evidence(evidence_id: int) -> OpenedEvidence:
    """Open the sealed file and check it against the audit log."""
    evidence = reading().get_one(Evidence, evidence_id)
    verified = verify_evidence(reading(), console().keyring, evidence)
    archive = verified.archive or Archive(())
    title, text = archive.text
    return OpenedEvidence(
        # Masked when it was stored; masked again, because rules for numbers grow.
        title=mask(title).text,
        text=mask(text).text,
        exchanges=_exchanges(archive),
        records=archive.records,
        findings=verified.findings,
    )


def _exchanges(archive: Archive) -> tuple[Exchange, ...]:
    asked = {record.id: record for record in archive.records if record.kind == "request"}
    return tuple(
        Exchange(asked.get(record.header("WARC-Concurrent-To") or ""), record)
        for record in archive.records
        if record.kind == "response"
    )
