"""The panel under a rule's form, pressed as a person does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.webui.browsing import analysts_page
from tests.webui.conftest import Member
from tests.webui.content import Content, Post
from webui.application import STATIC_FOLDER
from webui.console import Console

AXE = Path(STATIC_FOLDER).parent / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def page(
    console_app: Flask, console_for_tests: Console, people: dict[str, Member]
) -> Iterator[Page]:
    """The form of a new keyword rule as the analyst sees it, over two posts."""
    assert people
    Content(console_for_tests).posts(
        [Post(title="工地欠薪"), Post(title="高薪招聘", relevant=False, hours_ago=30)]
    )
    with analysts_page(console_app, "/rules/new/keyword") as page:
        yield page


def test_draft_is_tried_without_a_name_and_a_word_dropped_by_one_press(page: Page) -> None:
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    expression = page.get_by_label("表达式", exact=True)
    expression.fill("欠薪 OR 招聘")
    page.get_by_role("button", name="上试跑").click()
    panel = page.locator("#trial")
    expect(panel).to_contain_text("过去 7 天命中 2 条")
    expect(panel.locator("mark")).to_have_count(2)
    if AXE.exists():
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert page.evaluate("axe.run('#trial').then(found => found.violations)") == []
    page.get_by_role("button", name="去掉这个词：招聘").click()
    expect(panel).to_contain_text("过去 7 天命中 1 条")
    expect(expression).to_have_value("欠薪")
    assert page.url.endswith("/rules/new/keyword")
    assert wrong == []
