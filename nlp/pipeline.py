"""Runs the steps in order over a batch; a wrong order stops the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Protocol

from config.regions import Region, load_regions
from core.errors import ConfigurationError
from nlp.annotations import Annotations, TextInput
from nlp.batch import Batch
from nlp.gazetteer import Gazetteer
from nlp.hints import load_hint_terms
from nlp.lexicons import load_lexicons
from nlp.linear import load_models
from nlp.replacement import Replacement
from nlp.step import AnalysisStep, Resources
from nlp.steps import STEPS
from nlp.tone.models import load_tone_models
from nlp.word_vectors import load_word_vectors

WEIGHTS = Path(__file__).parent / "weights"
TASKS = ("relevance", "our_union", "topics", "polarity", "kind")
BATCH_SIZE = 256
BATCH_CHARACTERS = 200_000

_COLUMNS = frozenset(item.name for item in fields(Batch)) - {"texts"}
_RESULTS = (
    "relevant", "our_union", "topics", "polarity", "emotion", "offensive", "kind", "entities",
    "regions", "facts", "private", "keywords", "summary", "fingerprint",
)  # fmt: skip


class Analyses(Protocol):
    """Annotates texts in order, as ``Pipeline`` does."""

    def analyse(self, texts: Sequence[TextInput]) -> list[Annotations]: ...


class Pipeline:
    """Pure and thread-safe: no clock, no store, no socket, and nothing kept between calls."""

    def __init__(
        self,
        steps: Sequence[AnalysisStep],
        models: Mapping[str, str],
        replacements: Sequence[Replacement] = (),
    ) -> None:
        check_order(steps)
        self._steps = tuple(steps)
        self._replacements = tuple(replacements)
        self.models = dict(models) | {one.task: one.version for one in replacements}

    def analyse(self, texts: Sequence[TextInput]) -> list[Annotations]:
        """Annotate texts in order; each result depends on its own text alone."""
        annotated: list[Annotations] = []
        start = 0
        while start < len(texts):
            end = _batch_end(texts, start)
            annotated += self._annotated(texts[start:end])
            start = end
        return annotated

    def _annotated(self, texts: Sequence[TextInput]) -> list[Annotations]:
        batch = Batch(texts)
        for step in self._steps:
            step.annotate(batch)
            for replacement in self._replacements:
                if replacement.column in step.assigns:
                    replacement.annotate(batch)
        return [
            Annotations(
                relevant=batch.relevant[place],
                our_union=batch.our_union[place],
                topics=batch.topics[place],
                polarity=batch.polarity[place],
                emotion=batch.emotion[place],
                offensive=batch.offensive[place],
                kind=batch.kind[place],
                entities=batch.entities[place],
                regions=batch.regions[place],
                facts=batch.facts[place],
                private=batch.private[place],
                keywords=batch.keywords[place],
                summary=batch.summary[place],
                fingerprint=batch.fingerprint[place],
                models=self.models,
            )
            for place in range(len(texts))
        ]


def check_order(steps: Sequence[AnalysisStep]) -> None:
    """Refuse steps that need what no earlier step assigns; raises ConfigurationError naming both."""
    assigned: dict[str, str] = {}
    for place, step in enumerate(steps):
        for column in sorted((step.requires | step.assigns) - _COLUMNS):
            raise ConfigurationError(f"分析步骤「{step.name}」提到不存在的数据项「{column}」。")
        for column in sorted(step.requires - set(assigned)):
            later = [other.name for other in steps[place:] if column in other.assigns]
            cause = f"而它由后面的步骤「{later[0]}」产生" if later else "而没有步骤产生它"
            raise ConfigurationError(f"分析步骤「{step.name}」需要「{column}」，{cause}。")
        for column in sorted(step.assigns & set(assigned)):
            raise ConfigurationError(
                f"分析步骤「{step.name}」与「{assigned[column]}」都产生「{column}」。"
            )
        assigned |= dict.fromkeys(step.assigns, step.name)
    for column in _RESULTS:
        if column not in assigned:
            raise ConfigurationError(f"没有分析步骤产生结果「{column}」。")


def default_pipeline(extra_regions: Sequence[Region] = ()) -> Pipeline:
    """Make the steps over the shipped resources; raises ConfigurationError."""
    return pipeline_of(load_resources(extra_regions))


def pipeline_of(resources: Resources, replacements: Sequence[Replacement] = ()) -> Pipeline:
    """Make the steps; trained models answer in the place of those shipped for the same task."""
    steps = [STEPS.load(name)(resources) for name in STEPS]
    return Pipeline(steps, resources.versions, replacements)


def load_resources(extra_regions: Sequence[Region] = ()) -> Resources:
    """Load the shipped weights and word lists, once for a process; raises ConfigurationError.

    ``extra_regions`` are further places to recognise, such as those of a drill.
    """
    return Resources(
        models=load_models(WEIGHTS, TASKS),
        gazetteer=Gazetteer([*load_regions(), *extra_regions]),
        lexicons=load_lexicons(WEIGHTS),
        hint_terms=load_hint_terms(),
        word_vectors=load_word_vectors(WEIGHTS),
        tone_models=load_tone_models(WEIGHTS),
    )


def _batch_end(texts: Sequence[TextInput], start: int) -> int:
    """Cut so that memory stays bounded even when every text is very long."""
    characters = 0
    for place in range(start, min(start + BATCH_SIZE, len(texts))):
        characters += len(texts[place].text) + len(texts[place].title)
        if characters > BATCH_CHARACTERS and place > start:
            return place
    return min(start + BATCH_SIZE, len(texts))
