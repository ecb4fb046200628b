"""A real browser over the console of the tests."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from werkzeug.serving import make_server

from tests.webui.conftest import PASSWORD
from webui.application import STATIC_FOLDER
from webui.assets import Assets

DESKTOP: ViewportSize = {"width": 1440, "height": 900}


@contextmanager
def started_chromium() -> Iterator[Browser]:
    """Lend a browser; skips the test where none is installed."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an application on loopback; gives its address. Skips the test where the front end is not built."""
    if not Assets(STATIC_FOLDER).is_built:
        pytest.skip("the front end is not built: run webui/frontend/build")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def analysts_page(app: Flask, path: str) -> Iterator[Page]:
    """Open a page of the console as the analyst of the fixed cast."""
    with served(app) as base, started_chromium() as browser:
        page = browser.new_page(base_url=base, viewport=DESKTOP)
        page.goto("/login")
        page.locator("[name=login]").fill("sunyue")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[name=password]").press("Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        page.goto(path)
        yield page
