"""The endpoints of /api/v1 as the OpenAPI document lists them; a test compares them with the routes."""

from __future__ import annotations

from alerting.alert_detail import AlertDetail
from alerting.inbox import AlertRow
from alerting.roster import ShiftRow
from alerting.rules import RuleRow
from alerting.state_machine import Acknowledged
from core.coverage_answer import CoverageAnswer
from core.database.models.understanding import EventStatus
from core.event_list import EventRow
from core.overview import TrendPoint
from core.standing_topic_list import TopicTab
from crawlers.source_listing import SourceRow
from media_matrix.calendar import CalendarEntry
from webui.api.events import EventResource
from webui.api.openapi import Endpoint, Parameter
from webui.api.resources import AccountResource, DocumentResource, DraftResource
from webui.api.searching import WITH, SearchAnswer
from webui.api.standing_topics import StandingTopicResource
from webui.document_filters import ORDERS, RANGES, RELEVANCE
from webui.event_filters import PERIODS, SILENCED, SORTS, THRESHOLDS
from webui.permissions import Permission
from webui.query_suggestions import Suggestion
from webui.trend_chart import SPANS

TEXT: dict[str, object] = {"type": "string"}
MOMENT: dict[str, object] = {"type": "string", "format": "date-time"}
CURSOR = Parameter("cursor", "上一页给出的 cursor", TEXT)
LIMIT = Parameter(
    "limit", "每页条数", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
)
SINCE = Parameter("since", "从何时起，不写时区按北京时间", MOMENT)
UNTIL = Parameter("until", "到何时为止（不含）", MOMENT)
TOPIC_ID = Parameter("id", "专题编号", TEXT, where="path")
ALERT_ID = Parameter("id", "预警编号", TEXT, where="path")


def _choice(name: str, description: str, values: object) -> Parameter:
    return Parameter(name, description, {"type": "string", "enum": list(values)})  # type: ignore[call-overload]


SEARCH = (
    Parameter("q", "检索表达式", TEXT),
    *(
        Parameter(name, label, TEXT, is_list=True)
        for name, label in (
            ("platform", "平台"),
            ("polarity", "情感；none 为未判定"),
            ("topic", "主题代码；none 为未归入主题"),
            ("region", "地区代码；none 为未提到地区"),
            ("level", "信源级别"),
            ("source", "信源编号"),
        )
    ),
    Parameter("story", "稿件族编号", TEXT),
    Parameter("event", "事件编号", TEXT),
    _choice("range", "时间范围", RANGES),
    Parameter("since", "起始日（北京时间），或写到分钟的时间；与 range 同写时不起作用", TEXT),
    Parameter("until", "截止日（含），或写到分钟的时间（不含）", TEXT),
    _choice("relevant", "相关性", RELEVANCE),
    _choice("sort", "排序；最相关的只排前 1000 条", ORDERS),
    _choice("fold", "yes 把转载并入首发，每篇稿件一条；total 始终按条计", ("yes", "no")),
    Parameter(
        "with",
        "另外要的计数：facets 各类别，histogram 按时间",
        {"type": "string", "enum": list(WITH)},
        is_list=True,
    ),
    CURSOR,
    LIMIT,
)

EVENTS = (
    Parameter("q", "名称或单位中的文字", TEXT),
    _choice("status", "状态；不写则为未办结、未静默的全部", (*EventStatus, SILENCED)),
    *(
        Parameter(name, label, TEXT, is_list=True)
        for name, label in (
            ("topic", "主题代码"),
            ("region", "地区代码"),
            ("heat", "热度档：high、middle、low"),
            ("negative", "负面率档：mostly、partly、hardly、too_few"),
            ("owner", "责任人编号，0 为无人认领"),
        )
    ),
    _choice("period", "近期有新内容", PERIODS),
    _choice("least", "最少篇数，不写为 2", [str(number) for number in THRESHOLDS]),
    _choice("sort", "排序", SORTS),
    CURSOR,
    LIMIT,
)

_P = Permission
ENDPOINTS = (
    Endpoint("/overview", "今日态势的数字", _P.OVERVIEW),
    Endpoint("/trend", "声量趋势", _P.OVERVIEW, TrendPoint, parameters=(_choice("span", "时间范围", SPANS),)),
    Endpoint("/documents", "检索信息", _P.SEARCH, SearchAnswer, parameters=SEARCH),
    Endpoint(
        "/documents/suggest", "检索框在光标处的输入建议", _P.SEARCH, Suggestion, is_page=True,
        parameters=(Parameter("q", "检索表达式", TEXT), Parameter("at", "光标位置，按字符从 0 数起", {"type": "integer", "minimum": 0})),
    ),
    Endpoint(
        "/documents/{id}", "一条信息的全文与标注", _P.SEARCH, DocumentResource,
        parameters=(Parameter("id", "信息编号", TEXT, where="path"),),
    ),
    Endpoint(
        "/standing-topics", "专题和它们的数字", _P.SEARCH, StandingTopicResource, is_page=True,
        parameters=(_choice("tab", "视图", TopicTab),),
    ),
    Endpoint("/standing-topics", "建立专题", _P.TOPIC_MANAGE, StandingTopicResource, method="post"),
    Endpoint("/standing-topics/{id}", "一个专题", _P.SEARCH, StandingTopicResource, parameters=(TOPIC_ID,)),
    Endpoint(
        "/standing-topics/{id}", "修改专题，正文带读到的 version", _P.TOPIC_MANAGE, StandingTopicResource,
        parameters=(TOPIC_ID,), method="patch",
    ),
    Endpoint(
        "/standing-topics/{id}", "专题不删除，总是答 409，请归档", _P.TOPIC_MANAGE, parameters=(TOPIC_ID,),
        method="delete",
    ),
    *(
        Endpoint(
            f"/standing-topics/{{id}}/{action}", summary, permission, StandingTopicResource,
            parameters=(TOPIC_ID,), method="post",
        )
        for action, summary, permission in (
            ("archive", "归档专题", _P.TOPIC_MANAGE),
            ("restore", "恢复专题", _P.TOPIC_MANAGE),
            ("subscribe", "订阅专题", _P.SEARCH),
            ("unsubscribe", "退订专题", _P.SEARCH),
        )
    ),
    Endpoint("/events", "热点事件", _P.EVENT_VIEW, EventRow, is_page=True, parameters=EVENTS),
    Endpoint(
        "/events/{id}", "一件事件的数字、摘要和传播", _P.EVENT_VIEW, EventResource,
        parameters=(Parameter("id", "事件编号", TEXT, where="path"),),
    ),
    Endpoint(
        "/alerts", "预警箱", _P.ALERT_VIEW, AlertRow, is_page=True,
        parameters=(_choice("tab", "视图", ("mine", "all", "closed")), CURSOR, LIMIT),
    ),
    Endpoint("/alerts/{id}", "一件预警", _P.ALERT_VIEW, AlertDetail, parameters=(ALERT_ID,)),
    Endpoint(
        "/alerts/{id}/acknowledge", "签收（可重复调用）", _P.ALERT_HANDLE, Acknowledged,
        parameters=(ALERT_ID,), method="post",
    ),
    Endpoint("/sources", "数据源及其健康", _P.SOURCE_VIEW, SourceRow, is_page=True),
    Endpoint(
        "/coverage", "覆盖：每个信源应有多少、看到多少、缺什么；不写时间为近 24 小时", _P.SOURCE_VIEW,
        CoverageAnswer, parameters=(SINCE, UNTIL),
    ),
    Endpoint("/rules", "预警规则", _P.RULE_VIEW, RuleRow, is_page=True),
    Endpoint("/calendar", "发布计划", _P.MEDIA_VIEW, CalendarEntry, is_page=True, parameters=(SINCE, UNTIL)),
    Endpoint("/drafts", "稿件", _P.MEDIA_VIEW, DraftResource, is_page=True, parameters=(CURSOR, LIMIT)),
    Endpoint("/accounts", "账号", _P.MEDIA_VIEW, AccountResource, is_page=True),
    Endpoint("/roster", "值班表", _P.ROSTER_VIEW, ShiftRow, is_page=True, parameters=(SINCE, UNTIL)),
    Endpoint("/system", "系统健康", _P.SYSTEM_VIEW),
)  # fmt: skip
