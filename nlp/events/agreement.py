"""How well clusters agree with labels: B-cubed precision and recall (Bagga and Baldwin 1998)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BCubed:
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def b_cubed(labels: Sequence[Hashable], clusters: Sequence[Hashable]) -> BCubed:
    """Average over all items the share of its cluster with its label, and of its label in its cluster."""
    together = Counter(zip(labels, clusters, strict=True))
    of_label, of_cluster = Counter(labels), Counter(clusters)
    count = len(labels)
    precision = sum(n * n / of_cluster[cluster] for (_, cluster), n in together.items()) / count
    recall = sum(n * n / of_label[label] for (label, _), n in together.items()) / count
    return BCubed(precision, recall)
