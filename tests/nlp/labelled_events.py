"""The labelled events of ``data/events.jsonl``, described as the analysis sees them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nlp.annotations import TextInput
from nlp.events.clustering import EventClusters
from nlp.events.description import Description, describe, labels_of
from nlp.pipeline import Pipeline

DATA = Path(__file__).parent / "data" / "events.jsonl"


@dataclass(frozen=True, slots=True)
class LabelledEvent:
    """``label`` is that of the event, or its own for a text that belongs to none."""

    label: str
    text: TextInput

    @property
    def half(self) -> int:
        """Weights were fitted on half 0."""
        return int(self.label[1:]) % 2


def labelled_events() -> list[LabelledEvent]:
    rows = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
    return [
        LabelledEvent(
            row["event"],
            TextInput(row["title"], row["text"], dt.datetime.fromisoformat(row["published_at"])),
        )
        for row in rows
    ]


def described(pipeline: Pipeline, items: Sequence[LabelledEvent]) -> list[Description]:
    texts = [item.text for item in items]
    return describe(texts, [labels_of(found) for found in pipeline.analyse(texts)])


def clustered(texts: Sequence[Description]) -> list[int]:
    clusters = EventClusters()
    return [clusters.add(text) for text in texts]
