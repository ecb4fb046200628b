"""Real Elasticsearch nodes: the one that is named, or what the named command starts."""

import os
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

VARIABLE = "ZHISHENG_TEST_ELASTICSEARCH"


def named() -> str:
    """Give the URL or the command to test with; skips the test when there is none."""
    value = os.environ.get(VARIABLE, "")
    if not value:
        pytest.skip(f"no Elasticsearch to test with: {VARIABLE} names neither a URL nor a command")
    return value


def is_url(value: str) -> bool:
    return value.startswith(("http://", "https://"))


@contextmanager
def started(command: str, options: Sequence[str] = ()) -> Iterator[subprocess.Popen[str]]:
    """Start one node, which ends with its standard input; it says `ready URL` on standard output."""
    with subprocess.Popen(
        [*shlex.split(command), "--stop-with-stdin", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as node:
        assert node.stdin is not None
        try:
            yield node
        finally:
            node.stdin.close()


def url_of(node: subprocess.Popen[str]) -> str:
    """Wait until a node is ready."""
    assert node.stdout is not None
    line = next((line for line in node.stdout if line.startswith("ready ")), "")
    assert line, f"the command in {VARIABLE} ended without a line `ready URL`"
    return line.split()[1]


@pytest.fixture(scope="session")
def elasticsearch_url() -> Iterator[str]:
    """Yield the URL of one node that all tests of this process share."""
    value = named()
    if is_url(value):
        yield value
        return
    with started(value) as node:
        yield url_of(node)
