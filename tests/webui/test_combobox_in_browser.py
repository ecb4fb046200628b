"""Suggestions in a real browser: keys, mouse, pinyin, and the field they leave behind."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from core.clock import FakeClock
from core.database.sessions import Sessions
from core.synonym_groups import GroupDraft, create_group
from tests.webui.browsing import analysts_page
from tests.webui.conftest import Member

PAUSE_MS = 300  # longer than the pause after which suggestions are asked for


@pytest.fixture
def page(
    console_app: Flask,
    people: dict[str, Member],
    sessions: Sessions,
    clock: FakeClock,
) -> Iterator[Page]:
    """The search page as the analyst sees it."""
    assert people
    with sessions.begin() as session:
        create_group(session, GroupDraft("讨薪", "讨薪"), person_id=None, now=clock.now())
    with analysts_page(console_app, "/documents") as page:
        yield page


def test_suggestions_are_taken_by_key_and_by_mouse_and_never_asked_for_while_composing(
    page: Page,
) -> None:
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if "/suggest?" in sent.url else None)
    box = page.get_by_role("combobox", name="检索表达式")
    options = page.get_by_role("listbox", name="输入建议").get_by_role("option")

    box.click()
    expect(options.first).to_contain_text("标题:")
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("Escape")
    expect(options).to_have_count(0)
    expect(box).to_have_attribute("aria-expanded", "false")

    box.press_sequentially("情")
    expect(options).to_have_count(1)
    box.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    box.press("Tab")
    expect(box).to_have_value("情感:")
    expect(options).to_have_count(3)
    box.press("ArrowUp")
    box.press("Enter")
    expect(box).to_have_value("情感:负面 ")
    expect(box).to_be_focused()

    box.press_sequentially("讨")
    page.get_by_role("option", name="{讨薪}").click()
    expect(options.first).to_contain_text("OR")
    box.press("Escape")
    expect(options).to_have_count(0)
    expect(box).to_have_value("情感:负面 {讨薪} ")

    asked.clear()
    typing = page.context.new_cdp_session(page)
    for text in ("b", "bi", "biao"):
        typing.send(
            "Input.imeSetComposition",
            {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
        )
        page.wait_for_timeout(PAUSE_MS)
    assert asked == []
    typing.send("Input.insertText", {"text": "标"})
    expect(options).to_have_count(1)
    assert len(asked) == 1


def test_a_wrong_expression_of_a_form_is_marked_while_typing_and_mended_by_a_click(
    page: Page,
) -> None:
    page.goto("/rules/new/keyword")
    field = page.get_by_role("textbox", name="表达式")
    field.fill("欠薪 NEAR/99 工地")
    expect(page.locator("#f-expression-problem mark")).to_have_text("NEAR/99")
    assert "f-expression-problem" in (field.get_attribute("aria-describedby") or "")
    page.get_by_role("button", name="改成").click()
    expect(field).to_have_value("欠薪 NEAR/30 工地")
    expect(page.locator("#f-expression-problem")).to_contain_text("读作")
