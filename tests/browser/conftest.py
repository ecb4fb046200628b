"""A browser, a guard over it, and the running demo that most of these tests visit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.desk import AXE, Guard, Room
from tests.browser.serving import Served, served
from webui.application import STATIC_FOLDER
from webui.assets import Assets

# Every expectation is met as soon as it holds; this much is for a busy machine.
PATIENCE_MS = 20_000
HERE = Path(__file__).parent
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


# All three are of this package and not of the session: whatever the process tests next needs the machine,
# and counts its own browsers.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("chromium is not installed: apt-get install chromium fonts-noto-cjk")
    if not Assets(STATIC_FOLDER).is_built or not AXE.exists():
        pytest.skip("the front end is not built: run webui/frontend/build")
    # Chromium refuses to run as root inside its sandbox.
    flags = ("--no-sandbox",) if os.geteuid() == 0 else ()
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*flags, *QUIET])
        yield browser
        browser.close()


@pytest.fixture
def room(browser: Browser) -> Iterator[Room]:
    """Desks under a guard: the test fails on a console error and on a request that leaves loopback."""
    room = Room(browser, Guard())
    yield room
    room.close()
    assert room.guard.complaints == []


@pytest.fixture(scope="package")
def empty(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An installation that nobody has set up."""
    assert browser.is_connected()
    with served(tmp_path_factory.mktemp("empty") / "home", is_demo=False) as running:
        yield running


@pytest.fixture(scope="package")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo with its people, accounts, history and sites; its platforms are the sandbox."""
    assert browser.is_connected()
    with served(tmp_path_factory.mktemp("demo") / "home", is_demo=True) as running:
        yield running
