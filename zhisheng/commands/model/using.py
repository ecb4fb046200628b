"""``zhisheng model use TASK DIR|default``: another model answers from the next batch on."""

from __future__ import annotations

from pathlib import Path

import click

from config.settings import Settings
from core.audit import AuditEvent, record
from core.errors import ConfigurationError
from nlp.replacement import TASK_LABELS
from zhisheng.cli import pass_settings
from zhisheng.pipelines import installed_models
from zhisheng.services import Services, open_services

ACTOR = "system:terminal"
DEFAULT = "default"


@click.command(
    help="换用模型：FOLDER 是 model train --out 的文件夹，或 model list 列出的可换回的版本名；"
    "default 换回自带的。运行中的职声从下一批起用新模型，不用重启。"
)
@click.argument("task", type=click.Choice(list(TASK_LABELS)))
@click.argument("folder")
@pass_settings
def use(settings: Settings, task: str, folder: str) -> None:
    with open_services(settings) as services:
        if folder == DEFAULT:
            said = _use_shipped(services, task)
        else:
            said = _use_trained(services, task, folder)
    click.echo(said, err=True)


def _use_shipped(services: Services, task: str) -> str:
    with services.sessions.begin() as session:
        if not installed_models(services.home.path).use_shipped(task):
            return f"任务「{task}」用的就是自带的模型，没有改动。"
        record(session, AuditEvent(ACTOR, "model.use", "model", task, detail={"version": DEFAULT}),
               services.clock.now())  # fmt: skip
    return f"任务「{task}」已换回自带的模型，从下一批信息起生效；已分析的信息不变。"


def _use_trained(services: Services, task: str, folder: str) -> str:
    installed = installed_models(services.home.path)
    source = Path(folder)
    if folder in installed.versions(task):
        source = installed.folder_of(task, folder)
    elif not source.is_dir():
        raise ConfigurationError(
            f"没有文件夹「{folder}」，也没有装过这个版本。没有换用；model list 可看装过的版本。"
        )
    with services.sessions.begin() as session:
        version = installed.use(task, source)
        record(session, AuditEvent(ACTOR, "model.use", "model", task, detail={"version": version}),
               services.clock.now())  # fmt: skip
    return f"任务「{task}」已换用模型 {version}，从下一批信息起生效；已分析的信息不变。"
