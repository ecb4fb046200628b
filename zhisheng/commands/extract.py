"""``zhisheng extract``: articles out of saved pages, file by file and with no database."""

from __future__ import annotations

import datetime as dt
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NotRequired, TypedDict

import click
import structlog

from config.settings import Settings
from core.clock import SHANGHAI, SystemClock, to_rfc3339
from core.errors import ExtractionError
from crawlers.extraction.article import Article, article_of
from crawlers.extraction.page import read_page
from crawlers.extraction.page_address import page_address
from zhisheng.cli import PARTLY, pass_settings
from zhisheng.json_lines import json_bytes

LARGEST = 16 * 1024 * 1024
"""Of a larger file only so many bytes are read."""
_WAITING_PER_WORKER = 4

log = structlog.get_logger(__name__)


class Row(TypedDict):
    """One output line; what is unknown is null."""

    file: str
    title: str | None
    author: str | None
    outlet: str | None
    published_at: str | None
    text: str | None
    original_source: str | None
    images: list[str] | None
    links: list[str] | None
    extractor: str | None
    score: float | None
    error: NotRequired[str]


@click.command(
    help="抽取正文：读入保存下来的网页文件，按原顺序给出标题、作者、来源、时间和正文；不用数据库。"
    "FILE 写 - 时，从标准输入逐行读文件名。有文件读不出时退出 1。"
)
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--url", default="", help="网页的地址；不写则用网页自己写明的地址。")
@click.option("--json", "as_json", is_flag=True, help="每个文件输出一行 JSON。")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="进程数。"
)
@pass_settings
def extract(
    _settings: Settings, files: tuple[str, ...], *, url: str, as_json: bool, workers: int
) -> None:
    is_failed = False
    for row in _rows(_names(files), workers, partial(extracted, url=url, now=SystemClock().now())):
        is_failed = is_failed or "error" in row
        if as_json:
            sys.stdout.buffer.write(json_bytes(row))
            sys.stdout.buffer.flush()
        else:
            click.echo("\n".join(_described(row)))
    if is_failed:
        sys.exit(PARTLY)


def _names(files: Iterable[str]) -> Iterator[str]:
    for name in files:
        if name == "-":
            yield from (line.rstrip("\r\n") for line in sys.stdin if line.strip())
        else:
            yield name


def _rows(names: Iterable[str], workers: int, read: Callable[[str], Row]) -> Iterator[Row]:
    """Keep the order of the files, and only as many in memory as the workers need."""
    if workers == 1:
        yield from map(read, names)
        return
    # A fresh interpreter for each worker: threads of ours must not be forked.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        waiting: deque[Future[Row]] = deque()
        for name in names:
            waiting.append(pool.submit(read, name))
            if len(waiting) >= _WAITING_PER_WORKER * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def extracted(name: str, *, url: str, now: dt.datetime) -> Row:
    """Read one file; a fault is told in the row and never stops the others."""
    try:
        with Path(name).open("rb") as file:
            body = file.read(LARGEST)
    except (OSError, ValueError) as error:
        return _failed(name, _reason(error))
    try:
        page = read_page(body, url)
        article = article_of(page if url else replace(page, url=page_address(page)), now=now)
    except ExtractionError as error:
        return _failed(name, str(error))
    except Exception:
        log.exception("page_not_extracted", bytes=len(body))
        return _failed(name, "抽取时出错，这个文件没有结果；原因见日志。")
    return _row(name, article)


def _reason(error: OSError | ValueError) -> str:
    match error:
        case FileNotFoundError():
            return "没有这个文件，请核对文件名。"
        case IsADirectoryError():
            return "这是一个文件夹，请写里面的文件。"
        case PermissionError():
            return "没有读这个文件的权限。"
    return "这个文件读不出来。"


def _row(name: str, article: Article) -> Row:
    return Row(
        file=name,
        title=article.title or None,
        author=article.author,
        outlet=article.outlet,
        published_at=_published(article),
        text=article.text or None,
        original_source=article.original_source,
        images=list(article.images),
        links=list(article.links),
        extractor=article.extractor,
        score=article.score,
    )


def _published(article: Article) -> str | None:
    if article.published_at is not None and article.is_day_only:
        return article.published_at.astimezone(SHANGHAI).date().isoformat()
    return to_rfc3339(article.published_at)


def _failed(name: str, reason: str) -> Row:
    return Row(
        file=name, title=None, author=None, outlet=None, published_at=None, text=None,
        original_source=None, images=None, links=None, extractor=None, score=None, error=reason,
    )  # fmt: skip


def _described(row: Row) -> Iterator[str]:
    yield f"文件：{row['file']}"
    if error := row.get("error"):
        yield f"没有结果：{error}"
        yield ""
        return
    unknown = "（不知道）"
    yield f"标题：{row['title'] or unknown}"
    yield f"作者：{row['author'] or unknown}　来源：{row['outlet'] or unknown}　原始来源：{row['original_source'] or unknown}"
    yield f"时间：{row['published_at'] or unknown}"
    yield f"抽取：{row['extractor']}，得分 {row['score']}"
    yield ""
    yield row["text"] or "（没有正文）"
    yield ""
