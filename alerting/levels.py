"""What levels, states, layers and reasons are called."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from core.database.models.alerting import (
    AlertState,
    DeliveryState,
    ReportState,
    Severity,
    Verdict,
)
from core.database.models.duty import Layer

SEVERITY_NAMES: Mapping[Severity, str] = MappingProxyType(
    {
        Severity.RED: "red",
        Severity.ORANGE: "orange",
        Severity.YELLOW: "yellow",
        Severity.BLUE: "blue",
    }
)
SEVERITIES: Mapping[str, Severity] = MappingProxyType(
    {name: severity for severity, name in SEVERITY_NAMES.items()}
)
SEVERITY_LABELS: Mapping[Severity, str] = MappingProxyType(
    {
        Severity.RED: "红色",
        Severity.ORANGE: "橙色",
        Severity.YELLOW: "黄色",
        Severity.BLUE: "蓝色",
    }
)
STATE_LABELS: Mapping[AlertState, str] = MappingProxyType(
    {
        AlertState.PENDING: "待确认",
        AlertState.OPEN: "待签收",
        AlertState.ACKNOWLEDGED: "已签收",
        AlertState.RESOLVED: "已处置",
        AlertState.CLOSED: "已关闭",
    }
)
VERDICT_LABELS: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.VALID: "有效",
        Verdict.FALSE_ALARM: "误报",
        Verdict.DUPLICATE: "重复",
        Verdict.LEVEL_TOO_HIGH: "级别偏高",
        Verdict.LEVEL_TOO_LOW: "级别偏低",
    }
)
LAYER_LABELS: Mapping[Layer, str] = MappingProxyType(
    {Layer.FIRST: "主班", Layer.SECOND: "副班", Layer.LEADER: "带班领导"}
)
REPORT_STATE_LABELS: Mapping[ReportState, str] = MappingProxyType(
    {
        ReportState.NONE: "无需报送",
        ReportState.DUE: "待报送",
        ReportState.FIRST_SENT: "已初报",
        ReportState.FOLLOW_UP_DUE: "待续报",
        ReportState.FINAL_SENT: "已终报",
    }
)
DELIVERY_STATE_LABELS: Mapping[DeliveryState, str] = MappingProxyType(
    {
        DeliveryState.PENDING: "待发送",
        DeliveryState.SENDING: "发送中",
        DeliveryState.SENT: "已送达",
        DeliveryState.UNKNOWN: "结果未知",
        DeliveryState.DEAD: "未能送达",
        DeliveryState.CANCELLED: "已取消",
    }
)
REASON_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "first": "首次通知",
        "rise": "级别上升",
        "growth": "传播扩大",
        "repeat": "仍未签收",
        "idle": "签收后无进展",
        "report": "报送时限",
        "late_report": "报送超时",
        "digest": "每日汇总",
        "fallback": "换渠道或换人",
    }
)


def reason_label(reason: str) -> str:
    """Name why a message was sent; a reason is a word, optionally followed by ``:`` and details."""
    return REASON_LABELS.get(reason.partition(":")[0], reason)
