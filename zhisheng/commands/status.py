"""``zhisheng status``: attaches, looks, starts nothing."""

from __future__ import annotations

import json

import click

from config.settings import Settings
from zhisheng.cli import pass_settings, print_json
from zhisheng.home import HomeKind
from zhisheng.services import open_services
from zhisheng.status import status as read_status


@click.command(help="看运行状态；不启动任何东西。没有运行时退出码为 1。")
@click.option("--json", "as_json", is_flag=True, help="输出一个 JSON 对象。")
@pass_settings
def status(settings: Settings, *, as_json: bool) -> None:
    with open_services(settings, start_database=False) as services, services.sessions() as session:
        demo = services.home.kind is HomeKind.DEMO
        report = read_status(session, services.clock.now(), demo=demo)
    if as_json:
        print_json(report)
    else:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
