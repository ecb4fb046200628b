"""``zhisheng ingest FILE``: bring documents in from a file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from config.settings import Settings
from crawlers.importing.column_mapping import ColumnMapping, read_mapping
from crawlers.importing.file_import import ImportContext, ImportResult, import_file
from zhisheng.catching_up import catch_up
from zhisheng.cli import PARTLY, pass_settings, print_json
from zhisheng.services import Services, open_services

COLLECTED_BY = "ingest"


@click.command(help="导入 JSONL、CSV 或 XLSX 文件。有被拒的行时退出码为 1。")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--wait", is_flag=True, help="等到全部分析完、可以检索再返回；没有进程在跑就自己做。")
@click.option(
    "--source", default="文件导入", show_default=True, help="没有写明信源的行归到这个信源。"
)
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="列名=字段",
    help="哪一列是什么，如 --map 帖子=标题，可以写多次；写了就只用写到的列，不写就按列名认。",
)
@pass_settings
def ingest(
    settings: Settings, file: Path, *, wait: bool, source: str, columns: tuple[str, ...]
) -> None:
    mapping = read_mapping(columns) if columns else None
    with open_services(settings) as services:
        result = _import(services, file, source, mapping)
        if wait:
            catch_up(services)
    print_json(
        {
            "accepted": result.accepted,
            "duplicate": result.duplicate,
            "refused": [{"line": line.line, "reason": line.reason} for line in result.refused],
        }
    )
    if result.refused:
        sys.exit(PARTLY)


def _import(
    services: Services, file: Path, source: str, mapping: ColumnMapping | None
) -> ImportResult:
    context = ImportContext(
        now=services.clock.now,
        hasher=services.hasher,
        collected_by=COLLECTED_BY,
        default_source=source,
        is_demo=services.settings.demo,
        mapping=mapping,
    )
    return import_file(services.sessions, file, context=context)
