"""``zhisheng search EXPR``: the same search as on the page."""

from __future__ import annotations

import sys

import click

from config.settings import Settings
from core.clock import to_rfc3339
from core.documents import StoredDocument, read_documents
from core.expression import ExpressionError, parse
from core.search import SearchOrder, SearchPage, SearchQuery
from zhisheng.cli import WRONG_USE, pass_settings, print_json
from zhisheng.expressions import language_names
from zhisheng.services import Services, open_services


@click.command(help="按表达式检索。")
@click.argument("expression")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--cursor", default=None, help="上一页给出的 cursor。")
@click.option("--sort", default="newest", type=click.Choice([order.value for order in SearchOrder]))
@click.option("--json", "as_json", is_flag=True, help="输出一个 JSON 对象。")
@pass_settings
def search(
    settings: Settings, expression: str, *, limit: int, cursor: str | None, sort: str, as_json: bool
) -> None:
    try:
        parsed = parse(expression, names=language_names())
    except ExpressionError as error:
        print_json(
            {"error": {"position": error.position, "expected": error.expected, "fix": error.fix}}
        )
        click.echo(str(error), err=True)
        sys.exit(WRONG_USE)
    with open_services(settings, start_database=False) as services:
        engine = services.open_search()
        query = SearchQuery(
            expression=parsed,
            limit=limit,
            cursor=cursor,
            order=SearchOrder(sort),
            now=services.clock.now(),
        )
        try:
            page = engine.search(query)
        finally:
            engine.close()
        hits = _hits(services, page)
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
