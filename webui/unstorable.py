"""Refuses what the database cannot hold, before any view reads it."""

from __future__ import annotations

from collections.abc import Iterator

from flask import abort, request
from werkzeug.routing import IntegerConverter

from webui.typed import LARGEST

NUL = "\0"


class IdConverter(IntegerConverter):
    """Matches only ids that can exist: a longer number is an address that leads nowhere."""

    regex = r"\d{1,19}"

    def __init__(self, map, **options) -> None:  # type: ignore[no-untyped-def]  # noqa: A002
        super().__init__(map, **{"max": LARGEST, **options})


def refuse_unstorable() -> None:
    """Answer 400 when the address or a form holds a NUL: no keyboard types one, and PostgreSQL has none."""
    if NUL in request.path or any(NUL in text for text in _sent()):
        abort(400, "内容里有不能保存的控制字符（NUL），什么也没有保存。请删去后再提交。")


def _sent() -> Iterator[str]:
    for values in (request.args, request.form):
        for name, texts in values.lists():
            yield name
            yield from texts
    for upload in request.files.values():
        yield upload.filename or ""
