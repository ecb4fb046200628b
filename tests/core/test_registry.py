import pytest

from alerting.channels import CHANNELS
from alerting.rule_types import RULE_TYPES
from core.errors import ConfigurationError, DuplicatePluginError, UnknownPluginError
from core.registry import PluginTable
from core.search import SEARCH_ENGINES
from crawlers.source_types import SOURCE_TYPES
from media_matrix.publishers import PUBLISHERS
from webui.pages import PAGES
from zhisheng.cli import COMMANDS
from zhisheng.roles import ROLES


def test_an_unknown_name_lists_the_known_ones() -> None:
    table: PluginTable[object] = PluginTable("通知渠道", [("email", "a:B"), ("wecom", "a:C")])
    with pytest.raises(UnknownPluginError, match="没有名为「sms」的通知渠道。已有：email、wecom"):
        table.load("sms")


def test_a_name_given_twice_stops_the_start() -> None:
    with pytest.raises(DuplicatePluginError, match="登记了两次：a:B 与 a:C"):
        PluginTable("通知渠道", [("email", "a:B"), ("email", "a:C")])


@pytest.mark.parametrize("path", ["no.such.module:Thing", "core.clock:NoSuchThing"])
def test_a_broken_path_is_a_configuration_error(path: str) -> None:
    table: PluginTable[object] = PluginTable("通知渠道", [("email", path)])
    with pytest.raises(ConfigurationError, match="无法载入"):
        table.load("email")


@pytest.mark.parametrize(
    "table",
    [CHANNELS, RULE_TYPES, SEARCH_ENGINES, SOURCE_TYPES, PUBLISHERS, PAGES, COMMANDS, ROLES],
    ids=lambda table: table.kind,
)
def test_every_table_loads_completely(table: PluginTable[object]) -> None:
    assert set(table.load_all()) == set(table.names())
    assert table.names()
