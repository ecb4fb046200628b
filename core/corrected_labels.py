"""Which labels of a document people may correct, and what a correction changes of its annotations.

The annotations keep what the models said under ``as_analysed``, so that an undone correction leaves no trace
in them, and name under ``corrected`` who corrected what and when.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from config.topics import load_topics
from core.clock import to_rfc3339
from core.database.base import JsonObject
from core.errors import InvalidOptionsError

MOST_TOPICS = 3
AS_ANALYSED, CORRECTED = "as_analysed", "corrected"


class LabelTask(StrEnum):
    """The values are keys of the annotations."""

    RELEVANT = "relevant"
    OUR_UNION = "our_union"
    TOPICS = "topics"
    POLARITY = "polarity"
    KIND = "kind"
    EMOTION = "emotion"
    OFFENSIVE = "offensive"


TASK_LABELS: Mapping[LabelTask, str] = {
    LabelTask.RELEVANT: "相关性",
    LabelTask.OUR_UNION: "涉及工会",
    LabelTask.TOPICS: "主题",
    LabelTask.POLARITY: "情感",
    LabelTask.KIND: "体裁",
    LabelTask.EMOTION: "情绪",
    LabelTask.OFFENSIVE: "攻击性",
}
CHOICES: Mapping[LabelTask, Mapping[str, str]] = {
    LabelTask.RELEVANT: {"1": "涉工", "0": "非涉工"},
    LabelTask.OUR_UNION: {"1": "涉及工会", "0": "不涉及工会"},
    LabelTask.POLARITY: {"negative": "负面", "neutral": "中性", "positive": "正面"},
    LabelTask.KIND: {
        "event": "事件", "complaint": "投诉", "help": "求助", "opinion": "议论", "policy": "政策",
        "news": "新闻", "promo": "推广",
    },
    LabelTask.EMOTION: {
        "angry": "愤怒", "happy": "高兴", "sad": "悲伤", "fear": "恐惧", "surprise": "惊讶", "neutral": "平静",
    },
    LabelTask.OFFENSIVE: {"1": "有攻击性", "0": "无攻击性"},
}  # fmt: skip
_DECISIONS = frozenset({LabelTask.RELEVANT, LabelTask.OUR_UNION, LabelTask.OFFENSIVE})
_SHARES = frozenset({LabelTask.POLARITY, LabelTask.EMOTION})


@dataclass(frozen=True, slots=True)
class StandingCorrection:
    """``label`` is a code, ``1`` or ``0``, or the topic codes with spaces between."""

    id: int
    label: str
    person_id: int
    at: dt.datetime


def choices(task: LabelTask) -> Mapping[str, str]:
    """Give each code that may be chosen with what it is called."""
    if task is LabelTask.TOPICS:
        return {topic.code: topic.label for topic in load_topics()}
    return CHOICES[task]


def checked_label(task: LabelTask, chosen: Sequence[str]) -> str:
    """Write a choice as a correction keeps it; raises InvalidOptionsError for what may not be chosen."""
    known = list(choices(task))
    for code in chosen:
        if code not in known:
            raise InvalidOptionsError({task.value: f"{TASK_LABELS[task]}没有「{code}」这一项"})
    if task is LabelTask.TOPICS:
        if len(set(chosen)) > MOST_TOPICS:
            raise InvalidOptionsError({task.value: f"主题最多选 {MOST_TOPICS} 个"})
        return " ".join(sorted(set(chosen), key=known.index))
    if len(chosen) != 1:
        raise InvalidOptionsError({task.value: f"请为{TASK_LABELS[task]}选一项"})
    return chosen[0]


def label_name(task: LabelTask, label: str | None) -> str:
    """Name a label for people."""
    if label is None:
        return "未判定"
    names = choices(task)
    return "、".join(names.get(code, code) for code in label.split()) or "无"


def label_of(annotations: JsonObject, task: LabelTask) -> str | None:
    """Read what the annotations say, written as a correction would be; None where they say nothing."""
    value = annotations.get(task.value)
    if task is LabelTask.TOPICS:
        if not isinstance(value, list):
            return None
        known = list(choices(task))
        codes = {str(item["code"]) for item in value if isinstance(item, dict)}
        return " ".join(sorted(codes & set(known), key=known.index))
    label = value.get("label") if isinstance(value, dict) else None
    return None if label is None else str(int(label) if isinstance(label, bool) else label)


def with_corrections(
    annotations: JsonObject, standing: Mapping[LabelTask, StandingCorrection]
) -> JsonObject:
    """Put the corrections that stand, and no others, over what the models said."""
    said = without_corrections(annotations)
    if not standing:
        return said
    result = said | {task.value: _value(task, one.label) for task, one in standing.items()}
    changed = {task.value for task in standing}
    relevance = standing.get(LabelTask.RELEVANT)
    if relevance is not None and relevance.label == "0" and LabelTask.TOPICS not in standing:
        # What is not about labour has no topic of labour.
        result[LabelTask.TOPICS.value] = []
        changed.add(LabelTask.TOPICS.value)
    result[AS_ANALYSED] = {name: said.get(name) for name in sorted(changed)}
    result[CORRECTED] = {
        task.value: {"person_id": str(one.person_id), "at": to_rfc3339(one.at)}
        for task, one in standing.items()
    }
    return result


def without_corrections(annotations: JsonObject) -> JsonObject:
    """Give what the models said."""
    kept = annotations.get(AS_ANALYSED)
    original = kept if isinstance(kept, dict) else {}
    said = {key: value for key, value in annotations.items() if key not in (AS_ANALYSED, CORRECTED)}
    for name, value in original.items():
        if value is None:
            said.pop(name, None)
        else:
            said[name] = value
    return said


def columns(annotations: JsonObject) -> dict[str, object]:
    """Give the columns of ``Document`` that follow from the annotations, for the labels they hold."""
    found: dict[str, object] = {}
    relevant = annotations.get(LabelTask.RELEVANT.value)
    if isinstance(relevant, dict):
        found |= {"relevant": bool(relevant.get("label")), "relevance": relevant.get("score")}
    our_union = annotations.get(LabelTask.OUR_UNION.value)
    if isinstance(our_union, dict):
        found["our_union"] = bool(our_union.get("label"))
    polarity = annotations.get(LabelTask.POLARITY.value)
    if isinstance(polarity, dict):
        found["polarity"] = polarity.get("label")
    topics = annotations.get(LabelTask.TOPICS.value)
    if isinstance(topics, list):
        found["topics"] = [str(item["code"]) for item in topics if isinstance(item, dict)]
    return found


def _value(task: LabelTask, label: str) -> object:
    """Write a label in the shape of the annotations, with the certainty of a person."""
    if task is LabelTask.TOPICS:
        return [{"code": code, "score": 1.0} for code in label.split()]
    if task in _DECISIONS:
        return {"label": int(label), "score": float(label)}
    if task in _SHARES:
        return {
            "label": label,
            "scores": {code: float(code == label) for code in CHOICES[task]},
        }
    return {"label": label}
