"""The history of a standing topic in words: what was, what is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.documents import known_sources
from core.standing_topic_list import TopicChange
from core.standing_topics import ARCHIVED, CREATED, EDITED, RESTORED
from webui import people

ACTIONS: Mapping[str, str] = {
    CREATED: "建立",
    EDITED: "修改",
    ARCHIVED: "归档",
    RESTORED: "恢复",
}
FIELDS: Mapping[str, str] = {
    "name": "名称",
    "expression": "表达式",
    "excludes": "排除",
    "purpose": "用途",
    "sources": "信源",
    "owner_id": "负责人",
}


@dataclass(frozen=True, slots=True)
class ChangedField:
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    at: dt.datetime
    who: str
    action: str
    version: str
    fields: tuple[ChangedField, ...]


def changes(session: Session, history: Sequence[TopicChange]) -> list[ChangeLine]:
    named = {
        "owner_id": {str(id_): name for id_, name in people.names(session).items()},
        "sources": {str(id_): name for id_, name in known_sources(session)},
    }
    return [
        ChangeLine(
            at=change.at,
            who=change.person or "系统",
            action=ACTIONS.get(change.action, change.action),
            version=str(change.after.get("version", "")),
            fields=tuple(
                ChangedField(
                    text,
                    _said(change.before.get(field), named.get(field)),
                    _said(change.after.get(field), named.get(field)),
                )
                for field, text in FIELDS.items()
                if change.before.get(field) != change.after.get(field)
            )
            if change.action == EDITED
            else (),
        )
        for change in history
    ]


def _said(value: object, names: Mapping[str, str] | None) -> str:
    if isinstance(value, list):
        return "、".join(_said(one, names) for one in value) or "全部"
    text = "" if value is None else str(value)
    return (names.get(text, text) if names is not None else text) or "（空）"
