"""The table of source types; adding one is one module and one line here."""

from core.registry import PluginTable
from crawlers.source import SourceType

SOURCE_TYPES: PluginTable[type[SourceType]] = PluginTable(
    "信源类型",
    [
        ("feed", "crawlers.source_types.feed:Feed"),
        ("list_page", "crawlers.source_types.list_page:ListPage"),
        ("forum", "crawlers.source_types.forum:Forum"),
        ("sitemap", "crawlers.source_types.sitemap:Sitemap"),
        ("json_api", "crawlers.source_types.json_api:JSONAPI"),
        ("message_board", "crawlers.source_types.message_board:MessageBoard"),
        ("trending_list", "crawlers.source_types.trending_list:TrendingList"),
        ("public_form", "crawlers.source_types.public_form:PublicForm"),
        ("own_comments", "crawlers.source_types.own_comments:OwnComments"),
        ("replay", "crawlers.source_types.replay:Replay"),
        ("file_import", "crawlers.source_types.file_import:FileImport"),
    ],
)
