"""What readers wrote below a post of ours, as a platform hands it over, and how far it was read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from core.clock import parse_time
from core.database.base import JsonObject

# Names of people in a reply are nobody's business: who is meant is told by the platform's ids.
_ANSWERED = re.compile(r"^回复\s*@[^:：\s]{1,40}\s*[:：]\s*")
_MENTION = re.compile(r"@[\w\-·]{1,30}")


@dataclass(frozen=True, slots=True)
class Comment:
    """``author`` is the raw id at the platform: it lives in memory only and is stored as a keyed hash."""

    platform_id: str
    text: str = field(repr=False)
    created_at: dt.datetime | None = None
    author: str | None = field(default=None, repr=False)
    likes: int | None = None
    in_reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class CommentMark:
    """How far the comments below one post were read.

    ``newest`` is the highest id seen, ``newest_at`` the time of the newest comment. ``count`` is what the
    platform counted then. ``missing`` is a stretch not read yet: ids above its first and up to its second.
    ``offset`` is where a platform's pages go on. ``taken`` counts what was handed over, ``reason`` says why
    nothing could be read; ``own`` is who we are there.
    """

    newest: int = 0
    newest_at: dt.datetime | None = None
    count: int = 0
    missing: tuple[int, int] | None = None
    offset: int = 0
    is_behind: bool = False
    own: str | None = None
    taken: int = 0
    read_at: dt.datetime | None = None
    reason: str | None = None

    @classmethod
    def read(cls, stored: Mapping[str, object] | None) -> Self:
        """Read what ``stored`` wrote; a fresh mark for None."""
        kept = stored or {}
        missing = kept.get("missing")
        return cls(
            newest=_whole(kept.get("newest")),
            newest_at=_moment(kept.get("newest_at")),
            count=_whole(kept.get("count")),
            missing=(_whole(missing[0]), _whole(missing[1]))
            if isinstance(missing, list) and len(missing) == 2  # noqa: PLR2004 - a pair
            else None,
            offset=_whole(kept.get("offset")),
            is_behind=bool(kept.get("is_behind")),
            own=_text(kept.get("own")),
            taken=_whole(kept.get("taken")),
            read_at=_moment(kept.get("read_at")),
            reason=_text(kept.get("reason")),
        )

    def stored(self) -> JsonObject:
        return {
            "newest": self.newest, "newest_at": _written(self.newest_at), "count": self.count,
            "missing": list(self.missing) if self.missing else None, "offset": self.offset,
            "is_behind": self.is_behind, "own": self.own, "taken": self.taken,
            "read_at": _written(self.read_at), "reason": self.reason,
        }  # fmt: skip

    def failed(self, reason: str) -> CommentMark:
        return replace(self, reason=reason)


@dataclass(frozen=True, slots=True)
class CommentPage:
    """What one visit read, our own replies left out, and the mark for the next.

    ``mark.reason`` is set where the platform did not let the comments be read. ``was_asked`` is False when
    nothing was to be had and the platform was left alone.
    """

    comments: tuple[Comment, ...]
    mark: CommentMark
    was_asked: bool = True


def plain_comment(text: str) -> str:
    """Drop whom a reply names; the words stay."""
    return _MENTION.sub("@…", _ANSWERED.sub("", text.strip())).strip()


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _moment(value: object) -> dt.datetime | None:
    return parse_time(value) if isinstance(value, str) else None


def _written(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
