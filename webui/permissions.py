"""Which role may do what. Deny by default: a view without a permission or a public mark stops the start."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from core.database.models.organisation import Role


class Permission(StrEnum):
    """One thing somebody may do; the value is what ``@require`` names."""

    OWN = "own"  # what every signed-in person may do to their own profile
    OVERVIEW = "overview.view"
    SEARCH = "document.view"
    EXPORT = "document.export"
    EXPORT_APPROVE = "document.export.approve"
    TOPIC_MANAGE = "topic.manage"
    CORRECT = "document.correct"
    EVIDENCE_VIEW = "evidence.view"
    EVIDENCE_TAKE = "evidence.take"
    EVIDENCE_EXPORT = "evidence.export"  # the file holds the raw page, nothing in it masked
    CONTACT_READ = "contact.read"  # how somebody who wrote to the union may be reached
    EVENT_VIEW = "event.view"
    EVENT_HANDLE = "event.handle"
    ALERT_VIEW = "alert.view"
    ALERT_HANDLE = "alert.handle"
    ALERT_CLOSE = "alert.close"
    ROSTER_VIEW = "roster.view"
    ROSTER_MANAGE = "roster.manage"
    MEDIA_VIEW = "media.view"
    DRAFT_EDIT = "draft.edit"
    DRAFT_REVIEW = "draft.review"
    PUBLICATION_SCHEDULE = "publication.schedule"
    ACCOUNT_MANAGE = "account.manage"
    ACCOUNT_SILENCE = "account.silence"
    SOURCE_VIEW = "source.view"
    SOURCE_MANAGE = "source.manage"
    RULE_VIEW = "rule.view"
    RULE_MANAGE = "rule.manage"
    CHANNEL_MANAGE = "channel.manage"
    USER_MANAGE = "user.manage"
    SYSTEM_VIEW = "system.view"
    SYSTEM_MANAGE = "system.manage"
    AUDIT_VIEW = "audit.view"


_P = Permission
_LOOK = frozenset({_P.OWN, _P.OVERVIEW, _P.ALERT_VIEW, _P.ROSTER_VIEW})

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ANALYST: _LOOK | {_P.SEARCH, _P.EXPORT, _P.TOPIC_MANAGE, _P.CORRECT, _P.EVENT_VIEW, _P.EVENT_HANDLE,
    _P.EVIDENCE_VIEW, _P.EVIDENCE_TAKE,
    _P.SOURCE_VIEW, _P.RULE_VIEW, _P.RULE_MANAGE, _P.MEDIA_VIEW},
    Role.DUTY: _LOOK | {_P.SEARCH, _P.EXPORT, _P.TOPIC_MANAGE, _P.EVENT_VIEW, _P.EVENT_HANDLE, _P.ALERT_HANDLE,
    _P.ALERT_CLOSE, _P.RULE_VIEW, _P.EVIDENCE_VIEW, _P.EVIDENCE_TAKE, _P.CONTACT_READ},
    Role.EDITOR: _LOOK | {_P.SEARCH, _P.EVENT_VIEW, _P.MEDIA_VIEW, _P.DRAFT_EDIT, _P.PUBLICATION_SCHEDULE,
    _P.ACCOUNT_SILENCE},
    Role.REVIEWER: _LOOK | {_P.MEDIA_VIEW, _P.DRAFT_REVIEW},
    Role.LEADER: _LOOK | {_P.SEARCH, _P.EXPORT, _P.EXPORT_APPROVE, _P.TOPIC_MANAGE, _P.CORRECT, _P.EVENT_VIEW,
    _P.EVENT_HANDLE, _P.ALERT_HANDLE, _P.ALERT_CLOSE, _P.EVIDENCE_VIEW, _P.EVIDENCE_TAKE, _P.EVIDENCE_EXPORT,
    _P.CONTACT_READ,
    _P.MEDIA_VIEW, _P.DRAFT_REVIEW, _P.ACCOUNT_SILENCE, _P.SYSTEM_VIEW},
    Role.ADMINISTRATOR: _LOOK
    | {
        _P.ROSTER_MANAGE, _P.ACCOUNT_MANAGE, _P.SOURCE_VIEW, _P.SOURCE_MANAGE, _P.RULE_VIEW, _P.RULE_MANAGE,
        _P.CHANNEL_MANAGE, _P.SYSTEM_VIEW, _P.SYSTEM_MANAGE, _P.MEDIA_VIEW, _P.ACCOUNT_SILENCE,
    },
    Role.SECURITY: frozenset({_P.OWN, _P.USER_MANAGE}),
    Role.AUDITOR: frozenset({_P.OWN, _P.AUDIT_VIEW, _P.SYSTEM_VIEW}),
}  # fmt: skip

ROLE_LABELS: Mapping[Role, str] = {
    Role.ANALYST: "舆情分析员",
    Role.DUTY: "值班员",
    Role.EDITOR: "新媒体编辑",
    Role.REVIEWER: "审校员",
    Role.LEADER: "分管领导",
    Role.ADMINISTRATOR: "系统管理员",
    Role.SECURITY: "安全管理员",
    Role.AUDITOR: "审计管理员",
}

PERMISSION_LABELS: Mapping[Permission, str] = {
    _P.OWN: "管理自己的账号",
    _P.OVERVIEW: "看今日态势",
    _P.SEARCH: "检索和阅读信息",
    _P.EXPORT: "导出信息",
    _P.EXPORT_APPROVE: "批准较大的导出",
    _P.TOPIC_MANAGE: "建立和修改专题",
    _P.CORRECT: "更正标注",
    _P.EVIDENCE_VIEW: "看存证",
    _P.EVIDENCE_TAKE: "存证",
    _P.CONTACT_READ: "查看来信人的联系方式",
    _P.EVIDENCE_EXPORT: "下载存证的原始网页",
    _P.EVENT_VIEW: "看热点事件",
    _P.EVENT_HANDLE: "认领、合并、拆分、静默和办结事件",
    _P.ALERT_VIEW: "看预警",
    _P.ALERT_HANDLE: "签收和处置预警",
    _P.ALERT_CLOSE: "办结预警",
    _P.ROSTER_VIEW: "看值班表",
    _P.ROSTER_MANAGE: "排班",
    _P.MEDIA_VIEW: "看稿件、日历和账号",
    _P.DRAFT_EDIT: "撰写稿件",
    _P.DRAFT_REVIEW: "审校稿件",
    _P.PUBLICATION_SCHEDULE: "安排发布",
    _P.ACCOUNT_MANAGE: "管理发布账号",
    _P.ACCOUNT_SILENCE: "暂停对外发布",
    _P.SOURCE_VIEW: "看数据源",
    _P.SOURCE_MANAGE: "管理数据源",
    _P.RULE_VIEW: "看规则",
    _P.RULE_MANAGE: "管理规则",
    _P.CHANNEL_MANAGE: "管理通知渠道",
    _P.USER_MANAGE: "管理用户和组织",
    _P.SYSTEM_VIEW: "看系统健康",
    _P.SYSTEM_MANAGE: "处理系统故障",
    _P.AUDIT_VIEW: "看审计记录",
}


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """Unite the permissions of the given role names; an unknown name grants nothing."""
    known = set(Role)
    return frozenset().union(*(ROLE_PERMISSIONS[Role(role)] for role in roles if role in known))


def holders(permission: Permission) -> str:
    """Name, in Chinese, the roles that hold a permission: for the page that refuses."""
    return "、".join(
        label for role, label in ROLE_LABELS.items() if permission in ROLE_PERMISSIONS[role]
    )
