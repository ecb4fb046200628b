"""What a request carries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import httpx


@dataclass(frozen=True, slots=True)
class JSONBody:
    """Sent as UTF-8; with ``ensure_ascii`` Chinese goes out as escapes instead of characters."""

    value: object = field(repr=False)
    ensure_ascii: bool = False


@dataclass(frozen=True, slots=True)
class FormBody:
    fields: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class FilePart:
    name: str
    file_name: str
    content: bytes = field(repr=False)
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class MultipartBody:
    files: tuple[FilePart, ...]
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class RawBody:
    content: bytes = field(repr=False)
    content_type: str = "application/octet-stream"


Body: TypeAlias = JSONBody | FormBody | MultipartBody | RawBody


def built_request(
    method: str,
    url: httpx.URL,
    *,
    headers: httpx.Headers,
    params: Mapping[str, str] | None,
    body: Body | None,
) -> httpx.Request:
    if params:
        url = url.copy_merge_params(dict(params))
    match body:
        case None:
            return httpx.Request(method, url, headers=headers)
        case JSONBody():
            headers.setdefault("content-type", "application/json; charset=utf-8")
            text = json.dumps(body.value, ensure_ascii=body.ensure_ascii, separators=(",", ":"))
            return httpx.Request(method, url, headers=headers, content=text.encode())
        case RawBody():
            headers.setdefault("content-type", body.content_type)
            return httpx.Request(method, url, headers=headers, content=body.content)
        case FormBody():
            return httpx.Request(method, url, headers=headers, data=dict(body.fields))
        case MultipartBody():
            files = [
                (part.name, (part.file_name, part.content, part.content_type))
                for part in body.files
            ]
            return httpx.Request(method, url, headers=headers, data=dict(body.fields), files=files)
