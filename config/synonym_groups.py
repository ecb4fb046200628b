"""The synonym groups a union can add to its own: words of the field, with the spellings that evade them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import yaml

from config.settings import SettingsError

FILE = "synonym_groups.yaml"


@dataclass(frozen=True, slots=True)
class StarterGroup:
    """``about`` says in Chinese what the words have in common."""

    name: str
    about: str
    words: tuple[str, ...]


def load_starter_groups() -> tuple[StarterGroup, ...]:
    """Read the shipped groups; raises SettingsError naming every fault at once."""
    return parse_starter_groups(
        resources.files("config").joinpath(f"data/{FILE}").read_text(encoding="utf-8")
    )


def parse_starter_groups(text: str) -> tuple[StarterGroup, ...]:
    """Check a groups file; raises SettingsError naming every fault at once."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError([f"数据文件 {FILE} 不是正确的 YAML：{error}"]) from error
    rows = data.get("groups") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not rows:
        raise SettingsError([f"数据文件 {FILE} 里没有 groups 列表。"])
    groups: list[StarterGroup] = []
    faults: list[str] = []
    for place, row in enumerate(rows, start=1):
        group = _group(row)
        if group is None:
            faults.append(f"数据文件 {FILE} 的第 {place} 个词组要有 name、about 与 words。")
        elif group.name in {known.name for known in groups}:
            faults.append(f"数据文件 {FILE} 的词组「{group.name}」写了两次。")
        else:
            groups.append(group)
    if faults:
        raise SettingsError(faults)
    return tuple(groups)


def _group(row: object) -> StarterGroup | None:
    if not isinstance(row, dict):
        return None
    name, about = (str(row.get(key) or "").strip() for key in ("name", "about"))
    words = row.get("words")
    if not name or not about or not isinstance(words, list) or not words:
        return None
    return StarterGroup(name, about, tuple(str(word) for word in words))
