"""So many documents, from so many sources and authors, within a window of published time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from alerting.rule import Finding, LiveRule, Measure, Member, Subject
from core.options import FieldKind, FieldSpec

LONGEST_WINDOW_MIN = 48 * 60
POLARITIES = (("positive", "正面"), ("neutral", "中性"), ("negative", "负面"))


class ThresholdRule:
    name = "threshold"
    label = "数量阈值"
    needs_expression = False
    options = (
        FieldSpec(
            "window_minutes",
            "时间窗（分钟）",
            FieldKind.NUMBER,
            required=True,
            default=30,
            minimum=1,
            maximum=LONGEST_WINDOW_MIN,
        ),
        FieldSpec(
            "documents",
            "至少多少条",
            FieldKind.NUMBER,
            required=True,
            default=5,
            minimum=1,
            maximum=100_000,
        ),
        FieldSpec(
            "sources",
            "至少多少个信源",
            FieldKind.NUMBER,
            default=0,
            minimum=0,
            maximum=1000,
            help="防止一个信源刷屏触发预警；0 表示不限。",
        ),
        FieldSpec(
            "authors",
            "至少多少个不同作者",
            FieldKind.NUMBER,
            default=0,
            minimum=0,
            maximum=1000,
            help="按匿名编号计数，不保存作者名；0 表示不限。",
        ),
        FieldSpec("topics", "主题", FieldKind.LIST, help="有其中一个主题就计入；留空表示不限。"),
        FieldSpec(
            "polarities", "情感", FieldKind.LIST, help="positive、neutral、negative；留空表示不限。"
        ),
    )

    def admits(self, rule: LiveRule, subject: Subject) -> bool:
        topics, polarities = _names(rule, "topics"), _names(rule, "polarities")
        return (
            subject.has_expression_match
            and (not topics or bool(topics & set(subject.topics)))
            and (not polarities or subject.polarity in polarities)
        )

    def window(self, rule: LiveRule) -> dt.timedelta | None:
        return dt.timedelta(minutes=_count(rule, "window_minutes"))

    def document_findings(self, rule: LiveRule, subject: Subject) -> tuple[Finding, ...]:
        del rule, subject
        return ()

    def window_findings(
        self, rule: LiveRule, bucket: dt.datetime, members: Sequence[Member]
    ) -> tuple[Finding, ...]:
        """Find the first window ``[member, member + W)`` of the bucket that reaches every threshold."""
        length = dt.timedelta(minutes=_count(rule, "window_minutes"))
        ordered = sorted(members, key=lambda member: (member.published_at, member.document_id))
        end = 0
        for start, first in enumerate(ordered):
            if not bucket <= first.published_at < bucket + length:
                continue
            end = max(end, start)
            while end < len(ordered) and ordered[end].published_at < first.published_at + length:
                end += 1
            finding = _finding(rule, bucket, ordered[start:end], first.published_at + length)
            if finding is not None:
                return (finding,)
        return ()


def _finding(
    rule: LiveRule, bucket: dt.datetime, members: Sequence[Member], until: dt.datetime
) -> Finding | None:
    sources = len({member.source_id for member in members})
    authors = len({member.author_hash for member in members if member.author_hash is not None})
    wanted = (_count(rule, "documents"), _count(rule, "sources"), _count(rule, "authors"))
    if len(members) < wanted[0] or sources < wanted[1] or authors < wanted[2]:
        return None
    minutes = _count(rule, "window_minutes")
    measures = [Measure("内容条数", len(members), wanted[0]), Measure("信源数", sources, wanted[1])]
    if wanted[2]:
        measures.append(Measure("作者数", authors, wanted[2]))
    return Finding(
        why=f"{minutes} 分钟内有 {len(members)} 条内容、{sources} 个信源，达到规则「{rule.name}」的阈值",
        measures=tuple(measures),
        bucket=bucket,
        window=(members[0].published_at, until),
        document_ids=tuple(member.document_id for member in members),
    )


def _count(rule: LiveRule, name: str) -> int:
    value = rule.options.get(name)
    return int(value) if isinstance(value, int | float) else 0


def _names(rule: LiveRule, name: str) -> set[str]:
    value = rule.options.get(name)
    return set(value) if isinstance(value, list) else set()


THRESHOLD = ThresholdRule()
