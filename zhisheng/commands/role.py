"""``zhisheng ROLE``: one process of one role."""

import threading

import click
import structlog

from config.settings import Settings
from zhisheng.cli import pass_settings
from zhisheng.roles import ROLES
from zhisheng.roles.worker import Pulse
from zhisheng.services import open_services
from zhisheng.supervisor import stop_on_signals, stop_with_stdin

HELP = {
    "web": "提供网页控制台。",
    "crawl": "采集到期的数据源。",
    "understand": "分析新采集的文本。",
    "index": "把文本写进检索引擎。",
    "engine": "判断规则、形成预警、逐级升级。",
    "send": "把预警送到人。",
    "publish": "到点发布，回读数据。",
    "world": "演练用的模拟网站、平台沙箱和邮箱。",
}


def _command(role: str) -> click.Command:
    @click.command(name=role, help=HELP[role])
    @click.option("--stop-with-stdin", is_flag=True, hidden=True)
    @pass_settings
    def command(settings: Settings, *, stop_with_stdin: bool) -> None:
        run_role(settings, role, watch_stdin=stop_with_stdin)

    return command


def run_role(settings: Settings, role: str, *, watch_stdin: bool) -> None:
    """Run the role until it is told to stop."""
    stop = threading.Event()
    stop_on_signals(stop)
    if watch_stdin:
        stop_with_stdin(stop)
    structlog.contextvars.bind_contextvars(role=role)
    with open_services(settings) as services, Pulse(services, role, stop):
        ROLES.load(role)(services, stop)


web, crawl, understand, engine, send, publish, world = map(
    _command, [role for role in HELP if role != "index"]
)
