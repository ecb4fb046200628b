"""What a step of the analysis is, and what it is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from nlp.batch import Batch
from nlp.gazetteer import Gazetteer
from nlp.hints import HintTerms
from nlp.lexicons import Lexicons
from nlp.linear import LinearModels
from nlp.tone.models import ToneModels
from nlp.word_vectors import WordVectors


@dataclass(frozen=True, slots=True)
class Resources:
    """Loaded once and only read afterwards, so that threads may share it."""

    models: LinearModels
    gazetteer: Gazetteer
    lexicons: Lexicons
    hint_terms: HintTerms
    word_vectors: WordVectors
    tone_models: ToneModels

    @property
    def versions(self) -> dict[str, str]:
        return self.models.versions | self.tone_models.versions


class AnalysisStep(Protocol):
    """Pure: the same batch gives the same columns, whatever was analysed before or beside it.

    ``requires`` and ``assigns`` name columns of a batch; ``name`` is the step's name in the table.
    """

    name: ClassVar[str]
    requires: ClassVar[frozenset[str]]
    assigns: ClassVar[frozenset[str]]

    def __init__(self, resources: Resources) -> None: ...

    def annotate(self, batch: Batch) -> None: ...
