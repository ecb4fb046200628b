"""What is still missing before an empty installation can warn anybody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import any_, func, literal, select
from sqlalchemy.orm import Session

from alerting.channels_config import CONSOLE, list_channels
from alerting.roster import on_duty
from alerting.rules import list_rules
from core.database.models.collecting import Source, SourceState
from core.database.models.duty import Layer
from core.database.models.organisation import Person, Role


@dataclass(frozen=True, slots=True)
class SetupStep:
    title: str
    why: str
    href: str
    is_done: bool


def setup_steps(session: Session, now: dt.datetime) -> list[SetupStep]:
    """List the steps in the order to take them."""
    return list(_steps(session, now))


def _steps(session: Session, now: dt.datetime) -> Iterator[SetupStep]:
    is_duty = literal(Role.DUTY.value) == any_(Person.roles)
    officers = session.scalar(select(func.count()).where(is_duty, Person.is_active)) or 0
    yield SetupStep(
        "添加值班员", "预警要有人签收，先给值班员建账号。", "/users/new", is_done=officers > 0
    )
    tested = any(row.is_enabled and row.name != CONSOLE for row in list_channels(session))
    yield SetupStep(
        "设置通知渠道",
        "配好邮件或企业微信并发送测试，预警才能到人。",
        "/channels",
        is_done=tested,
    )
    on_now = [person for person in on_duty(session, now, layers=list(Layer)) if person.layer]
    yield SetupStep(
        "排好值班表", "没有排班时预警只能找带班领导或管理员。", "/roster", is_done=bool(on_now)
    )
    active = session.scalar(
        select(func.count()).select_from(Source).where(Source.state == SourceState.ACTIVE.value)
    )
    yield SetupStep(
        "启用数据源", "从一个网站、订阅源或导入文件开始。", "/sources", is_done=bool(active)
    )
    enabled = any(rule.is_enabled for rule in list_rules(session, now))
    yield SetupStep("核对预警规则", "确认默认规则，或写自己的规则。", "/rules", is_done=enabled)
