"""A cluster of three real nodes that loses one in the middle of the work."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Thread

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import func, select

from core.clock import FakeClock
from core.database.models.collecting import Document
from core.database.sessions import Sessions
from core.errors import UnavailableError
from core.indexing import BUSY_PAUSE, IndexWorker
from core.search import SearchQuery
from core.search.elasticsearch_engine import ElasticsearchSearch
from tests.core.test_indexing import add_documents
from tests.elasticsearch_nodes import is_url, named, started, url_of

NODES = 3
BATCHES = 5
IN_A_BATCH = 120
PATIENCE = 60

pytestmark = [pytest.mark.external_service, pytest.mark.slow]


def free_ports(number: int) -> list[int]:
    with ExitStack() as taken:
        sockets = [taken.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@pytest.fixture
def cluster() -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Yield the processes of three nodes by their URL."""
    command = named()
    if is_url(command):
        pytest.skip("a cluster to lose a node of has to be started by a command")
    ports = free_ports(NODES)
    seeds = ",".join(f"127.0.0.1:{port}" for port in ports)
    masters = ",".join(f"n{number}" for number in range(NODES))
    with ExitStack() as nodes:
        processes = [
            nodes.enter_context(
                started(
                    command,
                    [
                        "--heap",
                        "384m",
                        "discovery.type=multi-node",
                        f"node.name=n{number}",
                        f"transport.port={port}",
                        f"discovery.seed_hosts={seeds}",
                        f"cluster.initial_master_nodes={masters}",
                    ],
                )
            )
            for number, port in enumerate(ports)
        ]
        yield {url_of(process): process for process in processes}


def node_of_the_primary(client: Elasticsearch, alias: str) -> str:
    """Name the node whose loss hurts most: the one that every write goes through."""
    found = client.search_shards(index=f"{alias}-g*")
    (copies,) = found["shards"]
    (primary,) = (copy for copy in copies if copy["primary"])
    name = found["nodes"][primary["node"]]["name"]
    assert isinstance(name, str)
    return name


def test_a_node_killed_while_indexing_loses_and_doubles_nothing(
    cluster: dict[str, subprocess.Popen[str]], sessions: Sessions, clock: FakeClock
) -> None:
    alias = "test-cluster"
    search = ElasticsearchSearch(",".join(cluster), alias=alias, timeout_s=PATIENCE)
    worker = IndexWorker(
        sessions=sessions,
        clock=clock,
        open_writer=lambda: search,
        owner="a",
        version="1",
        is_exclusive=False,
    )
    ids: list[int] = []
    handled = failures = 0

    def work_off() -> int:
        """Step until nothing is due; gives how often the cluster could not be had."""
        nonlocal handled
        postponed = 0
        while postponed < PATIENCE:
            try:
                if not (done := worker.step()):
                    return postponed
                handled += done
            except UnavailableError:
                postponed += 1
                clock.advance(2 * BUSY_PAUSE)
        pytest.fail("the cluster took nothing any more")

    for batch in range(BATCHES):
        titles = [f"工地欠薪第 {batch}-{number} 条" for number in range(IN_A_BATCH)]
        ids += add_documents(sessions, clock, *titles)
        if batch == 1:
            with Elasticsearch(list(cluster), request_timeout=PATIENCE) as client:
                client.cluster.health(index=f"{alias}-g*", wait_for_status="green", timeout="40s")
                victim = node_of_the_primary(client, alias)
                nodes = client.nodes.info(metric="http").body["nodes"].values()
            address = next(
                node["http"]["publish_address"] for node in nodes if node["name"] == victim
            )
            process = next(one for url, one in cluster.items() if url.endswith(address))
            Thread(target=os.killpg, args=(process.pid, signal.SIGKILL)).start()
        failures += work_off()

    search.refresh()
    found: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = search.search(SearchQuery(limit=500, cursor=cursor or None))
        found += page.ids
        cursor = page.cursor
    assert sorted(found) == ids, f"after {failures} refusals"
    assert handled >= len(ids)
    with sessions() as session:
        assert session.scalar(select(func.count(Document.indexed_at))) == len(ids)
    health = search.health()
    assert health.is_available
    assert "2 个节点" in health.detail
    search.close()
