"""``zhisheng index status|rebuild|verify``, and the role that meets an index of an older release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from core.clock import FakeClock
from core.database.models.operations import OperatorNotice
from core.expression import parse
from core.search import IndexOutdatedError, SearchQuery
from core.search.tantivy_engine import TantivySearch
from core.search.tantivy_schema import SCHEMA_VERSION
from tests.core.test_indexing import add_documents
from tests.installation import Installation
from zhisheng.catching_up import OUTDATED, index_worker
from zhisheng.cli import run
from zhisheng.services import Services


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    installation = Installation(tmp_path_factory.mktemp("index") / "home")
    yield installation
    installation.remove()


@pytest.fixture(scope="module")
def services(installation: Installation) -> Iterator[Services]:
    """Two documents wait to be indexed."""
    with installation.services() as services:
        yield services


@pytest.fixture
def ids(services: Services) -> list[int]:
    """Give two new documents, and an index that holds them."""
    titles = [f"{title}{uuid4().hex}" for title in ("工地欠薪", "天气晴好")]
    new = add_documents(services.sessions, FakeClock(services.clock.now()), *titles)
    worker = index_worker(services)
    while worker.step():
        pass
    worker.close()
    return new


class Terminal:
    """Runs commands on the installation in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.errors = ""

    def __call__(self, *arguments: str) -> tuple[int, dict[str, object]]:
        try:
            code = run(["index", *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        printed = self._capsys.readouterr()
        self.errors = printed.err
        return code, json.loads(printed.out) if printed.out else {}


@pytest.fixture
def index(
    services: Services,
    installation: Installation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Terminal:
    del services
    for name, value in installation.environment().items():
        monkeypatch.setenv(name, value)
    return Terminal(capsys)


def test_status_says_what_waits_and_what_there_is(index: Terminal, services: Services) -> None:
    clock = FakeClock(services.clock.now())
    waiting = add_documents(services.sessions, clock, "工地一", "工地二", "工地三")
    code, state = index("status")
    assert (code, state["engine"], state["available"]) == (0, "tantivy", True)
    assert (state["waiting"], state["dead"], state["rebuilding"]) == (len(waiting), 0, False)
    assert state["schema"] == SCHEMA_VERSION
    code, report = index("rebuild")
    assert (code, report["failed"]) == (0, 0)
    assert "正在补上期间的变化并切换" in index.errors
    code, state = index("status")
    documents = state["documents"]
    assert isinstance(documents, dict)
    assert documents["index"] == documents["database"] == report["indexed"]
    generation = state["generation"]
    assert index("rebuild")[0] == 0
    assert index("status")[1]["generation"] != generation


def test_verify_reports_and_then_mends(index: Terminal, services: Services, ids: list[int]) -> None:
    search = TantivySearch(services.home.index_folder)
    search.delete(ids[:1])
    search.close()
    code, dry = index("verify", "--dry-run")
    assert (code, dry["missing"], dry["left"], dry["repaired"]) == (1, 1, 1, 0)
    code, mended = index("verify")
    assert (code, mended["missing"], mended["left"], mended["repaired"]) == (0, 1, 0, 1)
    code, right = index("verify")
    assert (code, right["missing"]) == (0, 0)


def test_an_engine_that_is_not_set_up_is_wrong_use(index: Terminal) -> None:
    for command in ("status", "rebuild", "verify"):
        assert index(command, "--engine", "elasticsearch")[0] == 2
        assert "ZHISHENG_ELASTICSEARCH_URL" in index.errors


def test_the_role_renews_the_index_of_an_older_release_and_says_so(
    index: Terminal, services: Services, ids: list[int]
) -> None:
    pointer: Path = services.home.index_folder / "current"
    written = json.loads(pointer.read_text(encoding="utf-8"))
    pointer.write_text(json.dumps(written | {"schema": SCHEMA_VERSION - 1}), encoding="utf-8")
    search = TantivySearch(services.home.index_folder)
    with pytest.raises(IndexOutdatedError, match=r"现在不能检索.*没有丢失.*自动重建"):
        search.count(SearchQuery())
    code, state = index("status")
    assert (code, state["available"], state["schema"]) == (1, False, SCHEMA_VERSION - 1)

    worker = index_worker(services)
    assert worker.step() == 1
    worker.close()
    assert ids[0] in search.search(SearchQuery(expression=parse("欠薪"))).ids
    with services.sessions() as session:
        notice = session.scalars(select(OperatorNotice).where(OperatorNotice.key == OUTDATED)).one()
    assert "正在自动重建" in notice.text
    assert notice.cleared_at is not None
    assert index("status")[0] == 0

    pointer.write_text(json.dumps(written | {"schema": SCHEMA_VERSION + 1}), encoding="utf-8")
    with pytest.raises(IndexOutdatedError, match="也升级到那个版本"):
        search.count(SearchQuery())
    worker = index_worker(services)
    assert worker.step() == 0
    worker.close()
    assert json.loads(pointer.read_text(encoding="utf-8"))["schema"] == SCHEMA_VERSION + 1
