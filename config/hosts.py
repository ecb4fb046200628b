"""Well-known hosts: what kind of site they are, so that a new source starts with sensible values."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

from config.settings import SettingsError

FILE = "hosts.csv"
LEVELS = ("national", "provincial", "city", "commercial", "public")


class HostKind(StrEnum):
    GOVERNMENT = "government"
    UNION = "union"
    NEWS = "news"
    FORUM = "forum"
    PLATFORM = "platform"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class HostStanding:
    """``name`` and ``adcode`` are empty where only the kind is known."""

    kind: HostKind
    level: str
    adcode: str = ""
    name: str = ""


UNKNOWN = HostStanding(HostKind.OTHER, "public")


@cache
def load_hosts() -> dict[str, HostStanding]:
    """Read the shipped table once per process; raises SettingsError naming every fault at once."""
    text = resources.files("config").joinpath(f"data/{FILE}").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    faults: list[str] = []
    hosts: dict[str, HostStanding] = {}
    for row in csv.DictReader(lines):
        if row["kind"] not in set(HostKind) or row["level"] not in LEVELS or row["host"] in hosts:
            faults.append(f"数据文件 {FILE} 的「{row['host']}」不对，或写了两次。")
            continue
        hosts[row["host"]] = HostStanding(
            HostKind(row["kind"]), row["level"], row["adcode"] or "", row["name"] or ""
        )
    if faults:
        raise SettingsError(faults)
    return hosts


def standing_of(host: str) -> HostStanding:
    """Judge a host by the longest end of its name that is listed."""
    hosts = load_hosts()
    labels = host.lower().rstrip(".").split(".")
    for start in range(len(labels)):
        found = hosts.get(".".join(labels[start:]))
        if found is not None:
            return found
    return UNKNOWN
