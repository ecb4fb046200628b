"""``zhisheng coverage``: what was really seen of each source, beside what was expected."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from config.settings import Settings
from core.clock import SHANGHAI
from core.coverage_answer import CoverageAnswer, SourceLine, coverage_answer
from core.errors import InvalidOptionsError
from core.expression.values import moment_of
from core.failure_labels import cause_label
from core.source_health import SourceHealth
from webui.api.representation import represent
from zhisheng.cli import PARTLY, WRONG_USE, pass_settings, print_json
from zhisheng.commands.search import check_time
from zhisheng.services import open_services

HEALTH_LABELS = {
    SourceHealth.OK: "正常",
    SourceHealth.FAILING: "异常",
    SourceHealth.SILENT: "静默",
    SourceHealth.DEGRADED: "质量下降",
    SourceHealth.PAUSED: "已暂停",
}


@click.command(
    help="覆盖：一段时间里每个信源应有多少、看到多少、失败和空缺多少。只读，不启动任何东西。"
    "照常退出 0；加 --check 时有信源缺失则退出 1。"
)
@click.option(
    "--since",
    callback=check_time,
    default="24h",
    show_default=True,
    help="从何时起：24h、7d、2026-11-01 或带时分的时间；按整点算。",
)
@click.option("--until", callback=check_time, help="到何时止，写法同上；不写为现在。")
@click.option("--source", "name", default=None, help="只看叫这个名字的信源。")
@click.option("--json", "as_json", is_flag=True, help="输出一个 JSON 对象。")
@click.option("--check", is_flag=True, help="有信源缺失时退出 1。")
@pass_settings
def coverage(
    settings: Settings,
    *,
    since: str,
    until: str | None,
    name: str | None,
    as_json: bool,
    check: bool,
) -> None:
    with open_services(settings, start_database=False) as services, services.sessions() as session:
        now = services.clock.now()
        ends = moment_of(until, now=now, is_last=True) if until else now
        try:
            answer = coverage_answer(session, moment_of(since, now=now), ends, now, name=name)
        except InvalidOptionsError as error:
            click.echo(str(error), err=True)
            sys.exit(WRONG_USE)
    if as_json:
        print_json(represent(answer))
    else:
        click.echo("\n".join(_lines(answer)))
    if check and answer.missing:
        sys.exit(PARTLY)


def _lines(answer: CoverageAnswer) -> Iterator[str]:
    since, until = (
        moment.astimezone(SHANGHAI).strftime("%m-%d %H:%M")
        for moment in (answer.since, answer.until)
    )
    yield f"{since} 至 {until}（北京时间）"
    yield answer.text
    for line in answer.sources:
        yield _described(line)


def _described(line: SourceLine) -> str:
    expected = "不详" if line.expected is None else f"{line.expected:g}"
    parts = [f"应有 {expected}，新 {line.new}，看到 {line.seen}，重复 {line.duplicates}"]
    if line.failures:
        parts.append(
            "失败：" + "、".join(f"{cause_label(cause)} {count}" for cause, count in line.failures.items())
        )  # fmt: skip
    if line.gaps_h:
        parts.append(f"空缺 {line.gaps_h} 小时")
    if line.quality is not None:
        usual = "" if line.usual_quality is None else f"（平时 {line.usual_quality:.2f}）"
        parts.append(f"提取质量 {line.quality:.2f}{usual}")
    return f"{line.name}　{HEALTH_LABELS[line.health]}　{'；'.join(parts)}"
