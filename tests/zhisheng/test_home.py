from pathlib import Path

import pytest

from core.errors import ConfigurationError
from zhisheng.home import HomeKind, open_home, read_kind


def test_a_new_home_is_marked_and_private(tmp_path: Path) -> None:
    home = open_home(tmp_path / "zhisheng", demo=True)
    assert home.kind is HomeKind.DEMO
    assert read_kind(home.path) is HomeKind.DEMO
    assert home.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("demo", [True, False])
def test_a_home_of_the_other_kind_is_refused_and_left_alone(tmp_path: Path, *, demo: bool) -> None:
    open_home(tmp_path / "zhisheng", demo=demo)
    before = sorted(path.name for path in (tmp_path / "zhisheng").iterdir())
    with pytest.raises(ConfigurationError, match="没有改动任何数据"):
        open_home(tmp_path / "zhisheng", demo=not demo)
    assert sorted(path.name for path in (tmp_path / "zhisheng").iterdir()) == before


def test_a_broken_marker_is_named(tmp_path: Path) -> None:
    (tmp_path / "kind").write_text("test", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="标记文件 kind 坏了"):
        read_kind(tmp_path)
