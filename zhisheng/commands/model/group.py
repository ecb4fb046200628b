"""The group of commands about models."""

from __future__ import annotations

import click

from zhisheng.commands.model.evaluating import evaluate
from zhisheng.commands.model.listing import list_models
from zhisheng.commands.model.training import train


@click.group(help="模型：列出、训练、评测。")
def model() -> None:
    pass


for command in (list_models, train, evaluate):
    model.add_command(command)
