"""The table of sites with parsers of their own; adding one is one module and one line here.

A parser is worth its upkeep only where the general reading is worse, or where a site is so important that the day
of its redesign must be noticed. A page that a parser cannot read falls back to the general reading.
"""

from core.registry import PluginTable
from crawlers.site_parser import Site

SITES: PluginTable[Site] = PluginTable(
    "站点解析器",
    [
        ("people", "crawlers.site_parsers.people:SITE"),
        ("xinhua", "crawlers.site_parsers.xinhua:SITE"),
        ("netease", "crawlers.site_parsers.netease:SITE"),
        ("weixin", "crawlers.site_parsers.weixin:SITE"),
    ],
)
