"""``zhisheng doctor``: what is wrong here, and what a second machine would lack."""

from __future__ import annotations

import shutil
import sys

import click
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from core import audit
from core.errors import ZhishengError
from crawlers.engine.chromium import browser_notes
from zhisheng.cli import PARTLY, pass_settings
from zhisheng.services import Services, open_services

LEAST_FREE_BYTES = 2 * 1024**3


@click.command(help="体检：配置、数据库、检索引擎、密钥、磁盘，以及多机部署还缺什么。")
@pass_settings
def doctor(settings: Settings) -> None:
    faults: list[str] = []
    notes = _second_machine(settings)
    free = shutil.disk_usage(settings.home if settings.home.exists() else "/").free
    if free < LEAST_FREE_BYTES:
        faults.append(f"磁盘只剩 {free / 1024**3:.1f} GB，请清理到 2 GB 以上。")
    try:
        with open_services(settings, start_database=False) as services:
            faults += _inside(services)
    except ZhishengError as error:
        notes.append(str(error))
    notes += browser_notes()
    for fault in faults:
        click.echo(f"✗ {fault}")
    for note in notes:
        click.echo(f"· {note}")
    if not faults:
        click.echo("✓ 没有发现故障。")
    else:
        sys.exit(PARTLY)


def _inside(services: Services) -> list[str]:
    faults: list[str] = []
    try:
        with services.sessions() as session:
            session.execute(text("select 1"))
            broken = audit.verify(session)
    except SQLAlchemyError as error:
        return [f"数据库没有应答：{type(error).__name__}。"]
    if broken is not None:
        faults.append(
            f"审计记录第 {broken} 条对不上哈希链，可能被改动过。请保留现场并通知审计管理员。"
        )
    engine = services.open_search()
    try:
        health = engine.health()
    finally:
        engine.close()
    if not health.is_available:
        faults.append(f"检索引擎不可用：{health.detail}")
    return faults


def _second_machine(settings: Settings) -> list[str]:
    notes = []
    if settings.database_url is None:
        notes.append(
            "多机部署需要共用的 PostgreSQL：设 ZHISHENG_DATABASE_URL。现在用的是自带的单机数据库。"
        )
    if settings.elasticsearch_url is None:
        notes.append(
            "多机部署需要 Elasticsearch：设 ZHISHENG_ELASTICSEARCH_URL。现在用的是本机检索引擎 tantivy。"
        )
    notes.append(f"每台机器都要有同一份主密钥：{settings.master_key_file}。")
    return notes
