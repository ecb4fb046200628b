"""``zhisheng evidence``: the pages kept as proof, and whether they are as they were taken."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from config.settings import Settings
from core.audit import AuditEvent, record
from core.clock import to_rfc3339
from core.database.models.collecting import Document
from core.errors import ConfigurationError
from core.evidence_requests import EvidenceRequest, demand_evidence
from crawlers.evidence.export import export_warc
from crawlers.evidence.listing import (
    EvidenceFilter,
    EvidenceLine,
    evidence_of,
    list_evidence,
    waiting_evidence,
)
from crawlers.evidence.verification import Verified, verify_all
from zhisheng.cli import PARTLY, pass_settings, print_json
from zhisheng.evidence import evidence_worker
from zhisheng.services import Services, open_services

ACTOR = "system:terminal"


@click.group(help="存证：抓取到的原始网页，封存并记入审计链。")
def evidence() -> None:
    pass


@evidence.command(
    help="核验存证：文件、摘要、登记项、审计记录和整条审计链；不给编号就核验全部，并查有没有少。"
)
@click.argument("ids", nargs=-1, type=int, metavar="[ID…]")
@click.option("--json", "as_json", is_flag=True, help="输出一个 JSON 对象。")
@pass_settings
def verify(settings: Settings, ids: Sequence[int], *, as_json: bool) -> None:
    with open_services(settings, start_database=False) as services:
        now = services.clock.now()
        with services.sessions() as session:
            found = verify_all(session, services.keyring, now, ids)
        broken = [one for one in found if not one.is_whole]
        with services.sessions.begin() as session:
            detail: dict[str, object] = {"checked": len(found), "broken": len(broken)}
            result = "failed" if broken else "done"
            event = AuditEvent(ACTOR, "evidence.verified", "evidence", None, result, detail)
            record(session, event, now)
    if as_json:
        print_json(
            {
                "checked": len(found),
                "broken": len(broken),
                "evidence": [_verdict(one) for one in found],
            }
        )
    else:
        for one in broken:
            for finding in one.findings:
                click.echo(f"存证 {one.evidence_id}：{finding.text}")
        click.echo(
            f"核验 {len(found)} 份，{len(broken)} 份有问题"
            if broken
            else f"核验 {len(found)} 份，全部完好"
        )
    if broken:
        sys.exit(PARTLY)


def _verdict(one: Verified) -> dict[str, object]:
    return {
        "id": str(one.evidence_id),
        "whole": one.is_whole,
        "audit_id": None if one.entry is None else str(one.entry.id),
        "findings": [
            {"fault": finding.fault.value, "text": finding.text} for finding in one.findings
        ],
    }


@evidence.command("list", help="列出存证，新的在前。")
@click.option("--alert", "alert_id", type=int, default=None, help="只看这件预警的。")
@click.option("--document", "document_id", type=int, default=None, help="只看这条信息的。")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="输出一个 JSON 对象。")
@pass_settings
def list_command(
    settings: Settings,
    *,
    alert_id: int | None,
    document_id: int | None,
    limit: int,
    as_json: bool,
) -> None:
    wanted = EvidenceFilter(alert_id=alert_id, document_id=document_id)
    with open_services(settings, start_database=False) as services, services.sessions() as session:
        page = list_evidence(session, wanted, limit=limit)
        waiting = waiting_evidence(session)
    if as_json:
        print_json(
            {
                "evidence": [_line(line) for line in page.lines],
                "waiting": [
                    {
                        "document": str(line.document_id),
                        "state": line.state.value,
                        "note": line.note,
                        "reason": line.reason,
                        "since": to_rfc3339(line.queued_at),
                    }
                    for line in waiting.values()
                ],
            }
        )
        return
    for line in page.lines:
        click.echo(
            f"{line.id}\t{to_rfc3339(line.taken_at)}\t{line.kind.value}\t{line.sha256}\t{line.url}"
        )
    if waiting:
        click.echo(f"另有 {len(waiting)} 条待取证", err=True)


def _line(line: EvidenceLine) -> dict[str, object]:
    return {
        "id": str(line.id),
        "document": None if line.document_id is None else str(line.document_id),
        "alert": None if line.alert_id is None else str(line.alert_id),
        "kind": line.kind.value,
        "failure": line.failure,
        "reason": line.reason,
        "url": line.url,
        "fetched_at": to_rfc3339(line.fetched_at),
        "taken_at": to_rfc3339(line.taken_at),
        "bytes": line.size,
        "sha256": line.sha256,
        "audit_id": str(line.audit_id),
    }


@evidence.command(help="为一条信息存证；原始网页已不在时，让采集进程重新抓取。")
@click.argument("document_id", type=int, metavar="信息编号")
@click.option("--reason", required=True, help="为什么存证，记入审计。")
@pass_settings
def take(settings: Settings, document_id: int, *, reason: str) -> None:
    with open_services(settings, start_database=False) as services:
        with services.sessions.begin() as session:
            if session.get(Document, document_id) is None:
                raise ConfigurationError(f"没有编号为 {document_id} 的信息，没有存证。")
            wanted = EvidenceRequest(reason=reason.strip(), actor=ACTOR)
            demand_evidence(session, [document_id], wanted, services.clock.now())
        evidence_worker(services).step()
        _tell_state(services, document_id)


def _tell_state(services: Services, document_id: int) -> None:
    with services.sessions() as session:
        waiting = waiting_evidence(session, [document_id]).get(document_id)
        line = evidence_of(session, [document_id]).get(document_id)
    print_json(
        {
            "document": str(document_id),
            "state": "taken" if waiting is None else waiting.state.value,
            "note": None if waiting is None else waiting.note,
            "evidence": None if line is None else _line(line),
        }
    )


@evidence.command(help="导出一份存证为 WARC 文件；里面是未打码的原始网页，导出记入审计。")
@click.argument("evidence_id", type=int, metavar="编号")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.warc.gz")
@click.option("--purpose", required=True, help="用途，与导出信息相同。")
@click.option("--reason", required=True, help="给谁用、何时删除，记入审计。")
@pass_settings
def export(settings: Settings, evidence_id: int, file: Path, *, purpose: str, reason: str) -> None:
    if file.exists():
        raise ConfigurationError(f"文件「{file}」已经存在，没有覆盖。")
    with (
        open_services(settings, start_database=False) as services,
        services.sessions.begin() as session,
    ):
        content = export_warc(
            session, services.keyring, evidence_id,
            purpose=purpose, reason=reason, actor=ACTOR, now=services.clock.now(),
        )  # fmt: skip
    # Logged first: what leaves without a trace is worse than a trace of what did not leave.
    file.touch(mode=0o600)
    file.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    print_json({"id": str(evidence_id), "file": str(file), "sha256": digest})
