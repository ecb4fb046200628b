"""Trying a source whose pages scripts write: the real browser, its guards, and the end of it."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.outbound.address_policy import AddressPolicy
from core.outbound.client import HTTPClient
from crawlers.engine.chromium import chromium_processes
from crawlers.engine.trial_browser import TOO_SLOW, Asked, TrialBrowser
from crawlers.failures import FailureCause, FetchFailedError
from crawlers.proposal.trial import SourceTrial, try_source
from crawlers.sources import SourceDraft
from tests.core.outbound.hostile_server import HostileServer, redirect, reply
from tests.crawlers.test_script_pages import JSON, TITLE, article, listing

NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
AGENT = "Zhisheng/test (tests; test@example.org)"
needs_chromium = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="chromium is not installed"
)


@pytest.fixture
def hostile() -> Iterator[HostileServer]:
    with HostileServer() as server:
        links = [["/2026/1121/c1.html", TITLE]]
        server.scripts |= {
            "/robots.txt": reply(b"User-agent: *\nDisallow: /private\n"),
            "/list": listing(server.port),
            "/data.json": reply(json.dumps(links).encode(), headers=JSON),
            "/2026/1121/c1.html": article(),
            "/bounce": redirect(f"http://127.0.0.2:{server.port}/secret"),
            "/private/numbers.json": reply(b"{}", headers=JSON),
        }
        yield server


def tried(server: HostileServer, path: str) -> SourceTrial:
    policy = AddressPolicy.allowing([f"127.0.0.1:{server.port}"])
    url = f"http://127.0.0.1:{server.port}{path}"
    draft = SourceDraft("职工之声", "list_page", url, "网站", "city", needs_browser=True)
    http = HTTPClient(policy, user_agent=AGENT)
    return try_source(draft, http=http, policy=policy, user_agent=AGENT, now=NOW)


@pytest.mark.browser
@needs_chromium
def test_a_trial_runs_the_scripts_behind_the_same_guards_and_leaves_no_browser(
    hostile: HostileServer,
) -> None:
    with HostileServer(address="127.0.0.2", port=hostile.port) as inside:
        trial = tried(hostile, "/list")
        assert inside.connections == 0
    assert trial.fault is None
    assert [item.title for item in trial.items] == [TITLE]
    assert "法律援助" in trial.items[0].text
    asked = [request.split(b"\r\n")[0] for request in hostile.requests]
    for never in (b"secret", b"private", b"picture", b"elsewhere", b"worker"):
        assert not any(never in line for line in asked), asked
    assert list(chromium_processes()) == []


@pytest.mark.browser
@needs_chromium
def test_a_page_that_never_ends_is_given_up_in_time_with_its_browser() -> None:
    body = b"<html><body><script>while (true) {}</script></body></html>"
    endless = Asked("http://127.0.0.1:9/", "text/html", body, limit_s=60)
    with TrialBrowser(AddressPolicy.allowing(), AGENT) as browser:
        with pytest.raises(FetchFailedError) as stopped:
            browser.run(endless, limit_s=1.5)
        assert stopped.value.failure.cause is FailureCause.TIMEOUT
        assert stopped.value.failure.reason == TOO_SLOW
        assert list(chromium_processes()) == []


def test_without_chromium_the_trial_says_what_to_install(
    hostile: HostileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    fault = tried(hostile, "/list").fault or ""
    assert "浏览器 Chromium（Debian 软件包 chromium）" in fault
    assert "请管理员安装" in fault
    assert b"/list" not in b"".join(hostile.requests)


def test_what_robots_forbids_is_never_shown_to_a_browser(hostile: HostileServer) -> None:
    hostile.scripts["/robots.txt"] = reply(b"User-agent: *\nDisallow: /\n")
    assert "robots.txt 不允许" in (tried(hostile, "/list").fault or "")
