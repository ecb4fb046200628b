"""Encryption, certificates and keys on the way to a real cluster."""

import ssl
from pathlib import Path

import pytest

from core.errors import ConfigurationError, UnavailableError
from core.search import SearchQuery
from core.search.elasticsearch_engine import ElasticsearchSearch
from tests.core.search.certificates import Authority
from tests.core.search.elasticsearch_stub import Proxy, running, stub_cluster
from tests.core.search.test_elasticsearch_engine import DOCUMENT

KEY = "bWFkZS11cDprZXk="
ALIAS = "test-tls"


def refusal(search: ElasticsearchSearch) -> str:
    with pytest.raises(UnavailableError) as refused:
        search.count(SearchQuery())
    health = search.health()
    assert not health.is_available
    assert health.detail == str(refused.value)
    search.close()
    return str(refused.value)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@pytest.mark.external_service
def test_a_verified_connection_with_the_right_key_writes_and_reads(
    authority: Authority, elasticsearch_url: str
) -> None:
    with running(Proxy(elasticsearch_url, api_key=KEY), authority.server()) as proxy:
        search = ElasticsearchSearch(
            proxy.url, alias=ALIAS, api_key=KEY, ca_certificates=authority.file
        )
        assert search.index([DOCUMENT]).indexed == 1
        search.refresh()
        assert search.search(SearchQuery()).ids == (1,)
        assert search.health().is_available
        search.clear()
        search.close()


@pytest.mark.external_service
@pytest.mark.parametrize(
    ("key", "status", "advice"),
    [(None, "401", "API_KEY_FILE"), ("d3Jvbmc6a2V5", "403", "权限")],
    ids=["without a key", "with a wrong key"],
)
def test_a_key_the_cluster_does_not_take_is_named_as_the_cause(
    authority: Authority, elasticsearch_url: str, key: str | None, status: str, advice: str
) -> None:
    with running(Proxy(elasticsearch_url, api_key=KEY), authority.server()) as proxy:
        search = ElasticsearchSearch(proxy.url, api_key=key, ca_certificates=authority.file)
        with pytest.raises(UnavailableError, match="数据没有丢失"):
            search.index([DOCUMENT])
        message = refusal(search)
        assert proxy.forwarded == []
    assert status in message
    assert advice in message
    assert KEY not in message


def strangers(folder: Path, authority: Authority) -> dict[str, tuple[ssl.SSLContext, Path | None]]:
    """Name the ways in which a certificate may be wrong, with what serves and what is trusted."""
    return {
        "other authority": (authority.server(), Authority(folder, "other").file),
        "unknown authority": (authority.server(), None),
        "other host": (authority.server("127.0.0.9"), authority.file),
    }


@pytest.mark.parametrize("case", ["other authority", "unknown authority", "other host"])
def test_a_certificate_that_cannot_be_verified_ends_the_connection_before_the_key_is_sent(
    tmp_path: Path, authority: Authority, case: str
) -> None:
    context, trusted = strangers(tmp_path, authority)[case]
    with running(Proxy("http://127.0.0.1:9", api_key=KEY), context) as proxy:
        search = ElasticsearchSearch(proxy.url, api_key=KEY, ca_certificates=trusted)
        message = refusal(search)
        assert proxy.forwarded == []
    assert "证书没有通过验证" in message
    assert "ZHISHENG_ELASTICSEARCH_CA_FILE" in message


@pytest.mark.parametrize(
    "url",
    [
        "http://search.example:9200",
        "http://10.0.0.8:9200",
        "https://search.example:9200,http://search.example:9201",
    ],
)
def test_plain_text_beyond_this_machine_is_refused_unless_told(url: str) -> None:
    with pytest.raises(ConfigurationError, match="没有加密"):
        ElasticsearchSearch(url)
    ElasticsearchSearch(url, allow_plain_text=True).close()


def test_a_server_of_another_kind_is_not_taken_for_a_cluster() -> None:
    with stub_cluster() as server:
        server.product = "Something else"
        assert "不是 Elasticsearch" in refusal(ElasticsearchSearch(server.url))


@pytest.mark.external_service
def test_a_node_that_is_down_is_passed_over(elasticsearch_url: str) -> None:
    search = ElasticsearchSearch(f"http://127.0.0.1:9,{elasticsearch_url}", alias="test-nodes")
    assert [search.index([DOCUMENT]).stale for _ in range(4)] == [0, 1, 1, 1]
    search.clear()
    search.close()
