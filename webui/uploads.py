"""A file that a person brings and looks at before anything comes of it: theirs alone, sealed, for two hours."""

from __future__ import annotations

from pathlib import PurePath

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from crawlers.importing.pending_uploads import OpenUpload, forget_upload, keep_upload, open_upload
from webui.access import viewer
from webui.console import console, reading, writing
from webui.page import tell

SEE_OTHER = 303


def kept_upload(sent: FileStorage, content: bytes) -> int:
    """Keep a file that the viewer sent, sealed, under its bare name; give its id."""
    with writing() as session:
        return keep_upload(
            session,
            PurePath(sent.filename or "").name,
            content,
            keyring=console().keyring,
            uploaded_by=viewer().id,
            now=console().clock.now(),
        )


def opened_upload(upload_id: int) -> OpenUpload | None:
    """Open what the viewer brought; None when it is gone, or somebody else's."""
    return open_upload(
        reading(),
        upload_id,
        keyring=console().keyring,
        person=viewer().id,
        now=console().clock.now(),
    )


def expired_upload(index: str) -> ResponseReturnValue:
    """Lead back to the page ``index``, where it can be brought again."""
    tell("上传的文件已经过期（只留两小时）、已经用过，或不是您上传的。请重新上传。", "warn")
    return redirect(url_for(index), SEE_OTHER)


def discarded_upload(upload_id: int, index: str, said: str) -> ResponseReturnValue:
    with writing() as session:
        forget_upload(session, upload_id, person=viewer().id)
    tell(said, "info")
    return redirect(url_for(index), SEE_OTHER)
