"""The shipped lists, one file for each field; their addresses are unverified until somebody tries them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import resources

from config.settings import SettingsError
from config.sources.entries import SourceEntry, read_entries

FILES = ("union", "labour", "news", "boards", "hot_lists")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where this installation reaches services that turn other sites into feeds; no slash at the end."""

    rsshub: str = "https://rsshub.app"
    newsnow: str = "https://newsnow.busiyi.world"

    def filled(self, url: str) -> str:
        return url.replace("https://rsshub.invalid", self.rsshub).replace(
            "https://newsnow.invalid", self.newsnow
        )


def load_sources(endpoints: Endpoints | None = None) -> tuple[SourceEntry, ...]:
    """Read all shipped lists; raises SettingsError that names every fault with its file and line."""
    filled = (endpoints or Endpoints()).filled
    faults: list[str] = []
    entries: dict[str, SourceEntry] = {}
    folder = resources.files("config.sources")
    for name in FILES:
        found = read_entries(folder.joinpath(f"{name}.yaml").read_text(encoding="utf-8"))
        faults += [f"信源清单 {name}.yaml {fault}" for fault in found.faults]
        for entry in found.entries:
            if entry.name in entries:
                faults.append(
                    f"信源清单 {name}.yaml 第 {entry.line} 行：「{entry.name}」别处已有。"
                )
            entries[entry.name] = replace(entry, url=filled(entry.url or "") or None)
    if faults:
        raise SettingsError(faults)
    return tuple(entries.values())
