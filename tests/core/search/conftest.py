"""A search engine of each kind for the contract tests."""

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from core.search import DocumentSearch
from core.search.elasticsearch_engine import ElasticsearchSearch
from core.search.tantivy_engine import TantivySearch

VARIABLE = "ZHISHENG_TEST_ELASTICSEARCH"

OpenSearch = Callable[[], DocumentSearch]


@pytest.fixture(scope="session")
def elasticsearch_url() -> Iterator[str]:
    """Yield the URL of a real Elasticsearch: the one named, or that of the node a command starts."""
    value = os.environ.get(VARIABLE, "")
    if not value:
        pytest.skip(f"no Elasticsearch to test with: {VARIABLE} names neither a URL nor a command")
    if value.startswith(("http://", "https://")):
        yield value
        return
    with subprocess.Popen(
        [*shlex.split(value), "--stop-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as node:
        assert node.stdin is not None
        assert node.stdout is not None
        line = next((line for line in node.stdout if line.startswith("ready ")), "")
        assert line, f"the command in {VARIABLE} ended without a line `ready URL`"
        yield line.split()[1]
        node.stdin.close()


@pytest.fixture(
    params=["tantivy", pytest.param("elasticsearch", marks=pytest.mark.external_service)]
)
def open_search(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenSearch]:
    """Yield what opens the same empty index again and again, as several processes would."""
    opened: list[DocumentSearch] = []
    if request.param == "tantivy":

        def new() -> DocumentSearch:
            return TantivySearch(tmp_path / "index")
    else:
        url = request.getfixturevalue("elasticsearch_url")
        alias = f"test-{uuid4().hex[:12]}"

        def new() -> DocumentSearch:
            return ElasticsearchSearch(url, alias=alias)

    def open_one() -> DocumentSearch:
        opened.append(new())
        return opened[-1]

    yield open_one
    if request.param == "elasticsearch":
        new().clear()
    for search in opened:
        search.close()


@pytest.fixture
def search(open_search: OpenSearch) -> DocumentSearch:
    return open_search()
