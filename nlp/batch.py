"""The texts under analysis and what the steps have found out about them so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nlp.annotations import (
    Decision,
    EmotionScores,
    Entity,
    Facts,
    Kind,
    PolarityScores,
    PrivateSpan,
    RegionMention,
    TextInput,
    TopicScore,
)
from nlp.features import FeatureRows, extract

Scores = NDArray[np.float32]


@dataclass(slots=True)
class Batch:
    """Columns of the same length as ``texts``; a step fills those that it declares in ``assigns``.

    ``texts`` are as given until the privacy step puts their masked forms in their place, of the same length.

    ``normalised`` is the form the models see, ``matching`` the folded title and text; ``dense`` holds the hints
    and the word vectors of each text, ``scores`` one raw score for each column of the linear models, ``tone``
    those of the models of tone.
    """

    texts: Sequence[TextInput]
    matching: list[str] = field(default_factory=list)
    normalised: list[str] = field(default_factory=list)
    words: list[list[str]] = field(default_factory=list)
    dense: Scores = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    features: FeatureRows = field(default_factory=lambda: extract((), ()))
    scores: Scores = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    tone: Scores = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    relevant: list[Decision] = field(default_factory=list)
    our_union: list[Decision] = field(default_factory=list)
    topics: list[tuple[TopicScore, ...]] = field(default_factory=list)
    polarity: list[PolarityScores] = field(default_factory=list)
    emotion: list[EmotionScores] = field(default_factory=list)
    offensive: list[Decision] = field(default_factory=list)
    kind: list[Kind] = field(default_factory=list)
    entities: list[tuple[Entity, ...]] = field(default_factory=list)
    regions: list[tuple[RegionMention, ...]] = field(default_factory=list)
    facts: list[Facts] = field(default_factory=list)
    private: list[tuple[PrivateSpan, ...]] = field(default_factory=list)
    keywords: list[tuple[str, ...]] = field(default_factory=list)
    summary: list[str] = field(default_factory=list)
    fingerprint: list[int | None] = field(default_factory=list)
