"""Alembic environment: runs on the connection, or the URL, that the caller hands over."""

from alembic import context
from sqlalchemy import Connection, create_engine

from core.database.models import Base

# Partitions come and go by month and are none of the models' business.


def include_name(name: str | None, type_: str, _parents: object) -> bool:
    return not (type_ == "table" and name is not None and name.startswith("document_body_"))


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=include_name,
        compare_type=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = create_engine(context.config.attributes["url"])
    with engine.connect() as opened:
        run(opened)
        opened.commit()
    engine.dispose()
