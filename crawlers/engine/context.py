"""What a crawl process works with; everything is made elsewhere and passed in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock
from core.crypto.author_hash import AuthorHasher
from core.crypto.keyring import Keyring
from core.database.sessions import Sessions
from core.outbound.address_policy import AddressPolicy


@dataclass(frozen=True, slots=True)
class CrawlContext:
    """``host_delay_s`` is the least pause between two requests to a host; robots.txt may ask for more.

    At most ``host_at_once`` requests to it are under way. Both hold for all crawl processes together.

    ``poll_s`` bounds how late a source that has just become due is noticed. ``lease_s`` is prolonged while a
    visit runs, so it only says how soon another process takes over after a crash. Recordings are read from
    ``replay_folder`` alone.
    """

    sessions: Sessions
    clock: Clock
    policy: AddressPolicy
    user_agent: str
    hasher: AuthorHasher
    keyring: Keyring
    owner: str
    poll_s: float = 0.5
    host_delay_s: float = 1.0
    host_at_once: int = 2
    lease_s: float = 30.0
    timeout_s: float = 30.0
    browser_timeout_s: float = 20.0
    extraction_workers: int = 1
    most_source_visits: int = 32
    most_page_visits: int = 32
    replay_folder: Path | None = None
