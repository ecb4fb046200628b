"""Every page, as somebody who may open it: readable by everybody, on every width, in both themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk, Room
from tests.browser.looking import look_at, report
from tests.browser.serving import Served
from zhisheng.demo.installation import PASSWORD

# Who opens which pages; a name in braces is the first such thing in a list.
PAGES = {
    "": ("/login",),
    "fenxi": (
        "/",
        "/documents",
        "/documents?q=欠薪",
        "/documents?q=(欠薪",
        "/documents/recent",
        "/documents?q=欠薪 宇航员&polarity=positive",
        "{document}",
        "/exports",
        "/exports/new?q=欠薪",
        "/events",
        "/events?topic=wage_arrears&least=1",
        "{event}",
        "{event}?spread=graph",
        "{event}/split",
        "/events/merge?event={event_id}",
        "/events/silence?event={event_id}",
        "/standing-topics",
        "/standing-topics/1",
        "/standing-topics/1/edit",
        "/standing-topics/new?template=heat",
        "/standing-topics?tab=archived",
        "/profile",
    ),
    "zhiban": (
        "/alerts",
        "/alerts?tab=closed",
        "{alert}",
        "{alert}/report",
        "/evidence",
        "{evidence}",
        "/inbox",
        "/roster",
    ),
    "bianji": ("/calendar", "/drafts", "/drafts/new", "/drafts/new?alert={alert_id}"),
    "shenjiao": ("/reviews", "/accounts"),
    "admin": (
        "/sources",
        "/sources/new",
        "/sources/new/list_page",
        "/sources/yaml",
        "/sources/import",
        "{source}",
        "{source}?by=day",
        "/sources/1",
        "/rules",
        "/rules/new/keyword",
        "/rules/new/threshold",
        "/rules/1",
        "/synonym-groups",
        "/synonym-groups/new",
        "/synonym-groups/1",
        "/channels",
        "/channels/new/email",
        "/users",
        "/users/new",
        "/users/organisations",
        "/users/roles",
        "/roster/new",
        "/roster?span=month",
        "/accounts/new",
        "/inbox/mailbox",
        "/system",
        "/profile/password",
        "/profile/second-factor",
    ),
    "shenji": ("/audit",),
}
LISTS = {"document": ("/documents", "ol.hits h3 a"), "alert": ("/alerts?tab=all", "#alert-list td.x a"),
         "event": ("/events", "#results td.x a"), "source": ("/sources", "td.x a"),
         "evidence": ("/evidence", "td.x a[href^='/evidence/']")}  # fmt: skip


def wait_for(desk: Desk, listing: str, content: str) -> None:
    """Open a list again and again until it holds something."""
    found = desk.page.locator(content)
    desk.open_until(listing, found.count, limit_s=90, what=f"{listing} holds {content}")


def first_in(desk: Desk, name: str) -> str:
    """Give the path of the first thing in a list, once there is one."""
    listing, link = LISTS[name]
    wait_for(desk, listing, link)
    path = desk.page.locator(link).first.get_attribute("href")
    assert path is not None
    return path.partition("?")[0]


def addresses(desk: Desk, login: str) -> list[str]:
    paths = []
    for path in PAGES[login]:
        for name in LISTS:
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", first_in(desk, name))  # noqa: PLW2901 (filled in step by step)
            elif f"{{{name}_id}}" in path:
                found = first_in(desk, name).rpartition("/")[2]
                path = path.replace(f"{{{name}_id}}", found)  # noqa: PLW2901 (as above)
        paths.append(path)
    return paths


@pytest.mark.parametrize("login", PAGES)
def test_pages_are_accessible_fit_every_width_and_carry_their_headers(
    demo: Served, room: Room, login: str
) -> None:
    desk = room.desk(demo.base)
    if login:
        desk.sign_in(login, PASSWORD)
    if login == "zhiban":
        wait_for(desk, "/inbox", "td.x summary")
    found = [finding for path in addresses(desk, login) for finding in look_at(desk, path)]
    assert not found, report(found)


def test_a_trend_that_renews_itself_obeys_the_content_policy(demo: Served, room: Room) -> None:
    desk = room.desk(demo.base)
    desk.sign_in("fenxi", PASSWORD)
    desk.open("/")
    drawn = desk.page.locator("#trend canvas")
    expect(drawn).to_be_visible()
    with desk.page.expect_response(lambda response: "part=trend" in response.url):
        desk.page.evaluate(
            "document.body.dispatchEvent(new CustomEvent('visible:again', { bubbles: true }))"
        )
    expect(drawn).to_be_visible()
