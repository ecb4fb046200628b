"""The first wording of a report, from what the alert knows; a person completes it."""

from __future__ import annotations

from alerting.alert_detail import AlertDetail
from alerting.deadlines import REPORT_LABELS, ReportKind
from webui.formats import short_time
from webui.vocabulary import narrow_regions, topic_label

ORDER = (ReportKind.ORAL, ReportKind.WRITTEN, ReportKind.FOLLOW_UP, ReportKind.FINAL)


def next_kind(alert: AlertDetail) -> ReportKind:
    """Give the report that is owed next; without any owed clock, the one after the last that was made."""
    owed = [
        clock for clock in alert.deadlines if clock.done_at is None and clock.kind in set(ORDER)
    ]
    if owed:
        return ReportKind(min(owed, key=lambda clock: clock.at).kind)
    done = {clock.kind for clock in alert.deadlines if clock.done_at is not None}
    return next((kind for kind in ORDER if kind.value not in done), ReportKind.FOLLOW_UP)


def draft_report(alert: AlertDetail, kind: ReportKind, name: str, coverage: str) -> str:
    """Word the report; ``coverage`` is the sentence that says how complete its numbers are."""
    row = alert.row
    places = "、".join(narrow_regions(row.regions)) or "地区待核实"
    topics = "、".join(topic_label(code) for code in row.topics) or "主题待核实"
    taken = [
        f"{short_time(entry.at)} {entry.actor_name}：{entry.text}"
        for entry in alert.timeline
        if entry.actor.startswith("person:")
    ]
    return "\n".join(
        [
            f"关于“{row.title}”的{REPORT_LABELS[kind]}（{row.number}）",
            f"一、基本情况：{places}，{topics}。{row.summary or ''}",
            f"二、传播情况：截至 {short_time(row.last_match_at)}，共 {row.documents} 条内容、{row.sources} 个信源。",
            f"三、初步研判：{row.severity_label}。{alert.severity_reason or alert.evidence.why}",
            f"四、已采取措施：{'；'.join(taken) or '已启动核实'}。",
            f"五、下一步：{alert.advice or '继续核实，视情续报'}",
            f"六、{coverage}",
            f"报送人：{name}",
        ]
    )
