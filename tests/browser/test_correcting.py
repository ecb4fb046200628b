"""Reading why a document has its labels, and correcting one, in a real browser."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.desk import Desk, Room
from tests.browser.serving import Served
from zhisheng.demo.installation import PASSWORD

UNFOLD = "for (const each of document.querySelectorAll('main details')) each.open = true"


def first_document(desk: Desk) -> None:
    links = desk.page.locator("ol.hits h3 a")
    desk.open_until("/documents?relevant=yes", links.count, limit_s=90, what="a document is listed")
    links.first.click()
    expect(desk.page).to_have_url(re.compile(r"/documents/\d+"))


def test_label_is_explained_corrected_and_given_back(demo: Served, room: Room) -> None:
    desk = room.desk(demo.base)
    desk.sign_in("fenxi", PASSWORD)
    first_document(desk)
    label = desk.page.get_by_role("region", name="涉及工会", exact=True)
    label.locator("summary", has_text="为什么这样判断").click()
    expect(label.locator("mark").first).to_be_visible()
    label.get_by_role("button", name=re.compile("改为")).click()
    expect(desk.page.locator("#flashes")).to_contain_text("涉及工会已更正为")
    expect(label).to_contain_text("人工")
    desk.page.evaluate(UNFOLD)
    for theme in ("light", "dark"):
        desk.page.emulate_media(color_scheme=theme)
        expect(desk.page.locator("html")).to_have_attribute("data-theme", theme)
        assert desk.violations() == []
    desk.press("撤销")
    expect(desk.page.locator("#flashes")).to_contain_text("已撤销这条更正")
    expect(label).not_to_contain_text("人工")
