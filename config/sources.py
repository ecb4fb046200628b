"""The starter list of sources, checked when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from urllib.parse import urlsplit

import yaml

from config.settings import SettingsError

LEVELS = ("national", "provincial", "city", "commercial", "public")
KINDS = ("feed", "list_page", "forum", "trending_list")
_ALLOWED = frozenset(
    {"name", "kind", "url", "platform", "level", "interval_s", "legal_basis", "options"}
)
_REQUIRED = ("name", "kind", "url", "platform", "level", "legal_basis")


@dataclass(frozen=True, slots=True)
class StarterSource:
    """A source that is installed paused: nobody has tried it from this installation."""

    name: str
    kind: str
    url: str
    platform: str
    level: str
    legal_basis: str
    interval_s: int = 1800
    options: Mapping[str, object] = field(default_factory=dict)


def load_sources() -> tuple[StarterSource, ...]:
    """Read the shipped list; raises SettingsError that names every fault at once."""
    text = resources.files("config").joinpath("data/sources.yaml").read_text(encoding="utf-8")
    return read_sources(text)


def read_sources(text: str) -> tuple[StarterSource, ...]:
    """Check a list in YAML; raises SettingsError that names every fault at once."""
    try:
        rows: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError([f"信源清单不是正确的 YAML：{error}"]) from error
    if not isinstance(rows, list):
        raise SettingsError(["信源清单应是一个列表。"])
    faults: list[str] = []
    sources: list[StarterSource] = []
    names: set[str] = set()
    for number, row in enumerate(rows, start=1):
        found = _faults(row, names)
        if found or not isinstance(row, dict):
            faults.extend(f"信源清单第 {number} 条：{fault}" for fault in found)
            continue
        names.add(row["name"])
        sources.append(StarterSource(**row))
    if faults:
        raise SettingsError(faults)
    return tuple(sources)


def _faults(row: object, names: set[str]) -> list[str]:
    if not isinstance(row, dict):
        return ["应有名称、类型、网址等项。"]
    faults = [f"没有填「{name}」。" for name in _REQUIRED if not row.get(name)]
    faults += [f"有不认识的项「{name}」。" for name in sorted(set(row) - _ALLOWED)]
    if faults:
        return faults
    if row["name"] in names:
        faults.append(f"名称「{row['name']}」重复。")
    if row["kind"] not in KINDS:
        faults.append(f"类型「{row['kind']}」不对，只能是：{'、'.join(KINDS)}。")
    if row["level"] not in LEVELS:
        faults.append(f"层级「{row['level']}」不对，只能是：{'、'.join(LEVELS)}。")
    parts = urlsplit(str(row["url"]))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        faults.append(f"网址「{row['url']}」应以 http:// 或 https:// 开头。")
    interval = row.get("interval_s", 1800)
    if not isinstance(interval, int) or interval < 60:  # noqa: PLR2004 (a minute)
        faults.append(f"间隔「{interval}」应是不小于 60 的整数（秒）。")
    if not isinstance(row.get("options", {}), dict):
        faults.append("「options」应是名称与值。")
    return faults
