"""How an Elasticsearch cluster is doing with our indices."""

from elasticsearch import Elasticsearch

from core.errors import StorageError
from core.search.base import IndexOutdatedError, SearchHealth
from core.search.elasticsearch_connection import translated_errors
from core.search.elasticsearch_indices import MonthlyIndices

ENGINE = "elasticsearch"


def cluster_health(client: Elasticsearch, indices: MonthlyIndices, alias: str) -> SearchHealth:
    """Ask about our own indices: what others keep in the same cluster is none of our business."""
    ours = f"{alias}*"
    try:
        with translated_errors():
            cluster = client.cluster.health(index=ours)
            stats = client.indices.stats(index=ours, metric="docs,store")
            schema, generation = indices.state()
    except StorageError as error:
        return SearchHealth(
            engine=ENGINE,
            is_available=False,
            documents=None,
            bytes_on_disk=None,
            detail=str(error),
        )
    detail = f"Elasticsearch 集群状态 {cluster['status']}，{cluster['number_of_nodes']} 个节点。"
    documents: int | None = None
    is_outdated = False
    try:
        with translated_errors():
            names = indices.current().names
    except IndexOutdatedError as error:
        # What a newer release has written is not for this one to replace.
        detail, is_outdated = str(error), error.found < error.wanted
    except StorageError as error:
        detail = str(error)
    else:
        found = stats.get("indices", {})
        # An index whose primary is away has no figures.
        documents = sum(
            int(found[name]["primaries"].get("docs", {}).get("count", 0))
            for name in names & set(found)
        )
    return SearchHealth(
        engine=ENGINE,
        is_available=cluster["status"] != "red" and documents is not None,
        documents=documents,
        bytes_on_disk=int(stats["_all"]["primaries"].get("store", {}).get("size_in_bytes", 0)),
        detail=detail,
        schema=schema,
        generation=generation,
        is_outdated=is_outdated,
    )
