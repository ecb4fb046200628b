"""What only the engine in a folder promises: locks, generations, crashes."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import ConflictError
from core.search import IndexOutdatedError, SearchDocument, SearchQuery
from core.search.tantivy_engine import TantivySearch
from core.search.tantivy_folder import IndexFolder
from core.search.tantivy_schema import SCHEMA_VERSION

DOCUMENT = SearchDocument(
    id=1,
    revision=1,
    title="工地欠薪",
    text="",
    published_at=datetime(2026, 11, 2, tzinfo=UTC),
    ingested_at=datetime(2026, 11, 2, tzinfo=UTC),
)

WRITER = """
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from core.search import SearchDocument
from core.search.tantivy_engine import TantivySearch

moment = datetime(2026, 11, 2, tzinfo=UTC)
document = SearchDocument(id=0, revision=1, title="", text="欠薪", published_at=moment, ingested_at=moment)
search = TantivySearch(Path(sys.argv[1]))
for first in range(0, 1_000_000, 50):
    search.index([replace(document, id=first + number) for number in range(50)])
    print(first + 50, flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


def test_a_second_writer_is_refused_until_the_first_lets_go(folder: Path) -> None:
    first, second = TantivySearch(folder), TantivySearch(folder)
    first.index([DOCUMENT])
    with pytest.raises(ConflictError, match="另一个进程正在写"):
        second.index([replace(DOCUMENT, id=2)])
    assert second.count(SearchQuery()) == 1
    first.close()
    assert second.index([replace(DOCUMENT, id=2)]).indexed == 1
    assert first.count(SearchQuery()) == 2
    second.close()
    first.close()


def test_an_index_of_another_schema_asks_to_be_rebuilt(folder: Path) -> None:
    search = TantivySearch(folder)
    search.index([DOCUMENT])
    search.close()
    pointer = folder / "current"
    written = json.loads(pointer.read_text(encoding="utf-8"))
    pointer.write_text(json.dumps(written | {"schema": SCHEMA_VERSION - 1}), encoding="utf-8")
    for attempt in (lambda: search.count(SearchQuery()), lambda: search.index([DOCUMENT])):
        with pytest.raises(IndexOutdatedError, match="zhisheng index rebuild"):
            attempt()
    health = search.health()
    assert (health.is_available, health.is_outdated, health.schema) == (
        False,
        True,
        SCHEMA_VERSION - 1,
    )
    assert "zhisheng index rebuild" in health.detail
    search.rebuild([DOCUMENT, replace(DOCUMENT, id=2)])
    assert search.count(SearchQuery()) == 2


def test_a_writer_follows_the_switch_to_a_rebuilt_index(folder: Path) -> None:
    writer, rebuilder = TantivySearch(folder), TantivySearch(folder)
    writer.index([DOCUMENT])
    rebuilder.rebuild([replace(DOCUMENT, id=number) for number in range(2, 5)])
    assert writer.index([replace(DOCUMENT, id=9)]).indexed == 1
    assert rebuilder.count(SearchQuery()) == 4
    writer.close()


def test_two_rebuilds_at_once_are_refused(folder: Path) -> None:
    with (
        IndexFolder(folder, schema=SCHEMA_VERSION).next_generation(),
        pytest.raises(ConflictError, match="正在重建"),
    ):
        TantivySearch(folder).rebuild([DOCUMENT])


def test_old_generations_are_removed(folder: Path) -> None:
    search = TantivySearch(folder)
    for _ in range(4):
        search.rebuild([DOCUMENT])
    assert sorted(path.name for path in folder.glob("generation-*")) == [
        "generation-4",
        "generation-5",
    ]
    assert search.count(SearchQuery()) == 1
    search.index([replace(DOCUMENT, id=2)])
    assert [path.name for path in folder.glob("generation-*")] == ["generation-5"]
    assert search.count(SearchQuery()) == 2


@pytest.mark.faults
def test_a_killed_writer_loses_nothing_it_acknowledged(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-P", "-c", WRITER, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    ) as writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(4)][-1]
        reader = TantivySearch(folder)
        assert reader.count(SearchQuery()) >= acknowledged
        writer.send_signal(signal.SIGKILL)
    search = TantivySearch(folder)
    left = search.count(SearchQuery())
    assert left >= acknowledged
    assert left % 50 == 0
    assert search.index([replace(DOCUMENT, id=5_000_000)]).indexed == 1
    assert reader.count(SearchQuery()) == left + 1
    search.close()
