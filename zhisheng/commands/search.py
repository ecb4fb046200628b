"""``zhisheng search EXPR``: the same search as on the page."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import NoReturn

import click
from sqlalchemy.exc import OperationalError

from config.settings import Settings
from core.clock import SystemClock, to_rfc3339
from core.documents import StoredDocument, read_documents
from core.errors import StorageError
from core.expression import Expression, ExpressionError, UnknownGroupError, parse
from core.expression.values import TIME_EXAMPLE, moment_of
from core.search import SearchOrder, SearchPage, SearchQuery
from core.search.selection import CursorError
from zhisheng.cli import PARTLY, WRONG_USE, pass_settings, print_json
from zhisheng.expressions import language_names, refuse_expression, rule_language
from zhisheng.services import Services, open_services


def check_time(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    try:
        if value is not None:
            moment_of(value, now=SystemClock().now())
    except ValueError as error:
        raise click.BadParameter(f"{TIME_EXAMPLE}，而不是「{value}」。") from error
    return value


@click.command(
    # An expression may begin with `-`.
    context_settings={"ignore_unknown_options": True},
    help="按表达式检索。",
)
@click.argument("expression")
@click.option("--since", callback=check_time, help="从何时起：24h、7d、2026-11-01 或带时分的时间。")
@click.option("--until", callback=check_time, help="到何时止，写法同上；只写日期时含那一天。")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--cursor", default=None, help="上一页给出的 cursor。")
@click.option(
    "--sort",
    default="newest",
    show_default=True,
    type=click.Choice([order.value for order in SearchOrder]),
)
@click.option("--json", "as_json", is_flag=True, help="输出一个 JSON 对象。")
@pass_settings
def search(  # noqa: PLR0913 (all options are keyword-only)
    settings: Settings,
    expression: str,
    *,
    since: str | None,
    until: str | None,
    limit: int,
    cursor: str | None,
    sort: str,
    as_json: bool,
) -> None:
    query = SearchQuery(limit=limit, cursor=cursor, order=SearchOrder(sort))
    try:
        with open_services(settings, start_database=False) as services:
            now = services.clock.now()
            query = replace(
                query,
                expression=_parsed(services, expression),
                since=moment_of(since, now=now) if since else None,
                until=moment_of(until, now=now, is_last=True) if until else None,
                now=now,
            )
            engine = services.open_search()
            try:
                page = engine.search(query)
            finally:
                engine.close()
            hits = _hits(services, page)
    except ExpressionError as error:
        refuse_expression(expression, error)
    except CursorError as error:
        _refuse(str(error), WRONG_USE, as_json=as_json)
    except OperationalError:
        _check(expression)
        _refuse("数据库没有应答，没有检索；请确认职声在运行后再试。", PARTLY, as_json=as_json)
    except StorageError as error:
        _check(expression)
        _refuse(str(error), PARTLY, as_json=as_json)
    _show(page, hits, as_json=as_json)


def _parsed(services: Services, expression: str) -> Expression:
    with services.sessions() as session:
        return rule_language(session).parse(expression)


def _check(expression: str) -> None:
    """Refuse a wrong expression also where nothing runs, as far as it can be told without the database."""
    try:
        parse(expression, names=language_names())
    except UnknownGroupError:
        return
    except ExpressionError as error:
        refuse_expression(expression, error)


def _refuse(reason: str, code: int, *, as_json: bool) -> NoReturn:
    if as_json:
        print_json({"error": {"message": reason}})
    click.echo(reason, err=True)
    sys.exit(code)


def _show(page: SearchPage, hits: list[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        print_json({"total": page.total, "hits": hits, "cursor": page.cursor})
        return
    for hit in hits:
        click.echo(f"{hit['published_at']}\t{hit['title']}\t{hit['url']}")
    click.echo(f"共 {page.total} 条", err=True)


def _hits(services: Services, page: SearchPage) -> list[dict[str, object]]:
    with services.sessions() as session:
        return [_hit(document) for document in read_documents(session, page.ids)]


def _hit(document: StoredDocument) -> dict[str, object]:
    return {
        "id": str(document.id),
        "url": document.url,
        "title": document.title,
        "text": document.text,
        "source": document.source_name,
        "platform": document.platform,
        "published_at": to_rfc3339(document.published_at),
        "topics": list(document.topics),
        "polarity": document.polarity,
        "relevant": document.relevant,
        "regions": list(document.regions),
    }
