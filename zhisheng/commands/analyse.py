"""``zhisheng analyse``: texts in, annotations out, line by line and with no database."""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import IO

import click

from config.settings import Settings
from core.clock import parse_time
from core.errors import ConfigurationError
from nlp.annotations import TextInput
from nlp.pipeline import Analyses
from zhisheng.accurate_models import AccurateModels, accurate_pipeline, find_accurate_models
from zhisheng.cli import PARTLY, pass_settings
from zhisheng.json_lines import BadLineError, Numbered, json_object, line_id, numbered_lines
from zhisheng.pipelines import installation_pipeline, installed_models

LINES_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class _Answer:
    """Output lines and, for refused lines, error lines; both in the order of the input."""

    lines: list[str]
    refusals: list[str]


@click.command(
    help="分析文本：每行读入一个 JSON 对象 {id, title?, text}，按原顺序每行输出一个结果。"
)
@click.option(
    "--input", "source", type=click.File("rb"), default="-", help="JSONL 文件，- 为标准输入。"
)
@click.option(
    "--output", "target", type=click.File("wb"), default="-", help="JSONL 文件，- 为标准输出。"
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="进程数。"
)
@click.option(
    "--accurate",
    is_flag=True,
    help="精确模式：有 transformer 模型的任务用它回答，慢得多；其余任务照旧。",
)
@click.option(
    "--models",
    type=click.Path(path_type=Path),
    help="配合 --accurate：每项任务一个子文件夹（如 emotion/）的模型文件夹；默认用已装上的。",
)
@pass_settings
def analyse(
    settings: Settings,
    source: IO[bytes],
    target: IO[bytes],
    *,
    workers: int,
    accurate: bool,
    models: Path | None,
) -> None:
    chosen = _accurate_models(settings.home, accurate=accurate, models=models)
    is_refused = False
    for answer in _answers(_chunks(source), workers, partial(_pipeline, settings.home, chosen)):
        for line in answer.lines:
            target.write(line.encode("utf-8", "replace") + b"\n")
        target.flush()
        for line in answer.refusals:
            click.echo(line, err=True)
            is_refused = True
    if is_refused:
        sys.exit(PARTLY)


def _chunks(source: IO[bytes]) -> Iterator[list[Numbered]]:
    """Read so many lines at once."""
    numbered = numbered_lines(source)
    while chunk := list(islice(numbered, LINES_AT_ONCE)):
        yield chunk


def _accurate_models(home: Path, *, accurate: bool, models: Path | None) -> AccurateModels | None:
    if not accurate:
        if models is not None:
            raise ConfigurationError("--models 要和 --accurate 一起用。")
        return None
    found = find_accurate_models(installed_models(home), models)
    click.echo(found.note, err=True)
    return found


def _pipeline(home: Path, models: AccurateModels | None) -> Analyses:
    if models is None:
        return installation_pipeline(home)
    return accurate_pipeline(installed_models(home), models)


def _answers(
    chunks: Iterable[list[Numbered]], workers: int, build: Callable[[], Analyses]
) -> Iterator[_Answer]:
    if workers == 1:
        pipeline = build()
        for chunk in chunks:
            yield answer_lines(pipeline, chunk)
        return
    # A fresh interpreter for each worker: threads of ours must not be forked.
    with ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_start_worker, initargs=(build,)
    ) as pool:
        waiting: deque[Future[_Answer]] = deque()
        for chunk in chunks:
            waiting.append(pool.submit(_work, chunk))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_pipelines: list[Analyses] = []


def _start_worker(build: Callable[[], Analyses]) -> None:
    _pipelines.append(build())


def _work(chunk: list[Numbered]) -> _Answer:
    return answer_lines(_pipelines[0], chunk)


def answer_lines(pipeline: Analyses, chunk: Iterable[Numbered]) -> _Answer:
    """Analyse the good lines of a chunk and say for each bad one what is wrong with it."""
    ids: list[str] = []
    texts: list[TextInput] = []
    refusals: list[str] = []
    for number, line in chunk:
        if not line.strip():
            continue
        try:
            id_, text = read_line(line)
        except BadLineError as error:
            refusals.append(json.dumps({"line": number, "error": str(error)}, ensure_ascii=False))
            continue
        ids.append(id_)
        texts.append(text)
    results = zip(pipeline.analyse(texts), ids, strict=True)
    lines = [json.dumps(found.to_json(id_), ensure_ascii=False) for found, id_ in results]
    return _Answer(lines, refusals)


def read_line(line: bytes) -> tuple[str, TextInput]:
    """Take one line apart; raises BadLineError."""
    row = json_object(line)
    id_, title, text = line_id(row), row.get("title") or "", row.get("text")
    if not isinstance(text, str) or not isinstance(title, str):
        raise BadLineError("缺少 text（字符串），或 title 不是字符串。")
    published_at = row.get("published_at")
    if published_at is None:
        return id_, TextInput(title, text)
    try:
        return id_, TextInput(title, text, parse_time(str(published_at)))
    except ValueError as error:
        raise BadLineError(
            f"published_at 应为时间，如 2026-11-21T09:30:00+08:00，而不是「{published_at}」。"
        ) from error
