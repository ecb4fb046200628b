"""Keyed hashes of authors: good for counting within an epoch, useless for following a person.

Each epoch has a random key of its own; once it is destroyed nothing links its hashes to anybody,
nor to the hashes of the next epoch.
"""

import datetime as dt
import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass, field

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.crypto.keyring import Keyring
from core.database.models.operations import EpochKey
from core.database.sessions import Sessions

log = structlog.get_logger(__name__)

AUTHOR_PURPOSE = "author"
EPOCH_LENGTH = dt.timedelta(days=90)
_FIRST_EPOCH = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_CREATION_LOCK = 7_305_112_028


@dataclass(frozen=True, slots=True)
class AuthorHash:
    """32 bytes, comparable only with hashes of the same ``epoch`` (the id of its key)."""

    digest: bytes = field(repr=False)
    epoch: int


@dataclass(frozen=True, slots=True)
class _Epoch:
    id: int
    starts_at: dt.datetime
    ends_at: dt.datetime
    key: bytes = field(repr=False)


class AuthorHasher:
    """HMAC-SHA256 of platform and author under the key of the current epoch."""

    def __init__(self, sessions: Sessions, keyring: Keyring) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._epoch: _Epoch | None = None
        self._lock = threading.Lock()

    def hash(self, platform: str, author: str, now: dt.datetime) -> AuthorHash:
        """Hash under the epoch of ``now``, the time of ingest."""
        epoch = self._current_epoch(now)
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        name = platform.encode()
        message = len(name).to_bytes(4, "big") + name + author.strip().encode()
        digest = hmac.new(epoch.key, message, hashlib.sha256).digest()
        return AuthorHash(digest=digest, epoch=epoch.id)

    def _current_epoch(self, now: dt.datetime) -> _Epoch:
        with self._lock:
            epoch = self._epoch
            if epoch is None or not epoch.starts_at <= now < epoch.ends_at:
                epoch = self._epoch = self._loaded_epoch(now)
            return epoch

    def _loaded_epoch(self, now: dt.datetime) -> _Epoch:
        # A transaction of its own, so that the lock is held for a moment and not for the caller's
        # whole ingest.
        with self._sessions.begin() as session:
            session.execute(select(func.pg_advisory_xact_lock(_CREATION_LOCK)))
            starts_at = epoch_start(now)
            row = _living_row(session, starts_at)
            if row is None:
                row = EpochKey(
                    purpose=AUTHOR_PURPOSE,
                    starts_at=starts_at,
                    ends_at=starts_at + EPOCH_LENGTH,
                    sealed_key=self._keyring.seal(secrets.token_bytes(32), purpose=AUTHOR_PURPOSE),
                )
                session.add(row)
                session.flush()
                log.info("epoch_key_created", purpose=AUTHOR_PURPOSE, ends_at=row.ends_at)
            if row.sealed_key is None:
                raise AssertionError("_living_row answers living keys only")
            key = self._keyring.unseal(row.sealed_key, purpose=AUTHOR_PURPOSE)
            return _Epoch(id=row.id, starts_at=row.starts_at, ends_at=row.ends_at, key=key)


def epoch_start(now: dt.datetime) -> dt.datetime:
    """Return the start of the epoch on a fixed grid, on which machines agree without talking."""
    return now - (now - _FIRST_EPOCH) % EPOCH_LENGTH


def destroy_expired_epochs(session: Session, now: dt.datetime) -> int:
    """Erase the keys of epochs that have ended, 90 days after their start; return how many."""
    destroyed = session.scalars(
        update(EpochKey)
        .where(EpochKey.ends_at <= now, EpochKey.sealed_key.is_not(None))
        .values(sealed_key=None, destroyed_at=now)
        .returning(EpochKey.id)
    ).all()
    if destroyed:
        log.info("epoch_keys_destroyed", count=len(destroyed))
    return len(destroyed)


def _living_row(session: Session, starts_at: dt.datetime) -> EpochKey | None:
    return session.scalars(
        select(EpochKey)
        .where(
            EpochKey.purpose == AUTHOR_PURPOSE,
            EpochKey.starts_at == starts_at,
            EpochKey.sealed_key.is_not(None),
        )
        .order_by(EpochKey.id)
        .limit(1)
    ).first()
