"""The data folder: where everything of one installation lives, marked demo or production."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.errors import ConfigurationError

FOLDER_MODE = 0o700


class HomeKind(StrEnum):
    DEMO = "demo"
    PRODUCTION = "production"


LABELS = {HomeKind.DEMO: "演练", HomeKind.PRODUCTION: "正式"}


@dataclass(frozen=True, slots=True)
class Home:
    """Paths inside the data folder."""

    path: Path
    kind: HomeKind

    @property
    def index_folder(self) -> Path:
        return self.path / "index"

    @property
    def replay_folder(self) -> Path:
        return self.path / "replay"

    @property
    def sandbox_file(self) -> Path:
        return self.path / "sandbox.json"

    @property
    def mailbox_folder(self) -> Path:
        return self.path / "mailbox"


def read_kind(path: Path) -> HomeKind | None:
    """Tell what a folder is marked as; None when it is no home yet."""
    marker = path / "kind"
    try:
        return HomeKind(marker.read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ConfigurationError(
            f"数据文件夹「{path}」的标记文件 kind 坏了：{error}。没有改动任何数据。"
        ) from error


def open_home(path: Path, *, demo: bool) -> Home:
    """Create or open the data folder; raises ConfigurationError when it is of the other kind."""
    wanted = HomeKind.DEMO if demo else HomeKind.PRODUCTION
    found = read_kind(path)
    if found is None:
        path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        (path / "kind").write_text(wanted.value + "\n", encoding="utf-8")
        return Home(path, wanted)
    if found is not wanted:
        raise ConfigurationError(
            f"数据文件夹「{path}」是{LABELS[found]}用的，这次要以{LABELS[wanted]}方式启动。没有改动任何数据。"
            f"请换一个 ZHISHENG_HOME，或把 DEMO 设为 {int(found is HomeKind.DEMO)}。"
        )
    return Home(path, found)
