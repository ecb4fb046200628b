"""What the fields and their fixed values are called."""

from collections.abc import Mapping
from types import MappingProxyType

from core.expression.syntax import Field, Scope

TIME = "time"

FieldName = Field | Scope | str
"""A field of the language: a condition's, a text's, or TIME."""

FIELD_LABELS: Mapping[Field | Scope | str, str] = MappingProxyType(
    {
        Scope.TITLE: "标题",
        Scope.TEXT: "正文",
        Field.PLATFORM: "平台",
        Field.SOURCE: "信源",
        Field.LEVEL: "信源级别",
        Field.REGION: "地区",
        Field.TOPIC: "主题",
        Field.POLARITY: "情感",
        Field.RELEVANT: "涉工",
        Field.OUR_UNION: "工会",
        Field.EMPLOYER: "雇主",
        Field.EVENT: "事件",
        Field.STORY: "稿件族",
        TIME: "时间",
        Field.VIEWS: "触达",
        Field.REPOSTS: "转发",
        Field.COMMENTS: "评论",
    }
)

NUMBERS = frozenset({Field.VIEWS, Field.REPOSTS, Field.COMMENTS})
BOOLEANS = frozenset({Field.RELEVANT, Field.OUR_UNION})
IDENTIFIERS = frozenset({Field.EVENT, Field.STORY})

FIELD_NAMES: Mapping[str, Field | Scope | str] = MappingProxyType(
    {label: field for field, label in FIELD_LABELS.items()}
    | {str(field): field for field in FIELD_LABELS}
    | {"级别": Field.LEVEL}
)

POLARITY_LABELS: Mapping[str, str] = MappingProxyType(
    {"positive": "正面", "neutral": "中性", "negative": "负面"}
)
_POLARITIES = {label: value for value, label in POLARITY_LABELS.items()} | {
    "正": "positive",
    "中": "neutral",
    "负": "negative",
    "中立": "neutral",
}
_TRUTH = dict.fromkeys(("是", "真", "yes", "1"), "true") | dict.fromkeys(
    ("否", "假", "no", "0"), "false"
)
BUILT_IN_NAMES: Mapping[Field, Mapping[str, str]] = MappingProxyType(
    {Field.POLARITY: _POLARITIES, Field.RELEVANT: _TRUTH, Field.OUR_UNION: _TRUTH}
)
BUILT_IN_VALUES: Mapping[Field, frozenset[str]] = MappingProxyType(
    {field: frozenset(names.values()) for field, names in BUILT_IN_NAMES.items()}
)
