"""``zhisheng rebuild-index``: fill the search engine anew from the database."""

import click

from config.settings import Settings
from core.indexing import all_documents
from zhisheng.cli import pass_settings, print_json
from zhisheng.services import open_services


@click.command(help="从数据库重建检索索引；重建期间旧索引照常应答。")
@pass_settings
def rebuild_index(settings: Settings) -> None:
    with open_services(settings) as services:
        engine = services.open_search()
        try:
            result = engine.rebuild(all_documents(services.sessions))
        finally:
            engine.close()
    print_json({"indexed": result.indexed, "failed": len(result.failures)})
