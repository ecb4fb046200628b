"""The menu: what each entry opens and who sees it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, request, url_for

from webui.access import Viewer
from webui.permissions import Permission


@dataclass(frozen=True, slots=True)
class Entry:
    group: str
    label: str
    endpoint: str
    permission: Permission


ENTRIES = (
    Entry("研判", "今日态势", "overview.index", Permission.OVERVIEW),
    Entry("研判", "热点事件", "events.index", Permission.EVENT_VIEW),
    Entry("研判", "信息检索", "documents.index", Permission.SEARCH),
    Entry("研判", "专题", "standing_topics.index", Permission.SEARCH),
    Entry("研判", "导出", "exports.index", Permission.EXPORT),
    Entry("值班", "预警箱", "alerts.index", Permission.ALERT_VIEW),
    Entry("值班", "存证", "evidence.index", Permission.EVIDENCE_VIEW),
    Entry("值班", "收件箱", "inbox.index", Permission.OWN),
    Entry("值班", "值班表", "roster.index", Permission.ROSTER_VIEW),
    Entry("新媒体", "内容日历", "calendar.index", Permission.MEDIA_VIEW),
    Entry("新媒体", "稿件", "drafts.index", Permission.MEDIA_VIEW),
    Entry("新媒体", "审校队列", "reviews.index", Permission.MEDIA_VIEW),
    Entry("新媒体", "账号", "accounts.index", Permission.MEDIA_VIEW),
    Entry("管理", "数据源", "sources.index", Permission.SOURCE_VIEW),
    Entry("管理", "规则", "rules.index", Permission.RULE_VIEW),
    Entry("管理", "同义词组", "synonym_groups.index", Permission.RULE_VIEW),
    Entry("管理", "通知渠道", "channels.index", Permission.CHANNEL_MANAGE),
    Entry("管理", "用户机构", "users.index", Permission.USER_MANAGE),
    Entry("管理", "审计", "audit.index", Permission.AUDIT_VIEW),
    Entry("管理", "系统健康", "system.index", Permission.SYSTEM_VIEW),
)

# Pages that have no entry of their own.
BELONGS_TO = {
    "source_coverage": "sources",
    "event_forms": "events",
    "event_actions": "events",
    "suggestions": "documents",
    "standing_topic_forms": "standing_topics",
}

# Where each role lands after signing in, in this order (console.md §3).
LANDING = (
    (Permission.ALERT_HANDLE, "alerts.index"),
    (Permission.DRAFT_EDIT, "calendar.index"),
    (Permission.DRAFT_REVIEW, "reviews.index"),
    (Permission.SEARCH, "overview.index"),
    (Permission.SYSTEM_VIEW, "system.index"),
    (Permission.USER_MANAGE, "users.index"),
)


def landing(viewer: Viewer) -> str:
    """Give the address of the page a person starts on."""
    for permission, endpoint in LANDING:
        if viewer.may(permission) and endpoint in current_app.view_functions:
            return url_for(endpoint)
    return url_for("profile.index")


def menu(viewer: Viewer, pills: dict[str, int]) -> list[dict[str, object]]:
    """Build the groups the layout draws; ``pills`` maps an endpoint to its count."""
    groups: dict[str, list[dict[str, object]]] = {}
    current = (request.endpoint or "").partition(".")[0]
    current = BELONGS_TO.get(current, current)
    for entry in ENTRIES:
        # An application made of some pages alone has a menu of these alone.
        if not viewer.may(entry.permission) or entry.endpoint not in current_app.view_functions:
            continue
        groups.setdefault(entry.group, []).append(
            {
                "label": entry.label,
                "href": url_for(entry.endpoint),
                "endpoint": entry.endpoint,
                "current": entry.endpoint.partition(".")[0] == current,
                "pill": pills.get(entry.endpoint) or None,
                "pill_quiet": entry.endpoint != "alerts.index",
            }
        )
    return [{"label": label, "items": items} for label, items in groups.items()]
