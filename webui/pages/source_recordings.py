"""Bringing a recording: uploaded and sealed, looked at as it would be read, and only then a source of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from urllib.parse import urljoin

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import ExtractionError, InvalidOptionsError, StorageError
from crawlers import sources
from crawlers.importing.pending_uploads import OpenUpload, forget_upload
from crawlers.importing.recording_uploads import (
    RecordingLook,
    drop_recording,
    look_at_recording,
    put_recording,
    recorded_pages,
)
from crawlers.source_types.replay import Replay
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.page import render, tell
from webui.pages.source_fields import PREFIX, drafted, drawing, shown_samples
from webui.permissions import Permission
from webui.uploads import discarded_upload, expired_upload, kept_upload, opened_upload

blueprint = Blueprint("source_recordings", __name__, url_prefix="/sources/recordings")

MANAGE = Permission.SOURCE_MANAGE
INDEX = "source_recordings.index"
SEE_OTHER, UNPROCESSABLE = 303, 422
KIND = Replay.name
FILE = "file"
INTERVAL_S = 60
LONGEST_NAME = 60
_NO_FOLDER = "这里不能存放录制文件，没有上传。"


@blueprint.get("")
@require(MANAGE)
def index() -> Response:
    return _upload_page()


@blueprint.post("")
@require(MANAGE)
def upload() -> ResponseReturnValue:
    sent = request.files.get(FILE)
    if console().replay_folder is None:
        return _upload_page(_NO_FOLDER)
    if sent is None or not sent.filename:
        return _upload_page("请选择一个文件。")
    content = sent.stream.read()
    try:
        recorded_pages(content)
    except ExtractionError as error:
        return _upload_page(str(error))
    upload_id = kept_upload(sent, content)
    return redirect(url_for("source_recordings.preview", upload_id=upload_id), SEE_OTHER)


@blueprint.get("/<int:upload_id>")
@require(MANAGE)
def preview(upload_id: int) -> ResponseReturnValue:
    opened = opened_upload(upload_id)
    if opened is None:
        return expired_upload(INDEX)
    try:
        first = recorded_pages(opened.content)[0]
    except ExtractionError as error:
        return _upload_page(str(error))
    # The home page of the site: pages at the source's own address would be read as its list.
    url = urljoin(first.url, "/")
    values: dict[str, object] = {PREFIX + spec.name: spec.default for spec in Replay.options}
    name = f"回放 {PurePath(opened.name).stem}"[:LONGEST_NAME]
    values |= {
        "name": sources.free_name(reading(), name), "url": url, "platform": "网站",
        "level": "public", "interval_s": INTERVAL_S, "legal_basis": "演练用的录制，不访问网络",
    }  # fmt: skip
    draft = replace(drafted(KIND), url=url, options={})
    return _page(opened, values, _looked(opened, draft))


@blueprint.post("/<int:upload_id>")
@require(MANAGE)
def act(upload_id: int) -> ResponseReturnValue:
    opened, folder = opened_upload(upload_id), console().replay_folder
    if opened is None or folder is None:
        return expired_upload(INDEX)
    if request.form.get("do") == "discard":
        return discarded_upload(upload_id, INDEX, "没有保存，上传的文件已经删掉。")
    try:
        return _acted(opened, folder)
    except ExtractionError as error:
        return _upload_page(str(error))


def _acted(opened: OpenUpload, folder: Path) -> ResponseReturnValue:
    """Read the first pages anew, and save the source if the form asks for it; raises ExtractionError."""
    draft = drafted(KIND)
    try:
        looked = _looked(opened, draft)
        if request.form.get("do") == "save":
            _save(opened, draft, folder)
            tell("录制已保存为数据源，几秒后开始回放。")
            return redirect(url_for("sources.index"), SEE_OTHER)
    except InvalidOptionsError as error:
        return _page(opened, request.form, None, error.faults)
    except StorageError as error:
        return _page(opened, request.form, looked, {FILE: str(error)})
    return _page(opened, request.form, looked)


def _looked(opened: OpenUpload, draft: sources.SourceDraft) -> RecordingLook:
    """Read the first pages with the options of the form; raises InvalidOptionsError and ExtractionError."""
    checked = sources.checked_options(_named(draft, opened.name), console().policy)
    now = console().clock.now()
    return look_at_recording(opened.content, draft.url or "", checked, now)


def _save(opened: OpenUpload, draft: sources.SourceDraft, folder: Path) -> None:
    """Write the file and the source, or neither; raises InvalidOptionsError and StorageError."""
    name = put_recording(folder, opened)
    try:
        with writing() as session:
            sources.create_source(
                session,
                _named(draft, name),
                policy=console().policy,
                now=console().clock.now(),
                actor=viewer().actor,
                created_by=viewer().id,
            )
            forget_upload(session, opened.id, person=viewer().id)
    except InvalidOptionsError:
        drop_recording(folder, name)
        raise


def _named(draft: sources.SourceDraft, file: str) -> sources.SourceDraft:
    """Fill in what the form of an upload does not ask for."""
    name = draft.name or "回放"
    return replace(
        draft, name=name, platform=draft.platform or "网站", level=draft.level or "public",
        interval_s=draft.interval_s or INTERVAL_S, options={**draft.options, FILE: file},
    )  # fmt: skip


def _upload_page(fault: str | None = None) -> Response:
    return render(
        "sources/recordings.html",
        UNPROCESSABLE if fault else 200,
        faults={FILE: fault} if fault else {},
    )


def _page(
    opened: OpenUpload,
    values: Mapping[str, object],
    looked: RecordingLook | None,
    faults: Mapping[str, str] | None = None,
) -> Response:
    drawn = drawing(KIND)
    return render(
        "sources/recording.html",
        UNPROCESSABLE if faults else 200,
        **{**drawn, "specs": [spec for spec in Replay.options if spec.name != FILE]},
        upload=opened,
        looked=looked,
        samples=shown_samples(looked.items if looked else ()),
        values=values,
        faults=faults or {},
    )
