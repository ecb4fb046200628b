"""Process roles: each runs alone, N times, on many machines; ``serve`` runs them all on one."""

import threading
from collections.abc import Callable
from typing import TypeAlias

from core.registry import PluginTable
from zhisheng.services import Services

RunRole: TypeAlias = Callable[[Services, threading.Event], None]

ROLES: PluginTable[RunRole] = PluginTable(
    "进程角色",
    [
        ("web", "zhisheng.roles.web:run"),
        ("crawl", "zhisheng.roles.crawl:run"),
        ("understand", "zhisheng.roles.understand:run"),
        ("index", "zhisheng.roles.index:run"),
        ("engine", "zhisheng.roles.engine:run"),
        ("send", "zhisheng.roles.send:run"),
        ("publish", "zhisheng.roles.publish:run"),
        ("world", "zhisheng.roles.world:run"),
    ],
)
# The demo world is no role of a real installation.
DEMO_ROLES = frozenset({"world"})
