"""Health, alarms and spans of time of sources, in words."""

from __future__ import annotations

from collections.abc import Mapping

from core.source_health import SourceHealth

HEALTH_LABELS: Mapping[SourceHealth, str] = {
    SourceHealth.OK: "正常",
    SourceHealth.FAILING: "异常",
    SourceHealth.SILENT: "静默",
    SourceHealth.DEGRADED: "质量下降",
    SourceHealth.PAUSED: "已暂停",
}
IN_ORDER = (
    SourceHealth.FAILING,
    SourceHealth.SILENT,
    SourceHealth.DEGRADED,
    SourceHealth.OK,
    SourceHealth.PAUSED,
)
ALARM_LABELS: Mapping[str, str] = {
    "source-silent": "静默",
    "source-empty": "从未有内容",
    "source-failing": "采集失败",
    "source-overdue": "逾期未采集",
    "source-degraded": "提取质量下降",
}


def lasting(seconds: float | None) -> str:
    """Write ``40 秒``, ``12 分钟``, ``3 小时`` or ``2 天``; unknown is a dash."""
    if seconds is None:
        return "—"
    for limit, unit, word in ((90, 1, "秒"), (5400, 60, "分钟"), (172_800, 3600, "小时")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {word}"
    return f"{seconds / 86_400:.0f} 天"


def notice_link(key: str) -> str | None:
    """Give where a notice to the operators is looked into; None for those that name no source."""
    kind, _, source_id = key.partition(":")
    if kind == "collecting-stopped":
        return "/sources"
    return f"/sources/{source_id}/coverage" if kind in ALARM_LABELS and source_id else None
