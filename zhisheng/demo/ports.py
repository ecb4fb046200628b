"""Where the demo's own servers listen: chosen once per home and kept in it."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import UnavailableError

# Below the range from which systems hand out ports by themselves, so that they stay free between runs.
LOWEST_PORT, HIGHEST_PORT = 20_000, 32_000
TRIES = 200


@dataclass(frozen=True, slots=True)
class DemoPorts:
    sites: int
    sandbox: int
    mail: int


def demo_ports(home: Path, console_port: int) -> DemoPorts:
    """Read the ports of this home, or choose the first free ones above the console's and keep them."""
    file = home / "demo-ports.json"
    if file.exists():
        return DemoPorts(**json.loads(file.read_text(encoding="utf-8")))
    start = _first_tried(console_port)
    free = [port for port in range(start, start + TRIES) if _is_free(port)][:3]
    if len(free) < 3:  # noqa: PLR2004 (the three servers above)
        raise UnavailableError(
            f"端口 {start} 到 {start + TRIES} 之间没有三个空闲的，演练没有启动。请换一个 ZHISHENG_PORT。"
        )
    ports = DemoPorts(*free)
    file.write_text(json.dumps(asdict(ports)), encoding="utf-8")
    return ports


def _first_tried(console_port: int) -> int:
    """Look elsewhere for each console: two demos that start together must not choose the same free ports."""
    last = HIGHEST_PORT - TRIES
    if console_port < last:
        return console_port + 1
    return LOWEST_PORT + console_port * TRIES % (last - LOWEST_PORT)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
