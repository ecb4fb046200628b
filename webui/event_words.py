"""What the pages of events call things."""

from __future__ import annotations

from collections.abc import Mapping

from core.database.models.understanding import EventStatus, StoryRelation
from core.event_list import EventFacet, HeatLevel, NegativeLevel

STATUS_LABELS: Mapping[EventStatus, str] = {
    EventStatus.NEW: "新发",
    EventStatus.RISING: "升温",
    EventStatus.REBOUND: "反弹",
    EventStatus.ONGOING: "持续",
    EventStatus.FALLING: "回落",
    EventStatus.CLOSED: "办结",
}
HEAT_LABELS: Mapping[str, str] = {
    HeatLevel.HIGH.value: "高（60 以上）",
    HeatLevel.MIDDLE.value: "中（30 至 60）",
    HeatLevel.LOW.value: "低（30 以下）",
}
NEGATIVE_LABELS: Mapping[str, str] = {
    NegativeLevel.MOSTLY.value: "一半以上",
    NegativeLevel.PARTLY.value: "两成至一半",
    NegativeLevel.HARDLY.value: "不到两成",
    NegativeLevel.TOO_FEW.value: "不足 5 篇，不计",
}
FACET_LABELS: Mapping[EventFacet, str] = {
    EventFacet.TOPIC: "主题",
    EventFacet.REGION: "地区",
    EventFacet.HEAT: "热度",
    EventFacet.NEGATIVE: "负面率",
    EventFacet.OWNER: "责任人",
}
RELATION_LABELS: Mapping[StoryRelation, str] = {
    StoryRelation.FIRST: "首发",
    StoryRelation.EXACT: "原样转载",
    StoryRelation.REPRINT: "转载",
    StoryRelation.REWRITE: "改写",
    StoryRelation.VERSION: "更新版",
}
NO_OWNER = "无人认领"
