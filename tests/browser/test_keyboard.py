"""The console without a mouse."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk, Room
from tests.browser.serving import Served
from zhisheng.demo.installation import PASSWORD

ROWS = "[data-rows] [tabindex='-1']"


@pytest.fixture
def analyst(demo: Served, room: Room) -> Desk:
    desk = room.desk(demo.base)
    desk.sign_in("fenxi", PASSWORD)
    return desk


def wait_for_rows(desk: Desk, path: str, number: int) -> None:
    rows = desk.page.locator(ROWS)
    desk.open_until(
        path, lambda: rows.count() >= number, limit_s=90, what=f"{path} lists {number} things"
    )


def test_a_slash_leads_to_the_search_box(analyst: Desk) -> None:
    analyst.open("/documents")
    analyst.page.keyboard.press("/")
    box = analyst.page.get_by_role("combobox", name="检索表达式")
    expect(box).to_be_focused()
    analyst.page.keyboard.type("欠薪")
    expect(box).to_have_value("欠薪")


def test_j_and_k_walk_a_list_and_enter_opens(analyst: Desk) -> None:
    wait_for_rows(analyst, "/documents", 3)
    rows = analyst.page.locator(ROWS)
    for key, number in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        analyst.page.keyboard.press(key)
        expect(rows.nth(number)).to_be_focused()
    title = rows.nth(1).get_by_role("link").first.inner_text()
    analyst.page.keyboard.press("Enter")
    expect(analyst.page).to_have_url(re.compile(r"/documents/\d+"))
    expect(analyst.page.locator("main")).to_contain_text(title)


def test_letters_typed_into_a_field_are_no_shortcuts(analyst: Desk) -> None:
    wait_for_rows(analyst, "/documents", 1)
    analyst.page.keyboard.press("/")
    analyst.page.keyboard.type("jk")
    expect(analyst.page.get_by_role("combobox", name="检索表达式")).to_be_focused()


def test_a_takes_an_alert(demo: Served, room: Room) -> None:
    desk = room.desk(demo.base)
    desk.sign_in("fuban", PASSWORD)
    open_alerts = desk.page.locator("tr.lv.blue").filter(has_text="待签收").locator("td.x a")
    desk.open_until(
        "/alerts?tab=all", open_alerts.count, limit_s=120, what="an alert waits to be taken"
    )
    path = open_alerts.first.get_attribute("href")
    assert path is not None
    desk.open(path)
    desk.page.keyboard.press("a")
    expect(desk.page.get_by_role("button", name=re.compile("^签收"))).to_have_count(0)
    expect(desk.page.get_by_role("region", name="处置记录")).to_contain_text("刘洋")
