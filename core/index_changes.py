"""How index workers and a rebuild keep out of each other's way, and how the rebuild learns what they did.

Each batch of a worker is a turn: while it lasts, no rebuild begins or switches. A worker whose turn falls into a
rebuild notes which documents it touched. The locks are PostgreSQL's own, so they end with the process that holds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core.database.models.operations import IndexChange
from core.database.sessions import Sessions
from core.errors import ConflictError

_REBUILDER = 7_205_101
"""Held by the one rebuild from its first moment to its last."""
_REBUILDING = 7_205_102
"""Held by the rebuild while changes have to be noted; shared by whoever relies on it that none runs."""
_WRITERS = 7_205_103
"""Shared by every turn; held by the rebuild while it switches."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to change the index; with `must_note` a rebuild has to hear of it before the turn ends."""

    must_note: bool

    def note(self, session: Session, document_ids: Iterable[int]) -> None:
        """Note, in the caller's transaction, documents that were indexed or deleted in this turn."""
        rows = [{"document_id": document_id} for document_id in sorted(set(document_ids))]
        if self.must_note and rows:
            session.execute(insert(IndexChange).on_conflict_do_nothing(), rows)


@contextmanager
def turn(sessions: Sessions) -> Iterator[Turn | None]:
    """Lend a turn; None in the moment in which a rebuild switches."""
    with sessions() as session:
        # A transaction's locks end with it, however the process does.
        if not session.scalar(select(func.pg_try_advisory_xact_lock_shared(_WRITERS))):
            yield None
            return
        is_free = session.scalar(select(func.pg_try_advisory_xact_lock_shared(_REBUILDING)))
        yield Turn(must_note=not is_free)


def is_rebuilding(session: Session) -> bool:
    """Tell whether a rebuild runs now, in any process; if not, none begins while the transaction lasts."""
    is_free = session.scalar(select(func.pg_try_advisory_xact_lock_shared(_REBUILDING)))
    return not is_free


class Rebuilder:
    """The only rebuild of the installation; its locks end with its connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def exclude_writers(self) -> None:
        """Wait for the turns that are under way and let none begin; fails if notes may have been missed."""
        self._connection.execute(select(func.pg_advisory_lock(_WRITERS)))

    def check(self) -> None:
        """Fail if the connection, and with it the locks, was lost."""
        self._connection.execute(select(1))


@contextmanager
def rebuilder(engine: Engine) -> Iterator[Rebuilder]:
    """Become the rebuilder; raises ConflictError while another process is."""
    with engine.connect() as connection:
        lasting = connection.execution_options(isolation_level="AUTOCOMMIT")
        # Never back to the pool: the locks are the session's.
        lasting.detach()
        if not lasting.scalar(select(func.pg_try_advisory_lock(_REBUILDER))):
            raise ConflictError(
                "另一个进程正在重建检索索引，这一次没有开始；请等它完成（zhisheng index status 可以查看）。"
            )
        # Waits for those who began while no rebuild ran.
        lasting.execute(select(func.pg_advisory_lock(_REBUILDING)))
        try:
            yield Rebuilder(lasting)
        finally:
            # The server notices a closed connection a moment later; workers need not wait for that.
            with suppress(SQLAlchemyError):
                lasting.execute(select(func.pg_advisory_unlock_all()))


def forget_changes(session: Session) -> None:
    """Drop what was noted for a rebuild that did not finish."""
    session.execute(delete(IndexChange))


def take_changes(sessions: Sessions, limit: int) -> list[int]:
    """Take noted documents off the list; one that changes from now on is noted again."""
    some = select(IndexChange.document_id).order_by(IndexChange.document_id).limit(limit)
    statement = (
        delete(IndexChange)
        .where(IndexChange.document_id.in_(some))
        .returning(IndexChange.document_id)
        .execution_options(synchronize_session=False)
    )
    with sessions.begin() as session:
        return list(session.scalars(statement))
