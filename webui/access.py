"""Marks views with what they require, and refuses everybody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from flask import Flask, abort, g

from core.errors import AccessDeniedError, ConfigurationError
from webui.permissions import Permission, holders

View = TypeVar("View", bound=Callable[..., object])
MARK = "__zhisheng_access__"


@dataclass(frozen=True, slots=True)
class Viewer:
    """The signed-in person of this request."""

    id: int
    login: str
    name: str
    roles: tuple[str, ...]
    permissions: frozenset[Permission]
    organisation_id: int
    session_id: int | None
    must_change_password: bool
    must_enrol_second_factor: bool

    @property
    def actor(self) -> str:
        """How audit and timeline entries name this person."""
        return f"person:{self.id}"

    def may(self, permission: Permission | str) -> bool:
        return permission in self.permissions


def require(permission: Permission) -> Callable[[View], View]:
    """Let only holders of ``permission`` call the view."""

    def mark(view: View) -> View:
        setattr(view, MARK, permission)
        return view

    return mark


def public(view: View) -> View:
    """Let anybody call the view: sign-in, health checks, our own feed."""
    setattr(view, MARK, None)
    return view


def viewer() -> Viewer:
    """Give the signed-in person; only views that ``require`` something may ask."""
    found = g.get("viewer")
    if found is None:
        abort(401)
    # ``g`` holds Any by nature; webui.signin puts a Viewer there.
    return cast("Viewer", found)


def permission_of(app: Flask, endpoint: str) -> Permission | None:
    """Give what a view requires, None for public ones; raises ConfigurationError when it says neither."""
    view = app.view_functions[endpoint]
    if not hasattr(view, MARK):
        raise ConfigurationError(f"view {endpoint!r} names no permission and is not marked public")
    # The mark is set only by ``require`` and ``public`` above.
    return cast("Permission | None", getattr(view, MARK))


def check_all_marked(app: Flask) -> None:
    """Stop the start when any route forgot to say who may call it."""
    for rule in app.url_map.iter_rules():
        permission_of(app, rule.endpoint)


def refuse(permission: Permission) -> AccessDeniedError:
    return AccessDeniedError(
        f"这项操作需要「{holders(permission)}」的权限，您的账号没有。什么也没有改动；需要时请联系安全管理员。"
    )
