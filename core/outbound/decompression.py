"""Bodies decompressed piece by piece, never beyond a limit."""

import zlib
from collections.abc import Iterable

from core.outbound.errors import ResponseTooLargeError, ResponseUnreadableError

ACCEPTED_ENCODINGS = "gzip, deflate"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
# Each member costs a copy of what follows it, so that a body of nothing but empty ones would take hours.
MOST_MEMBERS = 1000


def bounded_body(pieces: Iterable[bytes], *, encoding: str, max_bytes: int) -> bytes:
    """Collect a body of at most ``max_bytes``, as sent and as decompressed.

    Raises ResponseTooLargeError before more than the limit is held in memory, and
    ResponseUnreadableError for a broken body or an encoding that we did not ask for.
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return _collected(pieces, max_bytes=max_bytes)
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise ResponseUnreadableError(
            f"对方使用了不支持的压缩方式“{encoding[:40]}”，内容没有读取。"
        )
    sent = _collected(pieces, max_bytes=max_bytes)
    if not sent:
        return b""
    try:
        if encoding == "deflate":
            return _inflated(sent, max_bytes=max_bytes)
        return _gunzipped(sent, max_bytes=max_bytes)
    except zlib.error:
        raise ResponseUnreadableError("对方返回的压缩内容已损坏，没有读取。") from None


def _collected(pieces: Iterable[bytes], *, max_bytes: int) -> bytes:
    body = bytearray()
    for piece in pieces:
        if len(body) + len(piece) > max_bytes:
            raise _too_large(max_bytes)
        body += piece
    return bytes(body)


def _gunzipped(sent: bytes, *, max_bytes: int) -> bytes:
    body = bytearray()
    members = 0
    while sent:
        members += 1
        if members > MOST_MEMBERS:
            raise ResponseUnreadableError(
                f"对方返回的压缩内容由 {MOST_MEMBERS} 段以上拼成，没有读取。"
            )
        member = zlib.decompressobj(_GZIP_WINDOW)
        # One byte beyond the limit tells "exactly full" from "too large".
        body += member.decompress(sent, max_bytes - len(body) + 1)
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
        if not member.eof:
            raise zlib.error("truncated")
        # Some servers pad with zeros, or send several members one after the other.
        sent = member.unused_data.lstrip(b"\0")
    return bytes(body)


def _inflated(sent: bytes, *, max_bytes: int) -> bytes:
    # "deflate" means zlib, but some servers send the bare stream.
    window = zlib.MAX_WBITS if sent[0] & 0x0F == zlib.DEFLATED else -zlib.MAX_WBITS
    stream = zlib.decompressobj(window)
    body = stream.decompress(sent, max_bytes + 1)
    if len(body) > max_bytes:
        raise _too_large(max_bytes)
    if not stream.eof:
        raise zlib.error("truncated")
    return body


def _too_large(max_bytes: int) -> ResponseTooLargeError:
    return ResponseTooLargeError(f"对方返回的内容超过上限 {max_bytes} 字节，已停止读取，没有保存。")
