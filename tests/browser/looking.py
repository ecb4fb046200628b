"""What every page has to be: readable by everybody, in both themes, on all widths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import expect

from tests.browser.desk import DESKTOP, RULES, Desk

Theme = Literal["light", "dark"]
# A theme changes colours and nothing else.
THEMES: tuple[tuple[Theme, Sequence[str]], ...] = (
    ("light", RULES),
    ("dark", ("color-contrast", "link-in-text-block")),
)
WIDTHS = (360, 390, 768, 1280)
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one page."""

    page: str
    what: str


def look_at(desk: Desk, path: str) -> list[Finding]:
    """Open a page and look at it in both themes and on all widths."""
    answer = desk.open(path)
    if answer.status != 200:
        return [Finding(path, f"status {answer.status}")]
    headers = answer.headers
    found = [
        Finding(path, f"header {name}: {headers.get(name)}")
        for name, value in HEADERS.items()
        if headers.get(name) != value
    ]
    policy = headers.get("content-security-policy", "")
    if "default-src 'none'" not in policy or "unsafe" in policy:
        found.append(Finding(path, f"policy {policy}"))
    desk.page.wait_for_load_state("networkidle")
    for theme, rules in THEMES:
        desk.page.emulate_media(color_scheme=theme)
        expect(desk.page.locator("html")).to_have_attribute("data-theme", theme)
        violations = desk.violations(rules)
        found += [Finding(path, f"{theme}: {rule} {nodes}") for rule, nodes in violations]
    for width in WIDTHS:
        desk.size((width, DESKTOP[1]))
        needed = desk.page.evaluate("document.documentElement.scrollWidth")
        if needed > width:
            found.append(Finding(path, f"needs {needed} px of {width} px"))
    desk.size(DESKTOP)
    return found


def report(findings: list[Finding]) -> str:
    return "\n".join(f"{finding.page}: {finding.what}" for finding in findings)
