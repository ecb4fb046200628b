"""The table of rule types: one file and one line each."""

from alerting.rule import RuleType
from core.registry import PluginTable

RULE_TYPES: PluginTable[RuleType] = PluginTable(
    "规则类型",
    (
        ("keyword", "alerting.rule_types.keyword:KEYWORD"),
        ("threshold", "alerting.rule_types.threshold:THRESHOLD"),
    ),
)
