"""Pages that only a posted form shows: what an address, a list or a file would bring, before it is saved."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.desk import DESKTOP, Desk, Room
from tests.browser.looking import THEMES
from tests.browser.serving import Served
from zhisheng.demo.installation import PASSWORD
from zhisheng.demo.posts import NAMES, Site

FILE = """\
帖子;何时;哪里;说了什么
反映工资拖欠;2026年11月20日 08:00;https://example.invalid/1;工地拖欠三个月工资，请核实情况。
没有时间;改天;https://example.invalid/2;工地又拖欠工资，请再核实情况。
"""
LIST = """\
- {{name: 河湾新清单, kind: list_page, url: '{url}', platform: 网站, level: city}}
- {{name: 坏的, kind: feed, url: 'ftp://x', platform: 网站, level: city}}
"""


def faults(desk: Desk) -> list[str]:
    """Look at what is open, in both themes and on a phone."""
    found = []
    for theme, rules in THEMES:
        desk.page.emulate_media(color_scheme=theme)
        expect(desk.page.locator("html")).to_have_attribute("data-theme", theme)
        found += [f"{theme}: {rule} {nodes}" for rule, nodes in desk.violations(rules)]
    desk.size((390, DESKTOP[1]))
    needed = desk.page.evaluate("document.documentElement.scrollWidth")
    found += [f"needs {needed} px"] if needed > 390 else []
    desk.size(DESKTOP)
    return found


def test_an_address_a_list_and_a_file_are_shown_before_they_are_saved(
    demo: Served, room: Room
) -> None:
    desk = room.desk(demo.base)
    desk.sign_in("admin", PASSWORD)
    desk.open(f"/sources?q={NAMES[Site.NEWS]}")
    ledger = desk.page.locator("td.x a").first.get_attribute("href") or ""
    desk.open(ledger.removesuffix("/coverage"))
    url = desk.page.locator("#f-url").input_value()
    desk.open("/sources/new")
    desk.page.locator("#f-url").fill(url)
    desk.page.get_by_role("button", name="看看能采到什么").click()
    expect(desk.page.locator("#proposal")).to_contain_text("robots.txt")
    assert faults(desk) == []
    desk.open("/sources/yaml")
    desk.page.locator("#f-text").fill(LIST.format(url=url))
    desk.page.get_by_role("button", name="先看会怎样").click()
    expect(desk.page.locator("#plan")).to_contain_text("第 2 行：网址「ftp://x」")
    assert faults(desk) == []
    desk.open("/sources/import")
    desk.page.locator("#f-file").set_input_files(
        {"name": "网民反映.csv", "mimeType": "text/csv", "buffer": FILE.encode("gb18030")}
    )
    desk.page.get_by_role("button", name="下一步").click()
    expect(desk.page.locator("#reading")).to_contain_text("能导入 1 行，拒绝 1 行。")
    assert faults(desk) == []
    desk.page.get_by_role("button", name="不导入，删掉文件").click()
    expect(desk.page.locator("#flashes")).to_contain_text("已经删掉")
