"""A plain cover picture for articles that have none: a PNG of one colour with a band."""

from __future__ import annotations

import struct
import zlib

WIDTH, HEIGHT = 900, 383  # 2.35:1, the shape of an article's large cover
_GROUND = (178, 34, 34)
_BAND = (236, 200, 120)
_BAND_ROWS = range(HEIGHT - 48, HEIGHT - 40)


def plain_cover() -> bytes:
    """Draw the PNG; the same bytes every time."""
    rows = b"".join(
        b"\x00" + bytes(_BAND if row in _BAND_ROWS else _GROUND) * WIDTH for row in range(HEIGHT)
    )
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
