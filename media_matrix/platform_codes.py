"""What a platform's code means to us, and what to tell people about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import yaml

from core.errors import ConfigurationError

_FILE = Path(__file__).with_name("data") / "platform_codes.yaml"
OWN = "zhisheng"
UNLISTED = "unlisted"


class CodeAction(StrEnum):
    """What the product does on a code."""

    TOKEN = "token"  # noqa: S105 - the name of a class of codes; refresh once, then replay
    EXPIRED = "expired"  # a person must authorise the account again
    CONFIGURATION = "configuration"  # stop the account, tell the administrator
    PERMISSION = "permission"  # the account lacks the right: make it a task for a person
    QUOTA = "quota"  # park until the next window
    CONTENT = "content"  # back to the editor
    MAYBE_SENT = "maybe_sent"  # look at the platform before anything else
    PENDING = "pending"  # it went out and will show later: look, never send again
    SERVER = "server"  # no clear answer: reads may retry, writes are unknown
    HUMAN = "human"  # only a person can go on
    MISSING = "missing"  # the thing asked for is not there
    OWN_STATE = "own_state"  # our own reasons


@dataclass(frozen=True, slots=True)
class Explanation:
    """发生了什么 / 现在什么状态 / 您要做什么."""

    happened: str
    state: str
    todo: str

    def __str__(self) -> str:
        return f"{self.happened}{self.state}{self.todo}"


@dataclass(frozen=True, slots=True)
class CodeEntry:
    platform: str
    code: str
    action: CodeAction
    explanation: Explanation


@cache
def all_codes() -> dict[tuple[str, str], CodeEntry]:
    """Read the shipped table; raises ConfigurationError when an entry lacks a word."""
    raw = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    entries: dict[tuple[str, str], CodeEntry] = {}
    for platform, rows in raw.items():
        for row in rows:
            for code in row["codes"]:
                key = (platform, str(code))
                if key in entries:
                    raise ConfigurationError(f"平台代码表里「{platform} {code}」登记了两次。")
                entries[key] = _entry(platform, str(code), row)
    return entries


def code_entry(platform: str, code: str) -> CodeEntry:
    """Look a code up; a code that is not listed is treated as the platform's own refusal."""
    table = all_codes()
    found = table.get((platform, code))
    if found is not None:
        return found
    fallback = table[OWN, UNLISTED]
    return CodeEntry(
        platform=platform,
        code=code,
        action=CodeAction.HUMAN,
        explanation=Explanation(
            fallback.explanation.happened.replace("{code}", code),
            fallback.explanation.state,
            fallback.explanation.todo,
        ),
    )


def reason(platform: str, code: str) -> str:
    """Write a reason as it is stored in ``Publication.state_reason``."""
    return f"{platform}:{code}"


def own(code: str) -> str:
    return reason(OWN, code)


def explain_reason(stored: str | None) -> Explanation | None:
    """Read a stored reason; a text that is no reason of ours is shown as it is."""
    if not stored:
        return None
    platform, separator, code = stored.partition(":")
    if not separator:
        return Explanation(happened=stored, state="", todo="")
    return code_entry(platform, code).explanation


def _entry(platform: str, code: str, row: dict[str, str]) -> CodeEntry:
    explanation = Explanation(row["happened"], row["state"], row["todo"])
    for sentence in (explanation.happened, explanation.state, explanation.todo):
        if not sentence.endswith("。"):
            raise ConfigurationError(f"平台代码表里「{platform} {code}」缺少完整的一句话。")
    return CodeEntry(platform, code, CodeAction(row["action"]), explanation)
