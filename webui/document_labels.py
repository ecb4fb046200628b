"""The labels of a document as its page shows them: who said so, why, and what they may be changed to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.corrected_labels import (
    CORRECTED,
    TASK_LABELS,
    LabelTask,
    choices,
    label_name,
    label_of,
    without_corrections,
)
from core.corrections import CorrectionLine
from core.database.base import JsonObject
from core.documents import StoredDocument
from nlp.annotations import TextInput
from nlp.explanation import Cause, Contribution, Explains, Explanation
from webui.vocabulary import topic_label

MODEL_TASKS: Mapping[LabelTask, str] = {LabelTask.RELEVANT: "relevance"}
"""Where the model is not called as its label."""

ONE_CLICK = frozenset({LabelTask.RELEVANT, LabelTask.OUR_UNION, LabelTask.POLARITY})
"""Labels whose few other values stand beside them; of the others the choice unfolds."""

HINT_GROUPS: Mapping[str, str] = {
    "celebrity": "明星文体",
    "abroad": "国外",
    "crime": "刑案",
    "improvement": "好转",
    "harm": "受害",
    "plain": "陈述与提问",
}
MOST_REASONS = 6
LEAST_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Reason:
    """``words`` stand in the text; ``kind`` says what they are where that is more than words.

    ``weight`` has its sign; ``percent`` is the part of the whole.
    """

    kind: str
    words: str
    weight: str
    percent: str


@dataclass(frozen=True, slots=True)
class Why:
    """Why a model gave one label; ``version`` is that of the model that explains."""

    name: str
    version: str
    probability: float | None
    supporting: tuple[Reason, ...]
    opposing: tuple[Reason, ...]
    is_renewed: bool
    is_by_rule: bool


@dataclass(frozen=True, slots=True)
class Label:
    """``label`` is the code as a correction writes it; ``score`` is the model's probability of it."""

    task: LabelTask
    name: str
    label: str | None
    score: float | None
    correction: CorrectionLine | None
    said: str | None
    why: tuple[Why, ...]

    @property
    def shown(self) -> str:
        return label_name(self.task, self.label)

    @property
    def said_shown(self) -> str:
        return label_name(self.task, self.said)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple((self.label or "").split())

    @property
    def choices(self) -> Mapping[str, str]:
        return choices(self.task)

    @property
    def others(self) -> Mapping[str, str]:
        return {code: name for code, name in self.choices.items() if code != self.label}

    @property
    def is_one_click(self) -> bool:
        return self.task in ONE_CLICK


def labels_of(
    document: StoredDocument, lines: Sequence[CorrectionLine], explainer: Explains
) -> list[Label]:
    """Read every label that the annotations hold, with the reasons of the models that gave them."""
    annotations = document.annotations or {}
    said = without_corrections(annotations)
    item = TextInput(document.title, document.text, document.published_at)
    wanted = {task: _wanted(task, label_of(said, task)) for task in LabelTask}
    explained: dict[tuple[str, str], Explanation] = {
        (one.task, one.label): one
        for one in explainer.explain(item, [pair for pairs in wanted.values() for pair in pairs])
    }
    standing = _standing(annotations, lines)
    versions = annotations.get("models")
    return [
        Label(
            task=task,
            name=TASK_LABELS[task],
            label=label_of(annotations, task),
            score=None if task in standing else probability(said, task, label_of(said, task)),
            correction=standing.get(task),
            said=label_of(said, task),
            why=tuple(
                _why(said, task, explained[pair], versions)
                for pair in wanted[task]
                if pair in explained
            ),
        )
        for task in LabelTask
        if label_of(annotations, task) is not None
    ]


def probability(said: JsonObject, task: LabelTask, label: str | None) -> float | None:
    """Give the probability that the models gave a label; of several topics there is none."""
    value = said.get(task.value)
    if task is LabelTask.TOPICS:
        listed = value if isinstance(value, list) else []
        scores = {str(one.get("code")): one.get("score") for one in listed if isinstance(one, dict)}
        return _number(scores.get(label or ""))
    if not isinstance(value, dict) or label is None:
        return None
    if "scores" in value:
        scores = value["scores"]
        return _number(scores.get(label)) if isinstance(scores, dict) else None
    score = _number(value.get("score"))
    return 1.0 - score if score is not None and label == "0" else score


def _wanted(task: LabelTask, label: str | None) -> list[tuple[str, str]]:
    codes = [] if label is None else label.split()
    return [(MODEL_TASKS.get(task, task.value), code) for code in codes]


def _standing(
    annotations: JsonObject, lines: Sequence[CorrectionLine]
) -> dict[LabelTask, CorrectionLine]:
    corrected = annotations.get(CORRECTED)
    tasks = corrected if isinstance(corrected, dict) else {}
    # Newest first, so the last to be kept is the first listed.
    newest = {line.task: line for line in reversed(lines) if line.undone_at is None}
    return {task: line for task, line in newest.items() if task.value in tasks}


def _why(said: JsonObject, task: LabelTask, explained: Explanation, versions: object) -> Why:
    answered = versions.get(explained.task) if isinstance(versions, dict) else None
    relevant = task is LabelTask.RELEVANT and explained.label == "1"
    return Why(
        name=label_name(task, explained.label),
        version=explained.version,
        probability=probability(said, task, explained.label),
        supporting=_reasons(explained.supporting()),
        opposing=_reasons(explained.opposing()),
        is_renewed=answered is not None and answered != explained.version,
        is_by_rule=relevant and label_of(said, LabelTask.OUR_UNION) == "1",
    )


def _reasons(listed: Sequence[Contribution]) -> tuple[Reason, ...]:
    """Name what matters at all, strongest first."""
    return tuple(
        Reason(_kind(one), one.text, f"{one.weight:+.2f}", f"{one.share:.0%}")
        for one in listed[:MOST_REASONS]
        if one.share >= LEAST_SHARE
    )


def _kind(one: Contribution) -> str:
    match one.cause:
        case Cause.HINTS:
            group = HINT_GROUPS.get(one.group) or topic_label(one.group)
            return f"“{group}”提示词："
        case Cause.EVIDENCE:
            return "工会名称："
        case Cause.LENGTH:
            return "篇幅长，说到劳动的词少"
        case _:
            return ""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
