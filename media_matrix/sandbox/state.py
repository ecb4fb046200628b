"""What the sandbox platforms know; kept in one file so that a restart forgets nothing."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter

from core.clock import SHANGHAI, Clock
from core.database.base import JsonObject


class FaultKind(StrEnum):
    """What goes wrong with a write."""

    DROP_BEFORE = "drop_before"  # the connection ends, nothing was done
    DROP_AFTER = "drop_after"  # it was done, the answer is lost
    BAD_GATEWAY = "bad_gateway"  # it was done, the answer is 502
    SLOW = "slow"  # it was done, the answer comes late
    HTML = "html"  # nothing was done, the answer is a page
    HTML_AFTER = "html_after"  # it was done, the answer is a page


@dataclass(slots=True)
class Fault:
    """Hits the next ``times`` writes of a platform; ``action`` "" means any, "read X" the question X."""

    platform: str
    kind: FaultKind
    action: str = ""
    seconds: float = 30.0
    times: int = 1


@dataclass(slots=True)
class JournalEntry:
    """One request; ``is_done`` marks a write that changed something."""

    number: int
    at: dt.datetime
    platform: str
    action: str
    is_write: bool
    is_done: bool
    detail: JsonObject


@dataclass(slots=True)
class WeChatApp:
    secret: str
    name: str = "示范工会"
    is_verified: bool = True
    token: str | None = None
    token_until: dt.datetime | None = None


@dataclass(slots=True)
class WeChatDraft:
    appid: str
    article: JsonObject
    updated_at: dt.datetime


@dataclass(slots=True)
class WeChatJob:
    """A publishing job; the article is out once ``done_at`` has passed and ``end_status`` is 0."""

    appid: str
    media_id: str
    message_id: str
    article_id: str
    article: JsonObject
    submitted_at: dt.datetime
    done_at: dt.datetime
    end_status: int = 0
    is_deleted: bool = False


@dataclass(slots=True)
class WeiboToken:
    uid: str
    name: str
    domain: str
    expires_at: dt.datetime


@dataclass(slots=True)
class WeiboPost:
    id: str
    uid: str
    text: str
    created_at: dt.datetime
    visible_at: dt.datetime
    is_deleted: bool = False


@dataclass(slots=True)
class WordPressPost:
    id: int
    slug: str
    title: str
    content: str
    excerpt: str
    status: str
    published_at: dt.datetime


@dataclass(slots=True)
class SandboxComment:
    """What somebody wrote below a post; it shows from ``created_at`` on."""

    id: int
    platform: str
    post_id: str
    text: str
    author_id: str
    author_name: str
    created_at: dt.datetime
    likes: int = 0
    in_reply_to: int | None = None
    is_deleted: bool = False


@dataclass(slots=True)
class Switches:
    """How the platforms behave; changed over the control endpoint."""

    wechat_publish_s: float = 3.0
    wechat_end_status: int = 0
    wechat_refuses_tokens: bool = False
    wechat_counts_today: bool = False
    wechat_refuses_caller: bool = False
    wechat_comments_code: int = 0
    wechat_hides_comments: bool = False
    weibo_codes_are_text: bool = False
    weibo_delays_next: bool = False
    wordpress_strips_authorization: bool = False
    growth: float = 1.0


@dataclass(slots=True)
class SandboxData:
    journal: list[JournalEntry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)
    last_number: int = 0
    wechat_apps: dict[str, WeChatApp] = field(default_factory=dict)
    wechat_materials: dict[str, str] = field(default_factory=dict)
    wechat_drafts: dict[str, WeChatDraft] = field(default_factory=dict)
    wechat_jobs: dict[str, WeChatJob] = field(default_factory=dict)
    weibo_tokens: dict[str, WeiboToken] = field(default_factory=dict)
    weibo_posts: list[WeiboPost] = field(default_factory=list)
    wordpress_users: dict[str, str] = field(default_factory=dict)
    wordpress_posts: list[WordPressPost] = field(default_factory=list)
    comments: list[SandboxComment] = field(default_factory=list)


_DATA = TypeAdapter(SandboxData)
_LONGEST_JOURNAL = 20_000


class SandboxState:
    """The data behind one lock; hold ``lock`` while reading or changing ``data``."""

    def __init__(self, clock: Clock, *, file: Path | None = None) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.data = SandboxData()
        self._file = file
        if file is not None and file.exists():
            self.data = _DATA.validate_json(file.read_bytes())

    def number(self) -> int:
        """Give the next of the numbers that ids are made from."""
        with self.lock:
            self.data.last_number += 1
            return self.data.last_number

    def note(
        self, platform: str, action: str, detail: JsonObject, *, is_write: bool, is_done: bool
    ) -> None:
        with self.lock:
            self.data.journal.append(
                JournalEntry(
                    number=len(self.data.journal) + 1,
                    at=self.clock.now(),
                    platform=platform,
                    action=action,
                    is_write=is_write,
                    is_done=is_done,
                    detail=detail,
                )
            )
            del self.data.journal[:-_LONGEST_JOURNAL]
            self.save()

    def done_writes(self, platform: str, action: str) -> list[JournalEntry]:
        with self.lock:
            return [
                entry
                for entry in self.data.journal
                if entry.is_done and (entry.platform, entry.action) == (platform, action)
            ]

    def add_fault(self, fault: Fault) -> None:
        with self.lock:
            self.data.faults.append(fault)
            self.save()

    def take_fault(self, platform: str, action: str, *, is_write: bool = True) -> Fault | None:
        names = {"", action} if is_write else {f"read {action}"}
        with self.lock:
            for fault in self.data.faults:
                if fault.platform == platform and fault.action in names:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.data.faults.remove(fault)
                    return fault
        return None

    def count(self, name: str, window: dt.timedelta | None = None) -> int:
        """Count one use of an allowance and give how many there were in the running window.

        Without ``window`` it is the Shanghai day.
        """
        now = self.clock.now()
        if window is None:
            period = now.astimezone(SHANGHAI).date().isoformat()
        else:
            period = str(int(now.timestamp() // window.total_seconds()))
        with self.lock:
            key = f"{name}|{period}"
            self.data.counts[key] = self.data.counts.get(key, 0) + 1
            return self.data.counts[key]

    def save(self) -> None:
        if self._file is None:
            return
        with self.lock:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            draft = self._file.with_suffix(".new")
            draft.write_bytes(_DATA.dump_json(self.data))
            draft.replace(self._file)
