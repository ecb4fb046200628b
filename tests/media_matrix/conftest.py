"""An editorial office, the sandbox platforms on loopback, and a worker between them."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import update
from werkzeug.serving import WSGIRequestHandler, make_server

from core.clock import FakeClock
from core.crypto.keyring import Keyring
from core.database.models.media import Publication
from core.database.models.organisation import Organisation, Person
from core.database.sessions import Sessions
from core.outbound.address_policy import AddressPolicy
from core.outbound.client import ClientLimits, HTTPClient
from media_matrix.access import PlatformAccess
from media_matrix.accounts import create_account
from media_matrix.publishing import PublishWorker
from media_matrix.sandbox import SandboxState, create_sandbox
from media_matrix.sandbox.cast import sandbox_accounts
from tests.media_matrix.office import Office

TIMEOUT_S = 0.8


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        del type, message, args


@pytest.fixture
def sandbox(clock: FakeClock) -> SandboxState:
    return SandboxState(clock)


@pytest.fixture
def sandbox_url(sandbox: SandboxState, clock: FakeClock) -> Iterator[str]:
    application = create_sandbox(sandbox, clock)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_QuietHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def access(sessions: Sessions, clock: FakeClock) -> PlatformAccess:
    policy = AddressPolicy.allowing(["127.0.0.0/8"])
    limits = ClientLimits(timeout_s=TIMEOUT_S)
    return PlatformAccess(
        sessions=sessions,
        clock=clock,
        http=HTTPClient(policy, user_agent="Zhisheng tests", limits=limits),
        keyring=Keyring([bytes(range(32))]),
        public_url="https://union.example",
    )


@pytest.fixture
def office(access: PlatformAccess, sandbox_url: str, clock: FakeClock) -> Office:
    with access.sessions.begin() as session:
        union = Organisation(name="示范市总工会", level="city", adcode="320100")
        session.add(union)
        session.flush()
        people = [
            Person(
                organisation_id=union.id,
                login=login,
                name=name,
                roles=["editor", "reviewer"],
                password_hash="-",
                password_changed_at=clock.now(),
            )
            for login, name in (
                ("author", "编辑甲"), ("first", "审校乙"), ("second", "审校丙"), ("admin", "管理员丁"),
            )
        ]  # fmt: skip
        session.add_all(people)
        session.flush()
        accounts = {
            form.channel: create_account(
                session, access.keyring, form, person_id=people[3].id, now=clock.now()
            ).id
            for form in sandbox_accounts(sandbox_url, union.id)
        }
        return Office(
            access=access,
            clock=clock,
            organisation_id=union.id,
            author_id=people[0].id,
            first_id=people[1].id,
            second_id=people[2].id,
            admin_id=people[3].id,
            accounts=accounts,
        )


@pytest.fixture
def worker(access: PlatformAccess) -> Iterator[PublishWorker]:
    worker = PublishWorker(access, owner="publish-1")
    yield worker
    worker.close()


@pytest.fixture
def lose_lease(sessions: Sessions) -> Callable[[int], None]:
    """End the lease of a publication early, as the time after a kill would."""

    def lose(publication_id: int) -> None:
        with sessions.begin() as session:
            session.execute(
                update(Publication)
                .where(Publication.id == publication_id)
                .values(lease_until=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
            )

    return lose
