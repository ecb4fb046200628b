"""Taking a file in: uploaded, looked at with its columns, and only then imported."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.audit import AuditEvent, record
from core.crypto.author_hash import AuthorHasher
from core.errors import InvalidOptionsError
from core.masking import mask
from crawlers.importing.column_mapping import FIELDS, ColumnMapping, proposed_columns, read_mapping
from crawlers.importing.file_import import ImportContext, ImportResult, import_stream
from crawlers.importing.formats import FileFormat, FileLayout, ImportFileError, format_of
from crawlers.importing.layout import DELIMITERS, FileLook, look_at
from crawlers.importing.pending_uploads import OpenUpload, forget_upload
from crawlers.importing.preview import ImportPreview, preview_import
from crawlers.importing.remembered_mappings import remember_mapping, remembered_mapping
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.page import render
from webui.permissions import Permission
from webui.uploads import discarded_upload, expired_upload, kept_upload, opened_upload

blueprint = Blueprint("source_import", __name__, url_prefix="/sources/import")

MANAGE = Permission.SOURCE_MANAGE
INDEX = "source_import.index"
SEE_OTHER = 303
UNPROCESSABLE = 422
REFUSED_SHOWN = 200
CELLS_SHOWN = 3
LONGEST_CELL = 60
EXCERPT = 120
DEFAULT_SOURCE = "文件导入"
ENCODINGS = (("utf-8-sig", "UTF-8"), ("gb18030", "GBK / GB18030"), ("big5hkscs", "Big5"),
             ("utf-16", "UTF-16"))  # fmt: skip
# The name as it was found is hashed before it is stored, and shown to nobody.
_KEPT_AS_HASH = "作者（只留匿名编号）"


@blueprint.get("")
@require(MANAGE)
def index() -> Response:
    return _upload_page({})


@blueprint.post("")
@require(MANAGE)
def upload() -> ResponseReturnValue:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _upload_page({"file": "请选择一个文件。"})
    content = sent.stream.read()
    try:
        look_at(io.BytesIO(content), format_of(Path(sent.filename)))
    except ImportFileError as error:
        return _upload_page({"file": str(error)})
    upload_id = kept_upload(sent, content)
    return redirect(url_for("source_import.preview", upload_id=upload_id), SEE_OTHER)


@blueprint.get("/<int:upload_id>")
@require(MANAGE)
def preview(upload_id: int) -> ResponseReturnValue:
    opened = opened_upload(upload_id)
    if opened is None:
        return expired_upload(INDEX)
    try:
        look = look_at(io.BytesIO(opened.content), format_of(Path(opened.name)))
    except ImportFileError as error:
        return _upload_page({"file": str(error)})
    known = remembered_mapping(reading(), look.columns)
    now = console().clock.now()
    mapping = known[1] if known else proposed_columns(look.columns, look.rows, now)
    source = known[0] if known else DEFAULT_SOURCE
    return _preview_page(opened, look, mapping, source, remembered=known is not None)


@blueprint.post("/<int:upload_id>")
@require(MANAGE)
def take_in(upload_id: int) -> ResponseReturnValue:
    opened = opened_upload(upload_id)
    if opened is None:
        return expired_upload(INDEX)
    if request.form.get("do") == "discard":
        return discarded_upload(upload_id, INDEX, "没有导入，上传的文件已经删掉。")
    try:
        return _acted(opened)
    except ImportFileError as error:
        return _upload_page({"file": str(error)})


def _acted(opened: OpenUpload) -> ResponseReturnValue:
    """Read the file anew, show it, or import it, as the form asks; raises ImportFileError."""
    source = request.form.get("source", "").strip()[:100] or DEFAULT_SOURCE
    look = look_at(io.BytesIO(opened.content), format_of(Path(opened.name)), wanted=_wanted(opened))
    if request.form.get("do") == "reread":
        proposed = proposed_columns(look.columns, look.rows, console().clock.now())
        return _preview_page(opened, look, proposed, source)
    try:
        mapping = read_mapping(_chosen(look))
    except InvalidOptionsError as error:
        return _preview_page(opened, look, ColumnMapping({}), source, faults=error.faults)
    if not {"title", "text"} & set(mapping.fields):
        fault = {"mapping": "标题和正文都没有对应的列，没有导入。请至少选一列作标题或正文。"}
        return _preview_page(opened, look, mapping, source, faults=fault)
    if request.form.get("do") != "import":
        return _preview_page(opened, look, mapping, source)
    return _imported(opened, look, mapping, source)


def _imported(
    opened: OpenUpload, look: FileLook, mapping: ColumnMapping, source: str
) -> ResponseReturnValue:
    context = ImportContext(
        now=console().clock.now,
        hasher=AuthorHasher(console().sessions, console().keyring),
        collected_by="import",
        default_source=source,
        is_demo=console().settings.demo,
        mapping=mapping,
    )
    stream = io.BytesIO(opened.content)
    result = import_stream(console().sessions, stream, look.layout, context=context)
    _record_import(opened, mapping, source, result)
    return _upload_page({}, result=result)


def _record_import(
    opened: OpenUpload, mapping: ColumnMapping, source: str, result: ImportResult
) -> None:
    now = console().clock.now()
    detail: dict[str, object] = {
        "accepted": result.accepted,
        "duplicate": result.duplicate,
        "refused": len(result.refused),
    }
    with writing() as session:
        record(session, AuditEvent(viewer().actor, "source.imported", "source", detail=detail), now)
        if request.form.get("remember") == "1":
            remember_mapping(session, source, mapping, now=now, actor=viewer().actor)
        forget_upload(session, opened.id, person=viewer().id)


def _wanted(opened: OpenUpload) -> FileLayout:
    form = request.form
    encoding, delimiter = form.get("encoding", ""), form.get("delimiter", ",")
    return FileLayout(
        format_of(Path(opened.name)),
        encoding if encoding in dict(ENCODINGS) else None,
        delimiter if delimiter in DELIMITERS else ",",
        has_header=form.get("has_header") == "1",
    )


def _chosen(look: FileLook) -> list[str]:
    """Give ``column=field`` for each column that a field was chosen for."""
    chosen = ((column, request.form.get(f"column.{position}", ""))
              for position, column in enumerate(look.columns))  # fmt: skip
    return [f"{column}={name}" for column, name in chosen if name]


def _preview_page(
    opened: OpenUpload,
    look: FileLook,
    mapping: ColumnMapping,
    source: str,
    *,
    remembered: bool = False,
    faults: Mapping[str, str] | None = None,
) -> Response:
    now = console().clock.now()
    tried: ImportPreview | None = None
    faults = dict(faults or {})
    if mapping.fields:
        stream = io.BytesIO(opened.content)
        tried = preview_import(stream, look.layout, mapping, now=now, default_source=source)
    by_column = {column: name for name, column in mapping.fields.items()}
    return render(
        "sources/import_preview.html",
        UNPROCESSABLE if faults else 200,
        upload=opened,
        look=look,
        is_text=look.layout.file_format is not FileFormat.XLSX,
        is_csv=look.layout.file_format is FileFormat.CSV,
        columns=[
            {
                "name": column,
                "field": by_column.get(column, request.form.get(f"column.{position}", "")),
                "cells": _cells(look, column),
            }
            for position, column in enumerate(look.columns)
        ],
        fields=[(name, _KEPT_AS_HASH if name == "author" else label) for name, label in FIELDS.items()],
        encodings=ENCODINGS,
        delimiters=list(DELIMITERS.items()),
        source=source,
        remembered=remembered,
        tried=tried,
        samples=_samples(tried) if tried else [],
        faults=faults,
    )  # fmt: skip


def _cells(look: FileLook, column: str) -> list[str]:
    found = (str(row[column]) for row in look.rows if row.get(column) not in (None, ""))
    return [mask(text[:LONGEST_CELL]).text for text, _ in zip(found, range(CELLS_SHOWN))]  # noqa: B905 (the shorter one ends it)


def _samples(tried: ImportPreview) -> list[dict[str, object]]:
    return [
        {
            "line": line,
            "source": source,
            "title": mask(item.title).text,
            "text": mask(item.text[:EXCERPT]).text,
            "at": item.published_at,
            "url": item.url if item.url.startswith("http") else None,
        }
        for line, source, item in tried.samples
    ]


def _upload_page(faults: Mapping[str, str], *, result: ImportResult | None = None) -> Response:
    return render(
        "sources/import.html",
        UNPROCESSABLE if faults else 200,
        faults=faults,
        result=result,
        refused=result.refused[:REFUSED_SHOWN] if result else (),
    )
