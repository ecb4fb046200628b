"""Writing evidence as a WARC/1.1 file: what was asked, what was answered, and the text that was read from it.

The same pages and the same document always give the same bytes: record ids and dates come from the pages.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from warcio.statusandheaders import StatusAndHeaders
from warcio.utils import Digester
from warcio.warcwriter import WARCWriter

from crawlers.evidence.raw_responses import RawPage, SentRequest

WARC_VERSION = "WARC/1.1"
CONFORMS_TO = "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
PLAIN_TEXT = "text/plain; charset=utf-8"
FIELDS = "application/warc-fields"
BODY_NOTE = (
    "body as received, after chunking and compression were taken off; headers that described "
    "these are kept under X-Archive-Orig-*; Set-Cookie and keys are not kept"
)
# What described the bytes on the wire does not describe the body that is kept.
_ABOUT_THE_WIRE = frozenset({"content-encoding", "transfer-encoding", "content-length"})
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]+")


class EvidenceKind(StrEnum):
    """What a piece of evidence holds.

    PAGE: the page from which the document was read, as it was fetched then. PAGE_AGAIN: the page fetched once more,
    with the text that was read the first time. TEXT: that text alone.
    """

    PAGE = "page"
    PAGE_AGAIN = "page_again"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSubject:
    """The document, with its masked text. ``content_hash`` covers title and text before they were masked."""

    document_id: int
    url: str
    source_name: str
    title: str = field(repr=False)
    text: str = field(repr=False)
    content_hash: bytes
    published_at: dt.datetime
    collected_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Operator:
    """Who writes the file: software with its version, and whom to write to."""

    software: str
    contact: str


class _SHA256Writer(WARCWriter):  # type: ignore[misc]  # warcio has no types
    @staticmethod
    def _create_digester() -> object:
        return Digester("sha256")


@dataclass(frozen=True, slots=True)
class _Records:
    """Writes records one after the other; ``seed`` makes their ids."""

    writer: _SHA256Writer
    seed: str

    def id(self, name: str) -> str:
        return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{self.seed}#{name}')}>"

    def write(
        self,
        kind: str,
        name: str,
        content: bytes,
        headers: Mapping[str, str],
        *,
        http: StatusAndHeaders | None = None,
    ) -> None:
        fields = {"WARC-Record-ID": self.id(name), **headers}
        record = self.writer.create_warc_record(
            fields.pop("WARC-Target-URI", ""),
            kind,
            payload=io.BytesIO(content),
            length=len(content),
            warc_content_type=fields.pop("Content-Type", ""),
            warc_headers_dict=fields,
            http_headers=http,
        )
        self.writer.write_record(record)


def build_warc(
    pages: Sequence[RawPage],
    subject: EvidenceSubject,
    kind: EvidenceKind,
    operator: Operator,
    *,
    failure: str | None = None,
) -> bytes:
    """Give the file, each record compressed by itself; ``failure`` says why there is no page of the first time."""
    out = io.BytesIO()
    moment = _date(pages[-1].fetched_at if pages else subject.collected_at)
    records = _Records(
        _SHA256Writer(out, gzip=True, warc_version=WARC_VERSION), _seed(pages, subject, kind)
    )
    info = {
        "software": operator.software,
        "operator": operator.contact,
        "format": "WARC File Format 1.1",
        "conformsTo": CONFORMS_TO,
        "description": BODY_NOTE,
    }
    records.write("warcinfo", "info", _fields(info), {"WARC-Date": moment, "Content-Type": FIELDS})
    for number, page in enumerate(pages):
        _write_exchange(records, page, number)
    _write_text(
        records, subject, moment, is_conversion=kind is EvidenceKind.PAGE and len(pages) == 1
    )
    about = {
        "kind": kind.value,
        "document": str(subject.document_id),
        "document-url": subject.url,
        "source": subject.source_name,
        "published": _date(subject.published_at),
        "collected": _date(subject.collected_at),
        "sha256-of-title-and-text-as-fetched": subject.content_hash.hex(),
        "text-masking": "phone, identity, bank and plate numbers, private names and addresses",
        "why-no-first-page": failure or "",
    }
    headers = {
        "WARC-Date": moment,
        "WARC-Target-URI": _target(subject.url, subject.document_id),
        "WARC-Refers-To": records.id("text"),
        "Content-Type": FIELDS,
    }
    records.write("metadata", "about", _fields(about), headers)
    return out.getvalue()


def _write_exchange(records: _Records, page: RawPage, number: int) -> None:
    """Write what was asked and what was answered, each naming the other."""
    request_name, response_name = f"request-{number}", f"response-{number}"
    sent = page.request or SentRequest("GET", page.url)
    common = {"WARC-Date": _date(page.fetched_at), "WARC-Target-URI": _target(page.url)}
    if sent.remote_address:
        common["WARC-IP-Address"] = sent.remote_address
    if page.request is not None:
        records.write(
            "request",
            request_name,
            sent.body,
            common | {"WARC-Concurrent-To": records.id(response_name)},
            http=_request_head(sent),
        )
        common = common | {"WARC-Concurrent-To": records.id(request_name)}
    if sent.is_browser:
        # Extension field: the body is the document after its scripts had run.
        common = common | {"X-Rendered-By": "Chromium"}
    records.write("response", response_name, page.body, common, http=_response_head(page))


def _request_head(sent: SentRequest) -> StatusAndHeaders:
    parts = urlsplit(sent.url)
    path = _clean((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    headers = [(_clean(name), _clean(value)) for name, value in sent.headers.items()]
    if "host" not in {name.lower() for name, _ in headers}:
        headers.insert(0, ("Host", parts.netloc))
    return StatusAndHeaders(
        f"{sent.method} {quote(path, safe=_SAFE)} HTTP/1.1", headers, is_http_request=True
    )


def _response_head(page: RawPage) -> StatusAndHeaders:
    headers = []
    for name, value in page.headers.items():
        shown = _clean(name).title()
        if name.lower() in _ABOUT_THE_WIRE:
            shown = f"X-Archive-Orig-{shown}"
        headers.append((shown, _clean(value)))
    headers.append(("Content-Length", str(len(page.body))))
    try:
        phrase = HTTPStatus(page.status).phrase
    except ValueError:
        phrase = ""
    return StatusAndHeaders(f"{page.status} {phrase}".strip(), headers, protocol="HTTP/1.1")


def _write_text(
    records: _Records, subject: EvidenceSubject, moment: str, *, is_conversion: bool
) -> None:
    """Write the text: a conversion of the one page it was read from, else a resource of its own."""
    headers = {
        "WARC-Date": moment,
        "WARC-Target-URI": _target(subject.url, subject.document_id),
        "Content-Type": PLAIN_TEXT,
    }
    if is_conversion:
        headers["WARC-Refers-To"] = records.id("response-0")
    content = f"{subject.title}\n\n{subject.text}".encode()
    records.write("conversion" if is_conversion else "resource", "text", content, headers)


def _seed(pages: Sequence[RawPage], subject: EvidenceSubject, kind: EvidenceKind) -> str:
    digest = hashlib.sha256(subject.content_hash)
    for page in pages:
        digest.update(hashlib.sha256(page.body).digest())
        digest.update(page.fetched_at.astimezone(dt.UTC).isoformat().encode())
    return f"evidence:{kind.value}:{subject.document_id}:{digest.hexdigest()}"


def _fields(values: Mapping[str, str]) -> bytes:
    lines = [f"{name}: {_clean(value)}\r\n" for name, value in values.items() if value]
    return "".join(lines).encode()


def _date(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


_SAFE = "%/:?#[]@!$&'()*+,;=-._~"


def _target(url: str, document_id: int | None = None) -> str:
    """Give a valid address; a text whose source is not an address gets one that names the document."""
    if url.startswith(("http://", "https://")) or document_id is None:
        return quote(_clean(url), safe=_SAFE)
    return f"urn:zhisheng:document:{document_id}"


def _clean(text: str) -> str:
    """Take out what would begin another header line."""
    return _UNPRINTABLE.sub(" ", text).strip()
