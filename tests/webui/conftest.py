"""A console with its people, for the tests of every page."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import URL, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from config.regions import Region, by_adcode, load_regions
from config.settings import load_settings
from core.clock import FakeClock
from core.crypto.keyring import Keyring
from core.database.models.organisation import Organisation, Person, Role
from core.database.sessions import Sessions, create_database_engine, create_sessions
from core.outbound.address_policy import AddressPolicy
from core.outbound.client import HTTPClient
from core.passwords import Passwords
from core.search.tantivy_engine import TantivySearch
from media_matrix.access import PlatformAccess
from tests.conftest import START, copy_database
from tests.webui.content import Content
from webui.application import create_app
from webui.console import EXTENSION, Console
from webui.page import console_secret
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


@pytest.fixture(scope="session")
def shipped_regions() -> Mapping[str, Region]:
    return by_adcode(load_regions())


@pytest.fixture
def console_for_tests(
    sessions: Sessions,
    clock: FakeClock,
    tmp_path: Path,
    quick_passwords: Passwords,
    shipped_regions: Mapping[str, Region],
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
        regions=shipped_regions,
        replay_folder=home / "replay",
    )


@pytest.fixture(scope="session")
def shared_apps() -> dict[str, Flask]:
    """The one application of the session, once a test has made it: building it costs more than most tests."""
    return {}


@pytest.fixture
def console_app(console_for_tests: Console, shared_apps: dict[str, Flask]) -> Iterator[Flask]:
    """The whole console over a fresh database; see ``people`` for who exists in it."""
    app = shared_apps.get("all")
    if app is None:
        app = shared_apps["all"] = create_app(console_for_tests)
        app.testing = False
    before = dict(app.extensions)
    app.extensions[EXTENSION] = console_for_tests
    app.secret_key = console_secret(app)
    yield app
    app.extensions.clear()
    app.extensions.update(before)


@pytest.fixture(scope="session")
def people_template(
    database_server: URL, migrated_template: str, quick_passwords: Passwords
) -> str:
    """Name a database in which the cast and the outsider exist."""
    url = copy_database(database_server, migrated_template)
    engine = create_database_engine(url.render_as_string(hide_password=False))
    with create_sessions(engine).begin() as session:
        _add_people(session, quick_passwords)
    engine.dispose()
    return str(url.database)


def _add_people(session: Session, passwords: Passwords) -> None:
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
        create_person(session, passwords, draft, password=PASSWORD, actor="system:tests", now=START)
    session.add(
        Person(
            organisation_id=organisation.id,
            login=OUTSIDER,
            name="路人",
            roles=[],
            password_hash=passwords.hash(PASSWORD),
            password_changed_at=START,
        )
    )


@pytest.fixture
def people(sessions: Sessions) -> dict[str, Member]:
    """The fixed cast by login name; all have the password ``PASSWORD``."""
    with sessions() as session:
        return {
            person.login: Member(person.id, person.login, person.name, tuple(person.roles))
            for person in session.scalars(select(Person).order_by(Person.id))
        }


@pytest.fixture
def client(console_app: Flask, people: dict[str, Member]) -> FlaskClient:
    """A browser of somebody not signed in; ``sign_in(client, "wangmin")`` makes it theirs."""
    assert people
    return console_app.test_client()


def console_of(app: Flask) -> Console:
    found = app.extensions[EXTENSION]
    assert isinstance(found, Console)
    return found


@pytest.fixture
def content(console_for_tests: Console, people: dict[str, Member]) -> Content:
    """Fill the console of a test; no rule, shift or post is there before it is asked for."""
    assert people
    return Content(console_for_tests)


@pytest.fixture
def analyst(client: FlaskClient) -> FlaskClient:
    sign_in(client, "sunyue")
    return client
