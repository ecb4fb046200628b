import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

from core.clock import FakeClock
from core.database import migrate
from core.database.models import Base
from core.database.partitions import ensure_partitions
from core.database.sessions import Sessions
from core.errors import ConfigurationError


def test_the_migrations_make_exactly_the_schema_of_the_models(engine: Engine) -> None:
    def include(name: str | None, kind: str, _parents: object) -> bool:
        return not (kind == "table" and (name or "").startswith("document_body_"))

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": include, "compare_type": True}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_again_changes_nothing(database_url: str, engine: Engine) -> None:
    migrate.upgrade(database_url)
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == "0006"


def test_a_database_from_the_future_is_refused(database_url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(ConfigurationError, match=r"9999.*比本程序新"):
        migrate.upgrade(database_url)


def test_months_get_their_partitions_once(sessions: Sessions, clock: FakeClock) -> None:
    for _ in range(2):
        with sessions.begin() as session:
            ensure_partitions(session, clock.now())
    with sessions() as session:
        names = session.scalars(
            text(
                "select inhrelid::regclass::text from pg_inherits where inhparent = 'document_body'::regclass order by 1"
            )
        ).all()
    assert names == [
        "document_body_202611",
        "document_body_202612",
        "document_body_202701",
        "document_body_default",
    ]
