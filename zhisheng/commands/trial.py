"""``zhisheng trial EXPR``: the same trial run as on the forms of rules and standing topics."""

from __future__ import annotations

import sys
from typing import NoReturn

import click
from sqlalchemy.exc import OperationalError

from config.settings import Settings
from core.clock import to_rfc3339
from core.errors import StorageError
from core.expression import ExpressionError, print_expression
from core.trial import PERIODS, Change, Trial, TrialDraft, sample_ids, try_out
from core.trial_noise import TermNoise
from zhisheng.cli import PARTLY, pass_settings, print_json
from zhisheng.expressions import refuse_expression, rule_language
from zhisheng.services import Services, open_services


@click.command(
    # An expression may begin with `-`.
    context_settings={"ignore_unknown_options": True},
    help="在过去几天上试跑一个表达式：命中多少、哪些词带来噪声、和另一个写法差在哪里。什么也不保存。",
)
@click.argument("expression")
@click.option("--days", default="7", show_default=True, type=click.Choice([*map(str, PERIODS)]))
@click.option("--against", default=None, help="已有的写法，和它比较多命中和少命中了什么。")
@click.option("--json", "as_json", is_flag=True, help="输出一个 JSON 对象。")
@pass_settings
def trial(
    settings: Settings, expression: str, *, days: str, against: str | None, as_json: bool
) -> None:
    try:
        with open_services(settings, start_database=False) as services:
            draft = _parsed(services, expression)
            saved = None if against is None else _parsed(services, against)
            engine = services.open_search()
            try:
                now = services.clock.now()
                tried = try_out(engine, draft, days=int(days), now=now, saved=saved)
            finally:
                engine.close()
    except OperationalError:
        _refuse("数据库没有应答，没有试跑；请确认职声在运行后再试。", as_json=as_json)
    except StorageError as error:
        _refuse(str(error), as_json=as_json)
    if as_json:
        print_json(_whole(tried))
    else:
        _tell(tried)


def _parsed(services: Services, typed: str) -> TrialDraft:
    with services.sessions() as session:
        try:
            return TrialDraft(rule_language(session).parse(typed))
        except ExpressionError as error:
            refuse_expression(typed, error)


def _refuse(reason: str, *, as_json: bool) -> NoReturn:
    if as_json:
        print_json({"error": {"message": reason}})
    click.echo(reason, err=True)
    sys.exit(PARTLY)


def _whole(tried: Trial) -> dict[str, object]:
    difference = tried.difference
    return {
        "since": to_rfc3339(tried.since),
        "until": to_rfc3339(tried.until),
        "total": tried.total,
        "before": tried.before,
        "everything": tried.everything,
        "relevant": tried.relevant,
        "irrelevant": tried.irrelevant,
        "points": [
            {"start": to_rfc3339(point.start), "total": point.total, "negative": point.negative}
            for point in tried.points
        ],
        "samples": [str(id_) for id_ in sample_ids(tried.samples)],
        "terms": [_term(noise) for noise in tried.terms],
        "difference": None
        if difference is None
        else {
            "saved_total": difference.saved_total,
            "added": _change(difference.added),
            "removed": _change(difference.removed),
        },
        "left_out": [part.value for part in tried.left_out],
    }


def _term(noise: TermNoise) -> dict[str, object]:
    return {
        "term": print_expression(noise.term.shown),
        "hits": noise.hits,
        "irrelevant": noise.irrelevant,
        "only": noise.only,
        "only_irrelevant": noise.only_irrelevant,
        "without": None if noise.rest is None else print_expression(noise.rest),
    }


def _change(change: Change) -> dict[str, object]:
    ids = [str(id_) for id_ in change.ids]
    return {"total": change.total, "irrelevant": change.irrelevant, "newest": ids}


def _tell(tried: Trial) -> None:
    before = "没有算" if tried.before is None else f"{tried.before} 条"
    click.echo(f"过去 {tried.days} 天命中 {tried.total} 条；再往前 {tried.days} 天 {before}")
    if tried.irrelevant is not None:
        click.echo(f"涉工 {tried.relevant} 条，非涉工 {tried.irrelevant} 条")
    if (difference := tried.difference) is not None:
        added, removed = difference.added.total, difference.removed.total
        click.echo(f"和另一个写法相比：多命中 {added} 条，少命中 {removed} 条")
    for noise in tried.terms:
        word = print_expression(noise.term.shown)
        click.echo(
            f"{word}\t命中 {noise.hits}，其中非涉工 {noise.irrelevant}\t"
            f"只靠它 {noise.only}，其中非涉工 {noise.only_irrelevant}"
        )
    if tried.left_out:
        click.echo("检索引擎较慢，有些部分没有算：" + "、".join(tried.left_out), err=True)
