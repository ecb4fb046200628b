"""A console with its people, for the tests of every page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache, FileSystemBytecodeCache
from werkzeug.test import TestResponse

from config.settings import load_settings
from core.clock import FakeClock
from core.crypto.keyring import Keyring
from core.database.models.organisation import Organisation, Person, Role
from core.database.sessions import Sessions
from core.outbound.address_policy import AddressPolicy
from core.outbound.client import HTTPClient
from core.passwords import Passwords
from core.search.tantivy_engine import TantivySearch
from media_matrix.access import PlatformAccess
from webui.application import create_app
from webui.console import EXTENSION, Console
from webui.people import PersonDraft, create_person

PASSWORD = "职声-测试-口令-2026"
ORGANISATION = "测试市总工会"
CAST = (
    ("wangmin", "王敏", (Role.DUTY,)),
    ("zhoulan", "周岚", (Role.LEADER,)),
    ("lixiang", "李想", (Role.EDITOR,)),
    ("chenjing", "陈静", (Role.REVIEWER,)),
    ("zhaoning", "赵宁", (Role.REVIEWER,)),
    ("sunyue", "孙越", (Role.ANALYST,)),
    ("admin", "何平", (Role.ADMINISTRATOR, Role.SECURITY)),
    ("auditor", "吴桐", (Role.AUDITOR,)),
)
OUTSIDER = "outsider"
# Any page that every signed-in person may open and that carries the token of their session.
OWN_PAGE = "/profile/password"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Member:
    id: int
    login: str
    name: str
    roles: tuple[str, ...]


def csrf_token(client: FlaskClient, path: str = OWN_PAGE) -> str:
    """Read the token that the forms of a page carry."""
    found = _TOKEN.search(client.get(path).get_data(as_text=True))
    assert found is not None, f"{path} holds no form"
    return found[1]


def sign_in(client: FlaskClient, login: str, *, password: str = PASSWORD) -> TestResponse:
    """Sign in through the real form; gives the answer to it."""
    form = {
        "login": login,
        "password": password,
        "csrf_token": csrf_token(client, "/login"),
    }
    return client.post("/login", data=form)


def post(
    client: FlaskClient,
    path: str,
    form: Mapping[str, object] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> TestResponse:
    """Send a form as a signed-in person, with the token of their session."""
    return client.post(
        path, data={**(form or {}), "csrf_token": csrf_token(client)}, headers=headers
    )


@pytest.fixture(scope="session")
def quick_passwords() -> Passwords:
    """Judge and hash as the product does, at a cost that suits tests."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return Passwords(frozenset({"password", "12345678"}), hasher)


@pytest.fixture
def console_for_tests(
    sessions: Sessions, clock: FakeClock, tmp_path: Path, quick_passwords: Passwords
) -> Console:
    home = tmp_path / "home"
    home.mkdir()
    settings = load_settings({"ZHISHENG_HOME": str(home)})
    keyring = Keyring.open(settings.master_key_file, create=True)
    policy = AddressPolicy.allowing(["127.0.0.0/8"])
    http = HTTPClient(policy, user_agent="Zhisheng-tests")
    return Console(
        settings=settings,
        sessions=sessions,
        clock=clock,
        reader=TantivySearch(home / "index"),
        keyring=keyring,
        http=http,
        policy=policy,
        platforms=PlatformAccess(sessions, clock, http, keyring, settings.public_url),
        passwords=quick_passwords,
        version="0.0.test",
    )


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> BytecodeCache:
    """Keep what one test compiled for the next: each has an application of its own."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def console_app(console_for_tests: Console, compiled_templates: BytecodeCache) -> Flask:
    """The whole console over a fresh database in which nobody exists yet; see ``people``."""
    app = create_app(console_for_tests)
    app.jinja_env.bytecode_cache = compiled_templates
    app.testing = False
    return app


@pytest.fixture
def people(sessions: Sessions, clock: FakeClock, quick_passwords: Passwords) -> dict[str, Member]:
    """The fixed cast by login name; all have the password ``PASSWORD``."""
    now = clock.now()
    cast: dict[str, Member] = {}
    with sessions.begin() as session:
        organisation = Organisation(name=ORGANISATION, level="city")
        session.add(organisation)
        session.flush()
        for login, name, roles in CAST:
            draft = PersonDraft(
                login=login,
                name=name,
                roles=[role.value for role in roles],
                organisation_id=organisation.id,
                email=f"{login}@example.invalid",
                phone="02500000000",
                channels=["console", "email"],
            )
            person = create_person(
                session, quick_passwords, draft, password=PASSWORD, actor="system:tests", now=now
            )
            cast[login] = Member(person.id, login, name, tuple(person.roles))
        outsider = Person(
            organisation_id=organisation.id,
            login=OUTSIDER,
            name="路人",
            roles=[],
            password_hash=quick_passwords.hash(PASSWORD),
            password_changed_at=now,
        )
        session.add(outsider)
        session.flush()
        cast[OUTSIDER] = Member(outsider.id, OUTSIDER, "路人", ())
    return cast


@pytest.fixture
def client(console_app: Flask, people: dict[str, Member]) -> FlaskClient:
    """A browser of somebody not signed in; ``sign_in(client, "wangmin")`` makes it theirs."""
    assert people
    return console_app.test_client()


def console_of(app: Flask) -> Console:
    found = app.extensions[EXTENSION]
    assert isinstance(found, Console)
    return found
