"""A process of its own that runs pages in Chromium for somebody who waits: started and ended by TrialBrowser.

It is spoken to through its standard streams, each message with its length before it, and ends when they close. What
the guards are is the same as in a crawl process: OpenPage and GuardProxy.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import struct
import sys
from typing import Any, BinaryIO

from crawlers.engine.body_limit import LARGEST_BODY
from crawlers.engine.chromium import end_chromium, launch_settings
from crawlers.engine.guard_proxy import GuardProxy
from crawlers.engine.open_page import (
    BROKEN,
    CLOSING_S,
    LOADING_SHARE,
    SETTLING_SHARE,
    TOO_MUCH_MEMORY,
    TOO_SLOW,
    OpenPage,
    Script,
    context_settings,
    too_much_memory,
)
from crawlers.engine.trial_browser import Asked, Start
from crawlers.failures import FailureCause, FetchFailedError, failure
from crawlers.robots import RobotsVerdict, rules_of

OK = 200


def _received(stream: BinaryIO) -> Any:  # Any: what the parent pickled.
    head = stream.read(4)
    if len(head) < 4:  # noqa: PLR2004 (the length of a length)
        return None
    # From our own parent alone.
    return pickle.loads(stream.read(struct.unpack("!I", head)[0]))  # noqa: S301


def _answer(stream: BinaryIO, answer: dict[str, str]) -> None:
    body = json.dumps(answer).encode("utf-8", errors="replace")
    stream.write(struct.pack("!I", len(body)) + body)
    stream.flush()


async def _serve(asking: BinaryIO, answering: BinaryIO) -> None:
    from playwright.async_api import Error, async_playwright

    start: Start = await asyncio.to_thread(_received, asking)
    launch: Any = launch_settings()["PLAYWRIGHT_LAUNCH_OPTIONS"]  # Any: keyword arguments.
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(**launch)
        except Error:
            _answer(answering, {"cause": FailureCause.BROWSER_MISSING.value})
            return
        while (asked := await asyncio.to_thread(_received, asking)) is not None:
            try:
                html = await _in_time(browser, start, asked)
                _answer(answering, {"html": html})
            except FetchFailedError as error:
                found = error.failure
                _answer(answering, {"cause": found.cause.value, "reason": found.reason})
    end_chromium()


async def _in_time(browser: Any, start: Start, asked: Asked) -> str:  # Any: playwright is untyped.
    running = asyncio.ensure_future(_run(browser, start, asked))
    watching = asyncio.ensure_future(too_much_memory())
    done, _ = await asyncio.wait(
        {running, watching}, timeout=asked.limit_s, return_when=asyncio.FIRST_COMPLETED
    )
    watching.cancel()
    if running in done:
        return running.result()
    running.cancel()
    await asyncio.wait({running}, timeout=CLOSING_S)
    if watching in done:
        raise FetchFailedError(failure(FailureCause.UNREADABLE, TOO_MUCH_MEMORY))
    raise FetchFailedError(failure(FailureCause.TIMEOUT, TOO_SLOW))


async def _run(browser: Any, start: Start, asked: Asked) -> str:  # Any: as above.
    from playwright.async_api import Error
    from playwright.async_api import TimeoutError as TooSlowError

    rules = rules_of(OK, asked.robots.encode()) if asked.robots else None

    async def may_fetch(url: str) -> bool:
        return rules is None or rules.verdict(url, start.user_agent) is RobotsVerdict.ALLOWED

    page = Script(asked.url, asked.content_type or "text/html", asked.body)
    settling_ms = asked.limit_s * SETTLING_SHARE * 1000
    opened = OpenPage(page, start.policy, may_fetch, settling_ms)
    async with GuardProxy(start.policy) as proxy:
        try:
            context = await browser.new_context(**context_settings(proxy, start.user_agent))
            shown = await context.new_page()
            await opened.guard(shown)
            loading_ms = asked.limit_s * LOADING_SHARE * 1000
            await shown.goto(asked.url, wait_until="commit", timeout=loading_ms)
            await opened.read(shown)
        except TooSlowError as error:
            raise FetchFailedError(failure(FailureCause.TIMEOUT, TOO_SLOW)) from error
        except Error as error:
            raise FetchFailedError(failure(FailureCause.INCOMPLETE, BROKEN)) from error
        finally:
            await opened.close()
    if len(opened.html) >= LARGEST_BODY:
        raise FetchFailedError(failure(FailureCause.TOO_LARGE))
    return opened.html


def main() -> None:
    # Whatever logs goes to standard error: standard output is for the answers alone.
    answering = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    asyncio.run(_serve(sys.stdin.buffer, answering))


if __name__ == "__main__":
    main()
