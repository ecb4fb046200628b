"""A document whose text meets an expression."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from alerting.rule import Finding, LiveRule, Member, Subject
from core.options import FieldSpec


class KeywordRule:
    name = "keyword"
    label = "关键词"
    needs_expression = True
    options = (
        FieldSpec(
            "topic",
            "所属主题",
            help="同一主题、同一地区的内容归入一条预警；留空时按内容自己的首个主题归并。",
        ),
    )

    def admits(self, rule: LiveRule, subject: Subject) -> bool:  # noqa: ARG002 (the protocol gives both)
        return subject.has_expression_match

    def window(self, rule: LiveRule) -> dt.timedelta | None:  # noqa: ARG002 (as above)
        return None

    def document_findings(self, rule: LiveRule, subject: Subject) -> tuple[Finding, ...]:
        return (Finding(why=f"内容符合规则「{rule.name}」的表达式", spans=subject.spans),)

    def window_findings(
        self, rule: LiveRule, bucket: dt.datetime, members: Sequence[Member]
    ) -> tuple[Finding, ...]:
        del rule, bucket, members
        return ()


KEYWORD = KeywordRule()
