"""Ready-made standing topics to begin with; each was read against thousands of real posts."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import yaml

from config.purposes import PURPOSES
from config.settings import SettingsError

FILE = "standing_topics.yaml"


@dataclass(frozen=True, slots=True)
class TopicTemplate:
    """``covers`` says in Chinese what the topic finds and what it leaves out on purpose."""

    key: str
    name: str
    purpose: str
    covers: str
    expression: str
    excludes: str


def load_topic_templates() -> tuple[TopicTemplate, ...]:
    """Read the shipped templates; raises SettingsError naming every fault at once."""
    text = resources.files("config").joinpath(f"data/{FILE}").read_text(encoding="utf-8")
    return parse_topic_templates(text)


def parse_topic_templates(text: str) -> tuple[TopicTemplate, ...]:
    """Check a templates file; raises SettingsError naming every fault at once."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError([f"数据文件 {FILE} 不是正确的 YAML：{error}"]) from error
    rows = data.get("topics") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not rows:
        raise SettingsError([f"数据文件 {FILE} 里没有 topics 列表。"])
    faults: list[str] = []
    templates: dict[str, TopicTemplate] = {}
    for place, row in enumerate(rows, start=1):
        template = _template(row)
        if template is None:
            faults.append(
                f"数据文件 {FILE} 的第 {place} 个专题要有 key、name、covers、expression，"
                "以及列表中的 purpose。"
            )
        elif template.key in templates:
            faults.append(f"数据文件 {FILE} 的专题“{template.key}”写了两次。")
        else:
            templates[template.key] = template
    if faults:
        raise SettingsError(faults)
    return tuple(templates.values())


def _template(row: object) -> TopicTemplate | None:
    if not isinstance(row, dict):
        return None
    # A long expression is folded over several lines in the file.
    values = {
        name: " ".join(str(row.get(name) or "").split())
        for name in ("key", "name", "purpose", "covers", "expression")
    }
    if not all(values.values()) or values["purpose"] not in PURPOSES:
        return None
    return TopicTemplate(**values, excludes=" ".join(str(row.get("excludes") or "").split()))
