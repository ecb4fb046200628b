"""What it takes to talk to a platform."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.clock import Clock
from core.crypto.keyring import Keyring
from core.database.sessions import Sessions
from core.outbound.client import HTTPClient


@dataclass(frozen=True, slots=True)
class PlatformAccess:
    """Made once by the composition root; ``public_url`` is where readers find our own feed."""

    sessions: Sessions
    clock: Clock
    http: HTTPClient
    keyring: Keyring = field(repr=False)
    public_url: str
