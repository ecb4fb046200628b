"""Administrative divisions of China: provinces, cities and counties by their six-digit code."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

from config.settings import SettingsError

FILE = "regions.csv"
CODE_DIGITS = 6


class RegionLevel(StrEnum):
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"


@dataclass(frozen=True, slots=True)
class Region:
    """``parent`` is the adcode one level up; a county may lie directly under a province."""

    adcode: str
    name: str
    level: RegionLevel
    parent: str | None


def load_regions() -> tuple[Region, ...]:
    """Read the shipped divisions in the order of their codes; raises SettingsError."""
    return parse_regions(
        resources.files("config").joinpath(f"data/{FILE}").read_text(encoding="utf-8")
    )


def parse_regions(text: str) -> tuple[Region, ...]:
    """Check a table ``adcode,name,level,parent``; raises SettingsError naming every fault at once."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    faults: list[str] = []
    regions: dict[str, Region] = {}
    for row in csv.DictReader(lines):
        region = _region(row)
        if region is None:
            faults.append(f"数据文件 {FILE} 有一行不对：{','.join(str(v) for v in row.values())}。")
        elif region.adcode in regions:
            faults.append(f"数据文件 {FILE} 的代码「{region.adcode}」写了两次。")
        else:
            regions[region.adcode] = region
    faults += [
        f"数据文件 {FILE} 的「{region.name}」的上级「{region.parent}」不存在。"
        for region in regions.values()
        if region.parent is not None and region.parent not in regions
    ]
    if faults or not regions:
        raise SettingsError(faults or [f"数据文件 {FILE} 是空的。"])
    return tuple(regions.values())


def ancestors(adcode: str, regions: Mapping[str, Region]) -> tuple[str, ...]:
    """List the codes above ``adcode``, nearest first; empty for a province or an unknown code."""
    above: list[str] = []
    region = regions.get(adcode)
    while region is not None and region.parent is not None and region.parent not in above:
        above.append(region.parent)
        region = regions.get(region.parent)
    return tuple(above)


def by_adcode(regions: Iterable[Region]) -> dict[str, Region]:
    return {region.adcode: region for region in regions}


def _region(row: Mapping[str, str | None]) -> Region | None:
    adcode, name = row.get("adcode") or "", (row.get("name") or "").strip()
    level, parent = row.get("level") or "", row.get("parent") or None
    if len(adcode) != CODE_DIGITS or not adcode.isdecimal() or not name:
        return None
    if level not in set(RegionLevel) or (parent is None) != (level == RegionLevel.PROVINCE):
        return None
    return Region(adcode, name, RegionLevel(level), parent)
