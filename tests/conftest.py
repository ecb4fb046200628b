"""Fixtures that more than one area needs."""

import datetime as dt
import logging
import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import psycopg
import pytest
import structlog
from sqlalchemy import Engine
from sqlalchemy.engine import URL, make_url
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from core.clock import FakeClock
from core.database import migrate
from core.database.sessions import Sessions, create_database_engine, create_sessions
from tests.database_server import make_server
from tests.elasticsearch_nodes import elasticsearch_url

__all__ = ["elasticsearch_url"]

TEMPLATE = "zhisheng_template"
START = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
# The files of each share an installation that takes half a minute to start; the longest tests first.
SHARING_FOLDERS = ("tests/browser", "tests/faults")
# These start one of their own.
ON_THEIR_OWN = frozenset({"test_from_empty_to_acknowledged.py", "test_serve.py"})
_numbers = count(1)


class InstallationScheduling(LoadFileScheduling):  # type: ignore[misc]  # (xdist has no types)
    """Keeps a file in one process, and all files that share an installation."""

    def _split_scope(self, nodeid: str) -> str:
        return shared_or_file(nodeid.partition("::")[0])


def shared_or_file(file: str) -> str:
    folder, _, name = file.rpartition("/")
    return folder if folder in SHARING_FOLDERS and name not in ON_THEIR_OWN else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    return InstallationScheduling(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that all processes end about together."""
    order = {folder: number for number, folder in enumerate(SHARING_FOLDERS)}
    items.sort(key=lambda item: order.get(shared_or_file(item.location[0]), len(order)))


def _execute(server_url: URL, statement: str) -> None:
    url = server_url.set(drivername="postgresql", database="postgres")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Undo what a command set up for the logs: it writes to a stream that ends with its test.

    Also before the test, since a fixture of a wider scope may have run a command earlier.
    """
    structlog.reset_defaults()
    handlers = list(logging.root.handlers)
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers


@pytest.fixture(scope="session")
def database_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """Yield the URL of a server that is this session's own and not crash-safe."""
    server, folder = make_server(tmp_path_factory.mktemp("database-home"))
    handle = server.acquire()
    yield make_url(handle.url)
    handle.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_template(database_server: URL) -> str:
    _execute(database_server, f"CREATE DATABASE {TEMPLATE}")
    url = database_server.set(database=TEMPLATE)
    migrate.upgrade(url.render_as_string(hide_password=False))
    return TEMPLATE


def copy_database(server: URL, template: str) -> URL:
    """Make a database that begins as ``template``, to which nobody may be connected."""
    name = f"test_{next(_numbers)}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    return server.set(database=name)


@pytest.fixture
def database_url(database_server: URL, request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the URL of a fresh, migrated database that is dropped at the end of the test.

    A test that asks for ``people`` begins with a copy in which they already exist.
    """
    kind = "people_template" if "people" in request.fixturenames else "migrated_template"
    url = copy_database(database_server, request.getfixturevalue(kind))
    yield url.render_as_string(hide_password=False)
    # A visiting autovacuum worker belongs to the superuser; the whole server goes at the end anyway.
    with suppress(psycopg.errors.InsufficientPrivilege):
        _execute(database_server, f"DROP DATABASE {url.database} WITH (FORCE)")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_database_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> Sessions:
    return create_sessions(engine)


@pytest.fixture
def clock() -> FakeClock:
    """Stand at Saturday 2026-11-21 09:30 in Shanghai."""
    return FakeClock(START)
