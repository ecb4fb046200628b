"""Groups what the writers of an event ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import yaml

from core.errors import ConfigurationError
from core.matching_text import matching_text

OTHER = "其他诉求"
MOST_GROUPS = 5
_FILE = "appeal_kinds.yaml"


@dataclass(frozen=True, slots=True)
class AppealKind:
    label: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Appeal:
    """The appeal sentence of one document, masked; see ``Facts.appeal``."""

    document_id: int
    text: str


@dataclass(frozen=True, slots=True)
class AppealGroup:
    """``example`` is the sentence most like the others of its group; ``document_ids`` are in ascending order."""

    label: str
    example: Appeal
    document_ids: tuple[int, ...]

    @property
    def documents(self) -> int:
        return len(self.document_ids)

    def to_json(self) -> dict[str, object]:
        return {
            "label": self.label,
            "example": self.example.text,
            "example_document_id": str(self.example.document_id),
            "documents": self.documents,
            "document_ids": [str(id_) for id_ in self.document_ids],
        }


def load_appeal_kinds() -> tuple[AppealKind, ...]:
    """Read the shipped kinds, the more specific first; raises ConfigurationError."""
    text = resources.files("nlp").joinpath(f"data/{_FILE}").read_text(encoding="utf-8")
    match yaml.safe_load(text):
        case [*rows]:
            return tuple(_kind(row) for row in rows)
    raise ConfigurationError(f"数据文件 {_FILE} 应为诉求种类的列表。")


def _kind(row: object) -> AppealKind:
    match row:
        case {"label": str(label), "words": str(words)}:
            return AppealKind(label, tuple(words.split()))
    raise ConfigurationError(f"数据文件 {_FILE} 的每一项应有 label 和 words。")


def group_appeals(
    appeals: Sequence[Appeal], kinds: Sequence[AppealKind], *, most: int = MOST_GROUPS
) -> tuple[AppealGroup, ...]:
    """Give at most ``most`` groups, the largest first and the rest as one at the end.

    The order of the appeals does not matter; a document counts once in each group.
    """
    found: dict[str, list[Appeal]] = defaultdict(list)
    for appeal in sorted(set(appeals), key=lambda one: (one.document_id, one.text)):
        found[_label(appeal.text, kinds)].append(appeal)
    rest = found.pop(OTHER, [])
    ranked = sorted(found.items(), key=lambda item: (-_documents(item[1]), item[0]))
    has_rest = bool(rest) or len(ranked) > most
    kept = ranked[: most - 1] if has_rest else ranked
    rest += [appeal for _, members in ranked[len(kept) :] for appeal in members]
    groups = [_group(label, members) for label, members in kept]
    return (*groups, _group(OTHER, rest)) if rest else tuple(groups)


def _label(text: str, kinds: Sequence[AppealKind]) -> str:
    folded = matching_text(text)
    matching = (kind.label for kind in kinds if any(word in folded for word in kind.words))
    return next(matching, OTHER)


def _documents(members: Sequence[Appeal]) -> int:
    return len({appeal.document_id for appeal in members})


def _group(label: str, members: Sequence[Appeal]) -> AppealGroup:
    ids = sorted({appeal.document_id for appeal in members})
    return AppealGroup(label, _typical(members), tuple(ids))


def _typical(members: Sequence[Appeal]) -> Appeal:
    """Choose the sentence whose pairs of characters the group shares most; of equals the earliest document's."""
    shared: dict[str, int] = defaultdict(int)
    for appeal in members:
        for pair in _pairs(appeal.text):
            shared[pair] += 1

    def worth(appeal: Appeal) -> tuple[float, int, str]:
        pairs = _pairs(appeal.text)
        mean = sum(shared[pair] for pair in pairs) / len(pairs) if pairs else 0.0
        return (-round(mean, 9), appeal.document_id, appeal.text)

    return min(members, key=worth)


def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[place : place + 2] for place in range(len(text) - 1))
