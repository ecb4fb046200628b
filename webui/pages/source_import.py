"""Taking a file in through the console; what was refused is shown line by line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, cast

from flask import Blueprint, Response, request

from core.audit import AuditEvent, record
from core.crypto.author_hash import AuthorHasher
from crawlers.file_import import ImportContext, ImportResult, import_stream
from crawlers.import_formats import ImportFileError, format_of
from webui.access import require, viewer
from webui.console import console, writing
from webui.page import render
from webui.permissions import Permission

blueprint = Blueprint("source_import", __name__, url_prefix="/sources/import")

MANAGE = Permission.SOURCE_MANAGE
REFUSED_SHOWN = 200


@blueprint.get("")
@require(MANAGE)
def index() -> Response:
    return _page({})


@blueprint.post("")
@require(MANAGE)
def upload() -> Response:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _page({"file": "请选择一个文件"}, status=422)
    name = request.form.get("source", "").strip() or "文件导入"
    context = ImportContext(
        now=console().clock.now,
        hasher=AuthorHasher(console().sessions, console().keyring),
        collected_by="import",
        default_source=name,
        is_demo=console().settings.demo,
    )
    # Werkzeug calls it IO[bytes]; it is a binary file that can be read and sought.
    stream = cast("BinaryIO", sent.stream)
    try:
        result = import_stream(
            console().sessions, stream, format_of(Path(sent.filename)), context=context
        )
    except ImportFileError as error:
        return _page({"file": str(error)}, status=422)
    _record_import(result)
    return _page({}, result=result)


def _record_import(result: ImportResult) -> None:
    detail: dict[str, object] = {
        "accepted": result.accepted,
        "duplicate": result.duplicate,
        "refused": len(result.refused),
    }
    with writing() as session:
        event = AuditEvent(viewer().actor, "source.imported", "source", detail=detail)
        record(session, event, console().clock.now())


def _page(
    faults: Mapping[str, str], *, result: ImportResult | None = None, status: int = 200
) -> Response:
    return render(
        "sources/import.html",
        status,
        faults=faults,
        result=result,
        refused=result.refused[:REFUSED_SHOWN] if result else (),
        source=request.form.get("source", ""),
    )
