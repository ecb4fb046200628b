"""The histogram of the search page under mouse, keyboard and finger, and the keys of its list."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.desk import Desk, Room
from tests.browser.serving import Served
from tests.browser.test_every_page import wait_for
from zhisheng.demo.installation import PASSWORD

PERIOD = re.compile(r"since=2\d{3}-\d\d-\d\d.*&until=2\d{3}-\d\d-\d\d")


def opened(room: Room, demo: Served) -> Desk:
    desk = room.desk(demo.base)
    desk.sign_in("fenxi", PASSWORD)
    wait_for(desk, "/documents?range=7d", "figure.histogram.ready input")
    return desk


def test_period_is_brushed_by_mouse_and_left_by_going_back(room: Room, demo: Served) -> None:
    desk = opened(room, demo)
    box = desk.page.locator(".brush-area").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    desk.page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    desk.page.mouse.down()
    desk.page.mouse.move(box["x"] + box["width"] - 2, middle, steps=6)
    expect(desk.page.locator(".brush-tools [role=status]")).to_contain_text("条")
    desk.page.mouse.up()
    desk.page.wait_for_url(PERIOD)
    expect(desk.page.locator(".histogram-chosen")).to_contain_text("已选")
    assert desk.violations() == []
    desk.page.go_back()
    expect(desk.page.locator(".histogram-chosen")).to_have_count(0)
    assert "range=7d" in desk.page.url


def test_period_is_chosen_by_keyboard(room: Room, demo: Served) -> None:
    desk = opened(room, demo)
    start = desk.page.get_by_role("slider", name="所选时段的起点")
    start.focus()
    for _ in range(3):
        desk.page.keyboard.press("ArrowRight")
    expect(start).to_have_attribute("aria-valuetext", re.compile("^从 .* 至 .*条$"))
    end = desk.page.get_by_role("slider", name="所选时段的终点")
    end.focus()
    desk.page.keyboard.press("ArrowLeft")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url(PERIOD)
    desk.page.get_by_role("link", name="回到全部时间").click()
    desk.page.wait_for_url(re.compile(r"/documents$"))


def test_rows_are_walked_and_selected_by_keys(room: Room, demo: Served) -> None:
    desk = opened(room, demo)
    for key in "jxjx":
        desk.page.keyboard.press(key)
    bar = desk.page.locator("[data-selection]")
    expect(bar).to_contain_text("2 条已选中")
    desk.page.keyboard.press("x")
    expect(bar).to_contain_text("1 条已选中")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url(re.compile(r"/documents/\d+"))
