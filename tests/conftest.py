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

from core.clock import FakeClock
from core.database import migrate
from core.database.sessions import Sessions, create_database_engine, create_sessions
from tests.database_server import make_server
from tests.elasticsearch_nodes import elasticsearch_url

__all__ = ["elasticsearch_url"]

TEMPLATE = "zhisheng_template"
START = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
# Installations that tests share, by the fixtures that start them; the one with the longest tests first.
INSTALLATIONS = ("demo", "world", "empty")
_numbers = count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name what must stay in one process under ``--dist=loadgroup``: an installation, else a file.

    Every installation is started once, and the longest tests first, so that all processes end together.
    """
    groups = {item: _group(item) for item in items}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    order = {name: number for number, name in enumerate(INSTALLATIONS)}
    items.sort(key=lambda item: order.get(groups[item], len(order)))


def _group(item: pytest.Item) -> str:
    fixtures = getattr(item, "fixturenames", ())
    shares = item.path.parent.name in {"browser", "faults"}
    return next((name for name in INSTALLATIONS if shares and name in fixtures), item.location[0])


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
