"""Ports of the demo's own servers."""

from dataclasses import astuple
from pathlib import Path

from zhisheng.demo.ports import HIGHEST_PORT, demo_ports


def test_demos_that_start_together_choose_different_ports_and_keep_them(tmp_path: Path) -> None:
    chosen = []
    for console in (8400, 45_000, 45_001, 65_535):
        home = tmp_path / str(console)
        home.mkdir()
        chosen.append(demo_ports(home, console))
        assert demo_ports(home, console + 1) == chosen[-1]
    ports = [port for one in chosen for port in astuple(one)]
    assert len(set(ports)) == len(ports)
    assert max(ports) < HIGHEST_PORT
