"""``zhisheng model list``."""

from __future__ import annotations

import click

from nlp.linear import load_models
from nlp.pipeline import TASKS, WEIGHTS
from zhisheng.cli import print_json


@click.command(name="list", help="列出随程序发布的模型与版本。")
def list_models() -> None:
    print_json(load_models(WEIGHTS, TASKS).versions)
