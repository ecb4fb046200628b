"""Measures the shipped models of tone on sets that they have not learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.features import extract
from nlp.lexicons import load_segmentation
from nlp.linear import Matrix
from nlp.normalisation import normalise
from nlp.tone.models import DOMAINS, EMOTIONS, ToneModels
from nlp.training.figure import Figure, measured
from nlp.training.single_label_figures import calibration_error, confusion, macro_f1
from nlp.training.tone.offensive_posts import held_out_plants
from nlp.training.tone.posts import (
    COLD_TEST,
    Posts,
    angry_posts,
    cold_posts,
    emotion_posts,
    is_for_test,
    own_labour_posts,
)

CHUNK = 512

Places = NDArray[np.int64]
Mask = NDArray[np.bool_]


def measure_tone(models: ToneModels, data: Path) -> list[Figure]:
    """Give every figure; those named ``unseen`` leave out texts that the training set has too."""
    figures: list[Figure] = []
    for domain in DOMAINS:
        figures += _emotion(models, emotion_posts(data, domain, "eval"), f"emotion.{domain}")
    return [*figures, *_offence(models, data)]


def measure_own(models: ToneModels) -> list[Figure]:
    """Give the figures on texts of our own, which need no data folder."""
    angry = angry_posts()
    angry = angry.kept(is_for_test(angry.texts))
    flagged = _is_offensive(models, angry.texts)
    hosts = [text for text in own_labour_posts() if is_for_test([text])[0]]
    return [
        _share("offensive.decent_kept", ~flagged[angry.places == 0]),
        _share("offensive.abuse_found", flagged[angry.places == 1]),
        _share("offensive.labour_posts_kept", ~_is_offensive(models, hosts)),
    ]


def tone_scores(models: ToneModels, texts: Sequence[str]) -> Matrix:
    segmentation = load_segmentation()
    parts: list[Matrix] = []
    for begin in range(0, len(texts), CHUNK):
        normalised = [normalise("", text) for text in texts[begin : begin + CHUNK]]
        features = extract(normalised, [segmentation.cut(text) for text in normalised])
        parts.append(models.score(normalised, features))
    scores: Matrix = np.concatenate(parts)
    return scores


def _emotion(models: ToneModels, posts: Posts, name: str) -> list[Figure]:
    shares, chosen = models.emotions(tone_scores(models, posts.texts))
    answers, gold = np.array(chosen, np.int64), posts.places
    sure = shares[np.arange(len(answers)), answers]

    def by_class(rows: Places) -> float:
        return macro_f1(confusion(gold[rows], answers[rows], len(EMOTIONS)))

    def accuracy(rows: Places) -> float:
        return float(np.mean(gold[rows] == answers[rows]))

    def calibrated(rows: Places) -> float:
        return 1.0 - calibration_error(sure[rows], gold[rows] == answers[rows])

    everything, unseen = np.arange(len(posts)), np.flatnonzero(~posts.was_seen)
    return [
        measured(f"{name}.macro_f1", by_class, everything),
        measured(f"{name}.macro_f1.unseen", by_class, unseen),
        measured(f"{name}.accuracy", accuracy, everything),
        measured(f"{name}.calibrated", calibrated, everything),
    ]


def _offence(models: ToneModels, data: Path) -> list[Figure]:
    cold = cold_posts(data, COLD_TEST)
    chances, threshold = models.offence(tone_scores(models, cold.texts))
    flagged, gold = chances >= threshold, cold.places == 1

    def f1(rows: Places) -> float:
        total = int(flagged[rows].sum()) + int(gold[rows].sum())
        return 2 * int((flagged & gold)[rows].sum()) / max(total, 1)

    def calibrated(rows: Places) -> float:
        sure = np.maximum(chances, 1.0 - chances)[rows]
        return 1.0 - calibration_error(sure, (flagged == gold)[rows])

    everything, unseen = np.arange(len(cold)), np.flatnonzero(~cold.was_seen)
    hidden, harmless = held_out_plants(data)
    return [
        measured("offensive.cold_f1", f1, everything),
        measured("offensive.cold_f1.unseen", f1, unseen),
        measured("offensive.cold_calibrated", calibrated, everything),
        _share("offensive.planted_found", _is_offensive(models, hidden)),
        _share("offensive.planted_kept", ~_is_offensive(models, harmless)),
        *measure_own(models),
    ]


def _is_offensive(models: ToneModels, texts: Sequence[str]) -> Mask:
    chances, threshold = models.offence(tone_scores(models, texts))
    flagged: Mask = chances >= threshold
    return flagged


def _share(name: str, is_right: Mask) -> Figure:
    return measured(name, lambda rows: float(np.mean(is_right[rows])), np.arange(len(is_right)))
