"""What a trial run found, in sentences: every number beside what it is compared with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from alerting.trial import AlertEstimate, JudgedHits
from core.expression import Expression, print_expression
from core.expression.fields import FIELD_LABELS
from core.expression.syntax import Condition, Group, Leaf, Near, TimeRange, Word, leaves
from core.search.base import Interval
from core.trial import Part, Trial
from core.trial_terms import Term, WordingChange, recent_ranges
from webui.formats import local, number, percent, short_time
from webui.vocabulary import region_label, topic_label

DAY = dt.timedelta(days=1)
PART_LABELS = {
    Part.RELEVANCE: "涉工与非涉工的条数",
    Part.DIFFERENCE: "和已保存版本的差别",
    Part.SAMPLES: "抽样",
    Part.COMPARISON: "和以前的比较",
    Part.TERMS: "各个词的噪声",
}


def leaf_text(leaf: Leaf) -> str:
    """Write one word or condition as people type it, places and topics by their names."""
    if isinstance(leaf, Condition):
        names = {"region": region_label, "topic": topic_label}.get(leaf.field.value)
        if names is not None:
            return f"{FIELD_LABELS[leaf.field]}:{','.join(names(value) for value in leaf.values)}"
    return print_expression(leaf)


def term_kind(term: Term) -> str:
    if term.rest is not None:
        return "NEAR 一侧的词"
    match term.shown:
        case Near():
            return "相邻"
        case Group():
            return f"同义词组，{len(term.shown.words)} 个词"
        case Word(parts) if len(parts) > 1:
            return "短语"
        case _:
            return "词"


def volume_sentence(trial: Trial) -> str:
    if not trial.total:
        return f"过去 {trial.days} 天里没有一条命中。{_before(trial)}"
    mean = trial.total / trial.days
    average = f"，平均每天 {mean:.1f} 条" if trial.days > 1 else ""
    return f"过去 {trial.days} 天命中 {number(trial.total)} 条{average}。{_before(trial)}"


def _before(trial: Trial) -> str:
    if trial.before is None:
        return ""
    return (
        f"再往前 {trial.days} 天是 {number(trial.before)} 条{_changed(trial.total, trial.before)}。"
    )


def _changed(current: int, before: int) -> str:
    if not before or current == before:
        return "，持平" if current == before else ""
    return f"，这次{'多' if current > before else '少'} {abs(current - before) / before * 100:.0f}%"


def peak_sentence(trial: Trial) -> str:
    """Say which day (or hour) has most hits: what the bars show, for who does not see them."""
    peak = max(trial.points, key=lambda point: (point.total, point.start))
    wide = trial.interval is Interval.HOUR
    when = short_time(peak.start) if wide else local(peak.start).strftime("%m-%d")
    quiet = sum(point.total == 0 for point in trial.points)
    unit = "个小时" if wide else "天"
    empty = f"，有 {quiet} {unit}一条也没有" if quiet else ""
    return f"最多的是 {when}，{number(peak.total)} 条，其中负面 {number(peak.negative)} 条{empty}。"


def share_sentence(trial: Trial) -> str:
    if trial.share is None:
        return ""
    return f"同期共收到 {number(trial.everything)} 条信息，命中占 {percent(trial.share)}。"


def time_notes(expression: Expression | None, trial: Trial, *, is_rule: bool) -> Iterator[str]:
    """Say what time ranges in the expression mean for a trial over days."""
    if expression is None:
        return
    for recent in recent_ranges(expression):
        if recent.recent is not None and recent.recent < trial.days * DAY:
            text = print_expression(recent)
            live = (
                "规则启用后，它从检查每条新内容的那一刻往回数，因此实际命中会比这里多。"
                if is_rule
                else "专题页上也是这样数，所以专题里的内容会不断移出。"
            )
            yield f"“{text}”从现在往回数，试跑的 {trial.days} 天里更早的内容都不算命中。{live}"
    for leaf in leaves(expression):
        if isinstance(leaf, TimeRange) and leaf.recent is None and not _overlaps(leaf, trial):
            text = print_expression(leaf)
            yield f"“{text}”不在试跑的 {trial.days} 天里；要看它的命中，请到“信息检索”里查。"


def _overlaps(leaf: TimeRange, trial: Trial) -> bool:
    starts_early = leaf.since is None or leaf.since < trial.until
    return starts_early and (leaf.until is None or leaf.until > trial.since)


def wording_lines(change: WordingChange) -> list[tuple[str, tuple[str, ...]]]:
    """List what was reworded, by how; empty when only brackets or operators changed."""
    kinds: Sequence[tuple[str, tuple[Leaf, ...]]] = (
        ("新加", change.added),
        ("去掉", change.removed),
        ("新排除", change.newly_excluded),
        ("不再排除", change.no_longer_excluded),
    )
    return [(name, tuple(map(leaf_text, changed))) for name, changed in kinds if changed]


def alert_sentence(estimate: AlertEstimate, trial: Trial) -> str:
    """Say how many alerts there would have been, as the estimate that it is."""
    if not estimate.total:
        return "没有命中，不会产生预警。"
    if not estimate.documents:
        return "检索引擎较慢，这次没有估计会有多少件预警。"
    of = (
        f"只看了最近的 {number(estimate.documents)} 条命中，"
        if estimate.documents < estimate.total
        else ""
    )
    if not estimate.alerts:
        return f"估计：{of}没有一组达到阈值，不会产生预警。"
    mean = f"，平均每天 {estimate.alerts / trial.days:.1f} 件" if trial.days > 1 else ""
    day, count = estimate.busiest or (None, 0)
    busiest = f"，最多的一天（{day:%m-%d}）{count} 件" if day and trial.days > 1 else ""
    reached = "达到阈值，" if estimate.has_windows else ""
    return (
        f"估计：{of}按归并方式{reached}会有 {estimate.alerts} 件预警{mean}{busiest}。"
        "同一组在办结前只算一件；办结后又有新内容会再报，实际可能更多。"
    )


def judged_sentences(judged: JudgedHits, saved: JudgedHits | None, *, is_own: bool) -> list[str]:
    """Compare with what people judged; nothing where nothing was judged."""
    whose = "这条规则" if is_own else "所有规则"
    said = []
    if judged.false:
        before = f"（保存的版本 {saved.false_found} 条）" if saved else ""
        said.append(
            f"{whose}的预警里被判误报的 {judged.false} 条内容，会再命中 {judged.false_found} 条{before}。"
        )
    if judged.right:
        before = f"（保存的版本 {saved.right_found} 条）" if saved else ""
        missed = judged.right - judged.right_found
        lost = f"，漏掉 {missed} 条" if missed else ""
        said.append(f"被判属实的 {judged.right} 条，会命中 {judged.right_found} 条{lost}{before}。")
    return said
