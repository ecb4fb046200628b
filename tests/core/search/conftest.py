"""A search engine of each kind for the contract tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from core.search import DocumentSearch
from core.search.elasticsearch_engine import ElasticsearchSearch
from core.search.tantivy_engine import TantivySearch

OpenSearch = Callable[[], DocumentSearch]


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
