"""The composition root: makes every shared object of a process, once."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

import config
from config.settings import Settings
from core import faults
from core.clock import SystemClock
from core.crypto.author_hash import AuthorHasher
from core.crypto.keyring import Keyring
from core.database import migrate
from core.database.embedded import EmbeddedServer, EmbeddedServerHandle
from core.database.sessions import Sessions, create_database_engine, create_sessions
from core.errors import ConfigurationError, UnavailableError
from core.outbound.address_policy import AddressPolicy
from core.outbound.client import HTTPClient
from core.passwords import Passwords
from core.search import DocumentSearch
from media_matrix.access import PlatformAccess
from zhisheng import __version__
from zhisheng.home import Home, HomeKind, open_home, read_kind
from zhisheng.model_summary import EventSummariser, model_endpoint

COMMON_PASSWORDS = Path(config.__file__).parent / "data" / "common_passwords.txt"


@dataclass(frozen=True, slots=True)
class Services:
    """What roles and commands work with."""

    settings: Settings
    home: Home
    database_url: str
    engine: Engine
    sessions: Sessions
    clock: SystemClock
    keyring: Keyring
    hasher: AuthorHasher
    policy: AddressPolicy
    http: HTTPClient
    passwords: Passwords
    version: str
    owner: str

    def open_search(self) -> DocumentSearch:
        """Open the search engine of this installation."""
        return open_search(self.settings, self.home)

    @property
    def search_engine(self) -> str:
        """Name the engine that this installation searches with."""
        return "elasticsearch" if self.settings.elasticsearch_url else "tantivy"


def open_search(settings: Settings, home: Home, *, engine: str | None = None) -> DocumentSearch:
    """Open the engine that is configured, or the one that is named; raises ConfigurationError."""
    if engine == "elasticsearch" and not settings.elasticsearch_url:
        raise ConfigurationError("没有设 ZHISHENG_ELASTICSEARCH_URL，不知道 Elasticsearch 在哪里。")
    if settings.elasticsearch_url and engine != "tantivy":
        from core.search.elasticsearch_engine import ElasticsearchSearch

        key_file = settings.elasticsearch_api_key_file
        return ElasticsearchSearch(
            settings.elasticsearch_url,
            api_key=key_file.read_text(encoding="utf-8").strip() if key_file else None,
            ca_certificates=settings.elasticsearch_ca_file,
            allow_plain_text=settings.elasticsearch_plain_text,
            replicas=settings.elasticsearch_replicas,
        )
    from core.search.tantivy_engine import TantivySearch

    return TantivySearch(home.index_folder)


def platform_access(services: Services) -> PlatformAccess:
    """Give what talking to the publishing platforms needs."""
    return PlatformAccess(
        sessions=services.sessions,
        clock=services.clock,
        http=services.http,
        keyring=services.keyring,
        public_url=services.settings.public_url,
    )


def event_summariser(services: Services) -> EventSummariser:
    """Give what writes event summaries: with the configured language model, or from the documents alone."""
    return EventSummariser(services.http, model_endpoint(services.settings))


def user_agent(settings: Settings) -> str:
    """Name ourselves honestly, with somebody to write to."""
    return f"Zhisheng/{__version__} (labour public-opinion service of a trade union; {operator_contact(settings)})"


def operator_contact(settings: Settings) -> str:
    """Name whom a site may write to about us."""
    return settings.contact or "no contact configured"


@contextmanager
def open_services(settings: Settings, *, start_database: bool = True) -> Iterator[Services]:
    """Open everything a process needs and close it in order.

    With ``start_database=False`` an embedded server is only attached to; raises UnavailableError when none
    runs. Raises ConfigurationError for a home of the other kind.
    """
    if not start_database and read_kind(settings.home) is None and not settings.database_url:
        raise UnavailableError(f"数据文件夹「{settings.home}」里还没有数据，职声没有运行。")
    home = (
        open_home(settings.home, demo=settings.demo)
        if start_database
        else Home(settings.home, read_kind(settings.home) or HomeKind.PRODUCTION)
    )
    faults.arm(settings.fault, home.path)
    handle, url = _database(settings, start=start_database)
    engine = create_database_engine(url)
    try:
        if start_database:
            migrate.upgrade(url)
        sessions = create_sessions(engine)
        clock = SystemClock(engine)
        clock.renew()
        keyring = Keyring.open(settings.master_key_file, create=start_database)
        policy = AddressPolicy.allowing(_allowed(settings))
        yield Services(
            settings=settings,
            home=home,
            database_url=url,
            engine=engine,
            sessions=sessions,
            clock=clock,
            keyring=keyring,
            hasher=AuthorHasher(sessions, keyring),
            policy=policy,
            http=HTTPClient(policy, user_agent=user_agent(settings)),
            passwords=Passwords.load(COMMON_PASSWORDS),
            version=__version__,
            owner=f"{socket.gethostname()}:{os.getpid()}",
        )
    finally:
        engine.dispose()
        if handle is not None:
            handle.close()


def _database(settings: Settings, *, start: bool) -> tuple[EmbeddedServerHandle | None, str]:
    if settings.database_url:
        return None, settings.database_url
    server = EmbeddedServer(settings.home)
    handle = server.acquire() if start else server.attach()
    if handle is None:
        raise UnavailableError(f"数据文件夹「{settings.home}」的数据库没有运行，职声没有启动。")
    return handle, handle.url


def _allowed(settings: Settings) -> tuple[str, ...]:
    # The demo world lives on loopback; in production loopback is as closed as any private network.
    return (*settings.allowed_addresses, *(["127.0.0.0/8"] if settings.demo else []))
