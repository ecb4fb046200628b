"""Brings a database to the schema of this version."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from core.errors import ConfigurationError

# One process migrates, the others wait for it.
_MIGRATION_LOCK = 7_305_112_026


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """Apply all missing migrations. Safe to call from several processes at once.

    Raises ConfigurationError when the database is newer than this program.
    """
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            connection.execute(text("select pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
            known = {
                script.revision
                for script in ScriptDirectory.from_config(_config(url)).walk_revisions()
            }
            current = MigrationContext.configure(connection).get_current_revision()
            if current is not None and current not in known:
                raise ConfigurationError(
                    f"数据库的版本（{current}）比本程序新，本程序没有改动它。请升级职声后再启动，或恢复旧库的备份。"
                )
            connection.commit()
            config = _config(url)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
            connection.execute(text("select pg_advisory_unlock(:key)"), {"key": _MIGRATION_LOCK})
    finally:
        engine.dispose()
