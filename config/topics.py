"""The topics of labour opinion, in the order in which they are listed everywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

import yaml

from config.settings import SettingsError

FILE = "topics.yaml"


@dataclass(frozen=True, slots=True)
class Topic:
    """``covers`` and ``excludes`` say in Chinese what belongs to it; the code never changes."""

    code: str
    label: str
    covers: str
    excludes: str = ""


def load_topics() -> tuple[Topic, ...]:
    """Read the shipped topics; raises SettingsError naming every fault at once."""
    return parse_topics(
        resources.files("config").joinpath(f"data/{FILE}").read_text(encoding="utf-8")
    )


def parse_topics(text: str) -> tuple[Topic, ...]:
    """Check a topics file; raises SettingsError naming every fault at once."""
    faults: list[str] = []
    topics: list[Topic] = []
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError([f"数据文件 {FILE} 不是正确的 YAML：{error}"]) from error
    rows = data.get("topics") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not rows:
        raise SettingsError([f"数据文件 {FILE} 里没有 topics 列表。"])
    for place, row in enumerate(rows, start=1):
        topic = _topic(row)
        if topic is None:
            faults.append(
                f"数据文件 {FILE} 的第 {place} 个主题要有 code（小写字母与下划线）、label 与 covers。"
            )
        elif topic.code in {known.code for known in topics}:
            faults.append(f"数据文件 {FILE} 的主题「{topic.code}」写了两次。")
        else:
            topics.append(topic)
    if faults:
        raise SettingsError(faults)
    return tuple(topics)


def _topic(row: object) -> Topic | None:
    if not isinstance(row, dict):
        return None
    values = {key: str(row.get(key) or "").strip() for key in ("code", "label", "covers")}
    if not re.fullmatch(r"[a-z][a-z_]*", values["code"]) or not all(values.values()):
        return None
    return Topic(**values, excludes=str(row.get("excludes") or "").strip())
