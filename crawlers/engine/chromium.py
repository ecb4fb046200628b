"""Whether this machine can run pages in Chromium, and the Chromium processes that we have started."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_NAMES = ("chrom", "headless_shell")


def chromium_path() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def browser_fault() -> str | None:
    """Say in Chinese what is missing, and what to do; None when pages can be run."""
    missing = _missing()
    if not missing:
        return None
    return (
        f"这个信源设为“用浏览器打开页面”，但本机缺少{'和'.join(missing)}，没有采集。"
        "请管理员安装后重新启动采集，或在信源设置里取消“用浏览器打开页面”。"
    )


def browser_notes() -> list[str]:
    """Say in Chinese what a check-up of this machine has to say of pages that scripts write."""
    if missing := _missing():
        return [
            f"本机不能采集由脚本生成的网页：缺少{'和'.join(missing)}。没有勾选“用浏览器打开页面”的信源不受影响。"
        ]
    if os.geteuid() == 0:
        return ["采集以 root 运行，浏览器因此没有沙箱；请换一个普通用户运行。"]
    return []


def _missing() -> list[str]:
    missing = []
    if importlib.util.find_spec("scrapy_playwright") is None:
        missing.append("Python 组件 scrapy-playwright（安装 zhisheng[browser]）")
    if chromium_path() is None:
        missing.append("浏览器 Chromium（Debian 软件包 chromium）")
    return missing


def chromium_processes() -> Iterator[int]:
    """Give the Chromium processes below this one."""
    for pid in _descendants(os.getpid()):
        with suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text().startswith(_NAMES):
                yield pid


def _descendants(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from _descendants(int(child))


def chromium_memory_bytes() -> int:
    """Tell how much memory of their own those processes hold."""
    total = 0
    for pid in chromium_processes():
        with suppress(OSError, ValueError):
            resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[1:3]
            total += (int(resident) - int(shared)) * _PAGE_BYTES
    return total


def end_chromium() -> None:
    for pid in list(chromium_processes()):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def end_below(pid: int) -> None:
    """End every process below another one, the lowest first."""
    for below in reversed(list(_descendants(pid))):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(below, signal.SIGKILL)


def launch_settings() -> dict[str, object]:
    """Give what scrapy-playwright reads from Scrapy's settings."""
    return {
        "PLAYWRIGHT_BROWSER_TYPE": "chromium",
        "PLAYWRIGHT_LAUNCH_OPTIONS": {
            "executable_path": chromium_path(),
            "headless": True,
            # Chromium refuses its sandbox to root, who should not run crawlers anyway.
            "chromium_sandbox": os.geteuid() != 0,
            "handle_sigint": False,
            "handle_sigterm": False,
            "handle_sighup": False,
            "args": [
                # Names are resolved by our proxy alone, and nothing goes round it.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "--webrtc-ip-handling-policy=disable_non_proxied_udp",
                "--force-webrtc-ip-handling-policy",
                "--disable-quic",
                "--dns-prefetch-disable",
                "--no-pings",
                "--disable-gpu",
                "--renderer-process-limit=2",
                "--js-flags=--max-old-space-size=256",
            ],
        },
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 1,
        "PLAYWRIGHT_PROCESS_REQUEST_HEADERS": None,
        "PLAYWRIGHT_RESTART_DISCONNECTED_BROWSER": False,
    }
