"""What a draft says: its wording per channel, and the hash that an approval is sealed to."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field

from core.clock import to_rfc3339
from core.database.base import JsonObject


@dataclass(frozen=True, slots=True)
class ChannelText:
    """How a draft reads on one channel; ``text`` is HTML except on Weibo."""

    channel: str
    text: str
    title: str | None = None
    link: str | None = None
    options: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DraftEdit:
    """What the editor's form holds.

    ``body`` is Markdown. ``variants`` are the channels worded by hand; the channels of the other
    targets are worded from ``body``.
    """

    title: str
    body: str
    digest: str | None = None
    cover_id: int | None = None
    account_ids: tuple[int, ...] = ()
    variants: tuple[ChannelText, ...] = ()
    window_starts_at: dt.datetime | None = None
    window_ends_at: dt.datetime | None = None
    is_cheerful: bool = False


@dataclass(frozen=True, slots=True)
class Cover:
    sha256: str
    content_type: str
    alternative_text: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DraftContent:
    """Everything that will go out, and nothing else: a change in any of it is another content."""

    title: str
    digest: str | None
    body: str
    cover_sha256: str | None
    cover_text: str | None
    variants: tuple[ChannelText, ...]
    account_ids: tuple[int, ...]
    window_starts_at: dt.datetime | None
    window_ends_at: dt.datetime | None

    def to_json(self) -> JsonObject:
        return {
            "title": self.title,
            "digest": self.digest,
            "body": self.body,
            "cover": None
            if self.cover_sha256 is None
            else {"sha256": self.cover_sha256, "text": self.cover_text},
            "variants": {
                variant.channel: {
                    "title": variant.title,
                    "text": variant.text,
                    "link": variant.link,
                    "options": variant.options,
                }
                for variant in self.variants
            },
            "accounts": [str(account_id) for account_id in sorted(self.account_ids)],
            "window": [to_rfc3339(self.window_starts_at), to_rfc3339(self.window_ends_at)],
        }

    def hash(self) -> bytes:
        """SHA-256 over canonical JSON of title, digest, body, cover, variants, targets and window."""
        canonical = json.dumps(
            self.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(canonical.encode()).digest()


def delivery_key(draft_id: int, account_id: int, content_hash: bytes, occurrence: int) -> str:
    """Name a post on a platform; the same inputs give the same name for ever."""
    parts = f"{draft_id}|{account_id}|{content_hash.hex()}|{occurrence}"
    return hashlib.sha256(parts.encode()).hexdigest()
