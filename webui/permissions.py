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
    SOURCE_VIEW = "source.view"
    SOURCE_MANAGE = "source.manage"
    RULE_VIEW = "rule.view"
    RULE_MANAGE = "rule.manage"
    CHANNEL_MANAGE = "channel.manage"
    USER_MANAGE = "user.manage"
    SYSTEM_VIEW = "system.view"
    AUDIT_VIEW = "audit.view"


_P = Permission
_LOOK = frozenset({_P.OWN, _P.OVERVIEW, _P.ALERT_VIEW, _P.ROSTER_VIEW})

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ANALYST: _LOOK | {_P.SEARCH, _P.EXPORT, _P.SOURCE_VIEW, _P.RULE_VIEW, _P.RULE_MANAGE, _P.MEDIA_VIEW},
    Role.DUTY: _LOOK | {_P.SEARCH, _P.ALERT_HANDLE, _P.ALERT_CLOSE, _P.RULE_VIEW},
    Role.EDITOR: _LOOK | {_P.SEARCH, _P.MEDIA_VIEW, _P.DRAFT_EDIT, _P.PUBLICATION_SCHEDULE},
    Role.REVIEWER: _LOOK | {_P.MEDIA_VIEW, _P.DRAFT_REVIEW},
    Role.LEADER: _LOOK | {_P.SEARCH, _P.ALERT_HANDLE, _P.ALERT_CLOSE, _P.MEDIA_VIEW, _P.DRAFT_REVIEW, _P.SYSTEM_VIEW},
    Role.ADMINISTRATOR: _LOOK
    | {
        _P.ROSTER_MANAGE, _P.ACCOUNT_MANAGE, _P.SOURCE_VIEW, _P.SOURCE_MANAGE, _P.RULE_VIEW, _P.RULE_MANAGE,
        _P.CHANNEL_MANAGE, _P.SYSTEM_VIEW, _P.MEDIA_VIEW,
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


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """Unite the permissions of the given role names; an unknown name grants nothing."""
    known = set(Role)
    return frozenset().union(*(ROLE_PERMISSIONS[Role(role)] for role in roles if role in known))


def holders(permission: Permission) -> str:
    """Name, in Chinese, the roles that hold a permission: for the page that refuses."""
    return "、".join(
        label for role, label in ROLE_LABELS.items() if permission in ROLE_PERMISSIONS[role]
    )
