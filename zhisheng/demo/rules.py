"""The demo's synonym groups, and rules that use them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerting.rules import RuleDraft, create_rule
from config.synonym_groups import load_starter_groups
from core.database.models.alerting import Severity
from core.database.models.understanding import SynonymGroup
from core.synonym_groups import add_starters
from zhisheng.expressions import rule_language

DRAFTS = (
    RuleDraft(
        name="骑手反映平台规则",
        kind="keyword",
        severity=Severity.BLUE,
        purpose="新就业形态劳动者权益",
        expression="{骑手} {平台规则} 情感:负面 涉工:是",
        advice="了解是哪个平台、改了什么规则，转行业工会联合会同平台企业沟通。",
    ),
    RuleDraft(
        name="超时加班反映",
        kind="keyword",
        severity=Severity.BLUE,
        purpose="劳动关系风险预警",
        expression="标题:{加班} 情感:负面 涉工:是",
        advice="汇入日报；同一单位多次出现的，提示属地工会了解工时和加班费。",
    ),
)


def install_rules(session: Session, person_id: int, now: dt.datetime) -> None:
    """Make them once; whatever somebody changes or deletes stays as it is."""
    if session.scalar(select(SynonymGroup.id).limit(1)) is not None:
        return
    add_starters(session, load_starter_groups(), person_id=person_id, now=now)
    language = rule_language(session)
    for draft in DRAFTS:
        create_rule(session, draft, person_id=person_id, now=now, language=language)
