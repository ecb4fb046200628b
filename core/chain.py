"""Hash chains: each entry's hash covers its content and the hash before it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

GENESIS = bytes(32)


def link(previous: bytes, content: Mapping[str, object]) -> bytes:
    """Hash ``content`` onto ``previous`` (SHA-256 over canonical JSON)."""
    canonical = json.dumps(
        content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str
    )
    return hashlib.sha256(previous + canonical.encode()).digest()


@dataclass(frozen=True, slots=True)
class Link:
    position: int
    previous_hash: bytes
    hash: bytes
    content: Mapping[str, object]


def first_broken(links: Iterable[Link], *, start: bytes = GENESIS) -> int | None:
    """Give the position of the first link that does not verify; None when the chain is whole."""
    previous = start
    for entry in links:
        if entry.previous_hash != previous or link(previous, entry.content) != entry.hash:
            return entry.position
        previous = entry.hash
    return None
