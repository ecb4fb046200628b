"""``zhisheng match EXPR``: which lines of a file meet an expression, and where; with no database."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Mapping, Sequence
from typing import IO

import click

from config.settings import Settings
from core.clock import SystemClock, parse_time
from core.errors import ConfigurationError
from core.expression import ExpressionError, Matcher, parse
from core.matching_text import matching_text
from zhisheng.cli import PARTLY, pass_settings
from zhisheng.expressions import groups_if_running, language_names, refuse_expression
from zhisheng.json_lines import BadLineError, json_bytes, json_object, line_id, numbered_lines
from zhisheng.known_places import known_regions
from zhisheng.matchable_lines import LineDocuments


def read_now(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> dt.datetime | None:
    try:
        return None if value is None else parse_time(value)
    except ValueError as error:
        raise click.BadParameter(
            f"应为时间，如 2026-11-21T09:30:00+08:00，而不是「{value}」。"
        ) from error


@click.command(
    # An expression may begin with `-`.
    context_settings={"ignore_unknown_options": True},
    help="用表达式筛文本：每行读入一个 JSON 对象 {id, title?, text, …}，符合的每条输出一行 {id, spans}。",
)
@click.argument("expression")
@click.option(
    "--input", "source", type=click.File("rb"), default="-", help="JSONL 文件，- 为标准输入。"
)
@click.option("--groups", type=click.File("rb"), help='同义词组：JSON 文件 {"名称": ["词", …]}。')
@click.option(
    "--now", callback=read_now, help="“时间:24h”从哪一刻往回数；默认为现在，不带时区按北京时间。"
)
@pass_settings
def match(
    settings: Settings,
    expression: str,
    *,
    source: IO[bytes],
    groups: IO[bytes] | None,
    now: dt.datetime | None,
) -> None:
    given = {} if groups is None else read_groups(groups)
    names_a_group = "{" in matching_text(expression)
    known = {**groups_if_running(settings), **given} if names_a_group else given
    try:
        parsed = parse(expression, groups=known, names=language_names())
    except ExpressionError as error:
        refuse_expression(expression, error)
    matcher = Matcher({0: parsed})
    documents = LineDocuments(language_names(), known_regions())
    clock = SystemClock()
    target = sys.stdout.buffer
    is_refused = False
    for number, line in numbered_lines(source):
        if not line.strip():
            continue
        try:
            answer = answer_line(line, documents, matcher, now or clock.now())
        except BadLineError as error:
            click.echo(f"第 {number} 行：{error}", err=True)
            is_refused = True
            continue
        if answer is not None:
            target.write(answer)
            target.flush()
    if is_refused:
        sys.exit(PARTLY)


def read_groups(file: IO[bytes]) -> Mapping[str, Sequence[str]]:
    """Read synonym groups; raises ConfigurationError where the file holds something else."""
    try:
        groups: object = json.loads(file.read().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"同义词组文件「{file.name}」不是正确的 JSON。") from error
    if not isinstance(groups, dict):
        raise ConfigurationError(
            f"同义词组文件「{file.name}」应为一个 JSON 对象：名称 → 词的列表。"
        )
    for name, words in groups.items():
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ConfigurationError(f'同义词组「{name}」应为词的列表，例如 ["欠薪", "讨薪"]。')
    return groups


def answer_line(
    line: bytes, documents: LineDocuments, matcher: Matcher, now: dt.datetime
) -> bytes | None:
    """Write where a line meets the expression, or None where it does not; raises BadLineError."""
    row = json_object(line)
    id_ = line_id(row)
    matches = matcher.match(documents.document(row), now=now)
    if not matches:
        return None
    spans = [
        {"field": span.field.value, "start": span.start, "end": span.end}
        for span in matches[0].spans
    ]
    return json_bytes({"id": id_, "spans": spans})
