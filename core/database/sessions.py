"""Engines and sessions."""

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

Sessions = sessionmaker[Session]

# A process that is paused inside a transaction must not hold its locks for ever.
_OPTIONS = "-c timezone=UTC -c idle_in_transaction_session_timeout=300000"


def create_database_engine(url: str, *, pool_size: int = 10, name: str = "zhisheng") -> Engine:
    """Open an engine whose connections work in UTC and check themselves before use."""
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=10,
        pool_pre_ping=True,
        connect_args={"options": _OPTIONS, "application_name": name},
    )


def create_sessions(engine: Engine) -> Sessions:
    """Make the session factory; rows stay readable after their commit."""
    return sessionmaker(engine, expire_on_commit=False)
