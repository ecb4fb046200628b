"""What the documentation names exists, and what exists is documented."""

import dataclasses
import re
from pathlib import Path

import pytest

from config.settings import Settings
from zhisheng.cli import COMMANDS

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)")
PATH = re.compile(r"`([a-z_]+(?:/[A-Za-z_]+)+\.(?:py|yaml|md))`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_inside_the_repository_resolve(document: Path) -> None:
    links = LINK.findall(document.read_text(encoding="utf-8"))
    missing = [
        link
        for link in links
        if not link.startswith(("http://", "https://", "mailto:"))
        and not (document.parent / link).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_modules_that_are_named_exist(document: Path) -> None:
    named = PATH.findall(document.read_text(encoding="utf-8"))
    missing = [path for path in named if "NAME" not in path and not (ROOT / path).exists()]
    assert missing == []


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    missing = [
        field.name
        for field in dataclasses.fields(Settings)
        if f"`ZHISHENG_{field.name.upper()}`" not in text
    ]
    assert missing == []


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    missing = [name for name in COMMANDS if f"zhisheng {name}" not in text]
    assert missing == []


def test_the_two_readmes_show_the_same_commands() -> None:
    blocks = [
        re.findall(
            r"^(make \S+(?: \S+=\S+)?)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE
        )
        for name in ("README.md", "README.zh-CN.md")
    ]
    assert blocks[0] == blocks[1]
    assert "make run" in blocks[0]
