"""The group of commands about models."""

from __future__ import annotations

import click

from zhisheng.commands.model.evaluating import evaluate
from zhisheng.commands.model.feedback import export_feedback
from zhisheng.commands.model.listing import list_models
from zhisheng.commands.model.pretraining import pretrain_encoder
from zhisheng.commands.model.training import train
from zhisheng.commands.model.using import use


@click.group(help="模型：列出、训练、评测、换用，导出更正过的信息。")
def model() -> None:
    pass


for command in (list_models, pretrain_encoder, train, evaluate, use, export_feedback):
    model.add_command(command)
