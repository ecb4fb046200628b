"""``zhisheng model export-feedback``: the corrected texts as training data."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from typing import IO

import click
from sqlalchemy.orm import Session

from config.settings import Settings
from core.audit import AuditEvent, record
from core.clock import parse_time, to_rfc3339
from core.corrected_labels import LabelTask
from core.corrections import CorrectedDocument, corrected_documents
from core.database.sessions import Sessions
from core.errors import ConfigurationError
from nlp.annotations import TextInput
from nlp.replacement import whole_text
from zhisheng.cli import pass_settings
from zhisheng.services import open_services

ACTOR = "system:terminal"
_DECISIONS = frozenset({LabelTask.RELEVANT, LabelTask.OUR_UNION, LabelTask.OFFENSIVE})


@click.command(
    name="export-feedback",
    help="导出人工更正过的信息（已打码）：每条有效的更正一行 JSON，标签是更正后的，可作训练数据。"
    "导出会记入审计。",
)
@click.option(
    "--output", "target", type=click.File("wb"), default="-", help="JSONL 文件，- 为标准输出。"
)
@click.option("--since", default=None, help="只要这个时间起的更正，如 2026-11-01 或 RFC 3339。")
@pass_settings
def export_feedback(settings: Settings, target: IO[bytes], since: str | None) -> None:
    start = _time(since)
    with open_services(settings, start_database=False) as services:
        count = write_feedback(services.sessions, target, start, services.clock.now())
    click.echo(f"共导出 {count} 条更正。", err=True)


def write_feedback(
    sessions: Sessions, target: IO[bytes], since: dt.datetime | None, now: dt.datetime
) -> int:
    """Note the export in the audit log before the first line leaves, write the lines, and count them."""
    with sessions.begin() as session:
        detail = {"since": to_rfc3339(since)}
        event = AuditEvent(ACTOR, "document.feedback_exported", "document", detail=detail)
        record(session, event, now)
    count = 0
    with sessions() as session:
        for line in feedback_lines(session, since):
            target.write(line.encode("utf-8", "replace") + b"\n")
            count += 1
    target.flush()
    return count


def feedback_lines(session: Session, since: dt.datetime | None) -> Iterator[str]:
    """Give a line for each correction that stands and was made at ``since`` or later."""
    for document in corrected_documents(session, since):
        yield from _lines(document, since)


def _lines(document: CorrectedDocument, since: dt.datetime | None) -> Iterator[str]:
    text = whole_text(TextInput(document.title, document.text))
    labelled = {
        "text": text,
        **{task.value: _label(task, label) for task, label in document.labels.items()},
        "sha256": hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(),
    }
    newest = {line.task: line for line in document.corrections}
    for line in newest.values():
        if since is None or line.at >= since:
            correction = {
                "task": line.task.value,
                "was": _label(line.task, line.was),
                "corrected": _label(line.task, line.corrected),
                "editor": line.editor,
                "at": to_rfc3339(line.at),
            }
            yield json.dumps(labelled | correction, ensure_ascii=False)


def _label(task: LabelTask, label: str | None) -> object:
    """Write a label as the label files of the training do."""
    if label is None:
        return None
    if task is LabelTask.TOPICS:
        return label.split()
    return int(label) if task in _DECISIONS else label


def _time(typed: str | None) -> dt.datetime | None:
    if typed is None:
        return None
    try:
        return parse_time(typed)
    except ValueError as error:
        raise ConfigurationError(
            f"--since 应为时间，如 2026-11-01 或 2026-11-01T09:00:00+08:00，而不是「{typed}」。"
        ) from error
