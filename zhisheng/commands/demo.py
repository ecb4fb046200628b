"""``zhisheng demo``: the demo, told once more from its beginning."""

from __future__ import annotations

import dataclasses
import shutil

import click

from config.settings import Settings
from core.database.embedded import EmbeddedServer
from core.errors import ConfigurationError
from zhisheng.cli import pass_settings
from zhisheng.commands.serve import run_serve
from zhisheng.home import HomeKind, read_kind


@click.command(help="以演练方式运行；--again 清空演练数据，让故事从头再来。")
@click.option("--again", is_flag=True, help="先删除这个数据文件夹里的全部演练数据。")
@pass_settings
def demo(settings: Settings, *, again: bool) -> None:
    settings = dataclasses.replace(settings, demo=True)
    if again:
        _forget(settings)
    run_serve(settings)


def _forget(settings: Settings) -> None:
    kind = read_kind(settings.home)
    if kind is HomeKind.PRODUCTION:
        raise ConfigurationError(
            f"「{settings.home}」里是正式数据，没有删除。请用 ZHISHENG_HOME 指定演练的文件夹。"
        )
    if kind is None:
        return
    server = EmbeddedServer(settings.home)
    if server.attach() is not None:
        raise ConfigurationError("演练正在运行，没有删除。请先停止它。")
    shutil.rmtree(server.files.folder, ignore_errors=True)
    shutil.rmtree(settings.home)
