"""A person at the console: their browser page, and the ear that hears what must not happen in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
)

from tests.installation import wait_until

AXE = Path(__file__).parents[2] / "webui" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# Of what is in order, axe would otherwise describe every element, and the browser hand all of it over.
RUN_AXE = """async rules => {
    const options = { runOnly: rules, resultTypes: ["violations"] };
    return (await axe.run(document, options)).violations;
}"""
DESKTOP = (1280, 900)
PHONE = (390, 844)
# Drawing a page takes more of the machine than what it waits for.
LOOK_EVERY_S = 0.75
INSIDE = ("http://127.0.0.1:", "data:", "blob:", "about:")


@dataclass
class Guard:
    """Collects errors on the console, errors of scripts, and requests that would leave this machine."""

    complaints: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.location.get('url')}: {message.text}")

    def _see(self, request: Request) -> None:
        if not request.url.startswith(INSIDE):
            self.complaints.append(f"a request left the machine: {request.url}")


@dataclass
class Desk:
    """One signed-in browser; paths are those of the console."""

    page: Page
    base: str

    def open(self, path: str) -> Response:
        response = self.page.goto(self.base + path)
        assert response is not None
        return response

    def open_until(
        self, path: str, holds: Callable[[], object], *, limit_s: float, what: str
    ) -> None:
        """Open a page again and again until ``holds`` is true of it."""

        def is_there() -> object:
            self.open(path)
            return holds()

        wait_until(is_there, limit_s=limit_s, pause_s=LOOK_EVERY_S, what=what)

    def sign_in(self, login: str, password: str) -> None:
        self.open("/login")
        self.fill({"登录名": login, "密码": password})
        self.press("登录")

    def field(self, label: str) -> Locator:
        """Find a field by its label, with or without the mark of being optional."""
        return self.page.get_by_label(re.compile(rf"^\s*{re.escape(label)}\s*(选填)?\s*$"))

    def fill(self, values: Mapping[str, str]) -> None:
        for label, value in values.items():
            self.field(label).fill(value)

    def press(self, text: str) -> None:
        """Press the button or link with this text, whatever shortcut it shows, and wait for the answer."""
        name = re.compile(rf"^\s*{re.escape(text)}(\s|$)")
        button = self.page.get_by_role("button", name=name)
        link = self.page.get_by_role("link", name=name)
        button.or_(link).first.click()
        self.page.wait_for_load_state()

    def size(self, size: tuple[int, int]) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def violations(self, rules: Sequence[str] = RULES) -> list[tuple[str, list[str]]]:
        """Run axe-core on the page as it is; give each broken rule with the elements that break it.

        ``rules`` are names of rules or of sets of them.
        """
        if not self.page.evaluate("typeof window.axe === 'object'"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate(RUN_AXE, list(rules))
        return [
            (rule["id"], [f"{node['target']} {node['html'][:200]}" for node in rule["nodes"]])
            for rule in found
        ]


@dataclass
class Room:
    """Opens desks, one browser profile each, under one guard."""

    browser: Browser
    guard: Guard
    contexts: list[BrowserContext] = field(default_factory=list)

    def desk(self, base: str, *, size: tuple[int, int] = DESKTOP, theme: str = "light") -> Desk:
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if theme == "dark" else "light",
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        context.set_default_timeout(20_000)
        self.guard.watch(context)
        self.contexts.append(context)
        return Desk(context.new_page(), base)

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        self.contexts.clear()
