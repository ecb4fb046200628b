"""The built files of the front end: their hashed addresses and how they are sent."""

from __future__ import annotations

import json
import mimetypes
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from flask import Request, Response, abort

from core.errors import ConfigurationError

MANIFEST = "manifest.json"
FOREVER = "public, max-age=31536000, immutable"
CONTENT_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """One line of the manifest; sizes in bytes."""

    file: str
    size: int
    compressed_size: int


class Assets:
    """Reads the manifest once; a page then asks for ``app.js`` and gets its hashed address.

    Without a manifest (nothing was built, as in tests without Node.js) addresses are those of
    the plain names, ``is_built`` is False and every file answers 404.
    """

    def __init__(self, folder: Path, *, prefix: str = "/static/") -> None:
        self._folder = folder
        self._prefix = prefix
        self.files = _manifest(folder / MANIFEST)
        self._served = frozenset(built.file for built in self.files.values())

    @property
    def is_built(self) -> bool:
        return bool(self.files)

    def url(self, name: str) -> str:
        """Give the address of a built file; an unknown name is a fault of the caller."""
        if not self.is_built:
            return self._prefix + name
        if name not in self.files:
            known = "、".join(sorted(self.files))
            raise ConfigurationError(f"前端资源里没有“{name}”，可用的有：{known}")
        return self._prefix + self.files[name].file

    def respond(self, file: str, request: Request) -> Response:
        """Send a hashed file, gzipped where the browser takes it; any other name is a 404.

        Only names of the manifest are served, so no path can lead out of the folder.
        """
        if file not in self._served:
            abort(HTTPStatus.NOT_FOUND)
        packed = request.accept_encodings.quality("gzip") > 0
        path = self._folder / (f"{file}.gz" if packed else file)
        response = Response(path.read_bytes(), content_type=_content_type(file))
        if packed:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Cache-Control"] = FOREVER
        response.vary.add("Accept-Encoding")
        return response


def _content_type(file: str) -> str:
    # Windows reads types from its registry, where .js is often text/plain: the known ones are ours.
    suffix = Path(file).suffix
    return CONTENT_TYPES.get(suffix) or mimetypes.guess_type(file)[0] or "application/octet-stream"


def _manifest(path: Path) -> dict[str, BuiltFile]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    try:
        entries = json.loads(text)
        return {
            name: BuiltFile(entry["file"], int(entry["bytes"]), int(entry["gzip"]))
            for name, entry in entries.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"前端清单 {path} 读不懂（{error}）。请重新构建前端。") from error
