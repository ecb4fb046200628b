"""``zhisheng serve``: everything on one machine."""

from __future__ import annotations

import os
import threading

import click
import httpx

from config.settings import Settings
from core.clock import monotonic
from webui.first_run import read_code
from webui.people import is_set_up
from zhisheng.cli import pass_settings
from zhisheng.home import HomeKind
from zhisheng.roles import DEMO_ROLES, ROLES
from zhisheng.seeding import Login, seed
from zhisheng.services import Services, open_services
from zhisheng.supervisor import Supervisor, stop_on_signals

# The console comes first, so that the operator sees it even while the rest starts.
START_ORDER = ("world", "web", "index", "engine", "send", "publish", "understand", "crawl")
CONSOLE_TIMEOUT_S = 120.0


@click.command(help="在一台机器上运行全部进程，直到按 Ctrl-C。")
@pass_settings
def serve(settings: Settings) -> None:
    run_serve(settings)


def run_serve(settings: Settings) -> None:
    """Run all roles until told to stop."""
    stop = threading.Event()
    stop_on_signals(stop)
    with open_services(settings) as services:
        logins = seed(services)
        roles = [role for role in START_ORDER if settings.demo or role not in DEMO_ROLES]
        supervisor = Supervisor(
            roles=[(role, 1) for role in roles if role in ROLES],
            environment={
                **os.environ,
                "ZHISHENG_HOME": str(settings.home),
                "ZHISHENG_DEMO": str(int(settings.demo)),
            },
            stop=stop,
        )
        threading.Thread(target=_announce, args=(services, logins, stop), daemon=True).start()
        supervisor.run()


def _announce(services: Services, logins: list[Login], stop: threading.Event) -> None:
    settings = services.settings
    if not _wait_for_console(settings, stop):
        return
    lines = ["", f"  职声已启动：{settings.public_url}", f"  数据文件夹：{settings.home}"]
    if services.home.kind is HomeKind.DEMO:
        lines += ["  演练模式：数据均为虚构，只发布到本机沙箱。演练账号（密码相同）："]
        lines += [f"    {login.login:<10}{login.role}" for login in logins]
        lines += [f"    密码：{logins[0].password}"] if logins else []
    else:
        lines += _first_steps(services)
    lines += ["  按 Ctrl-C 停止。", ""]
    click.echo("\n".join(lines), err=True)


def _first_steps(services: Services) -> list[str]:
    with services.sessions() as session:
        if is_set_up(session):
            return []
    code = read_code(services.settings)
    asked = [f"  网页会问开通码：{code}"] if code else []
    return ["  首次使用请在网页上创建管理员。", *asked]


def _wait_for_console(settings: Settings, stop: threading.Event) -> bool:
    host = "127.0.0.1" if settings.bind in {"0.0.0.0", "127.0.0.1"} else settings.bind  # noqa: S104 (compared, not bound)
    address = f"http://[{host}]" if ":" in host else f"http://{host}"
    deadline = monotonic() + CONSOLE_TIMEOUT_S
    # Asking our own console is no outgoing traffic: the address is what we bind to.
    with httpx.Client(trust_env=False, timeout=2.0) as client:
        while not stop.wait(0.3):
            try:
                if client.get(f"{address}:{settings.port}/healthz").is_success:
                    return True
            except httpx.TransportError:
                pass
            if monotonic() > deadline:
                click.echo("控制台 2 分钟内没有应答；其余进程仍在运行，请看上面的日志。", err=True)
                return False
    return False
