"""One installation for all fault tests: a role needs seconds to start, so they share what runs."""

from collections.abc import Iterator

import pytest

from tests.faults.world import World, open_world


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_world(tmp_path_factory.mktemp("faults") / "home") as world:
        yield world
