"""Fits the linear parts of tone and calibrates them together with the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import rjieba
from numpy.typing import NDArray

from nlp.features import extract
from nlp.linear import Matrix, TaskModel
from nlp.normalisation import normalise
from nlp.tone.convolution import Convolution
from nlp.tone.models import (
    DOMAINS,
    EMOTION,
    EMOTION_COLUMNS,
    EMOTIONS,
    OFFENSIVE,
    OFFENSIVE_COLUMNS,
    shares_of,
)
from nlp.training.recipes.base_models import BaseModel, fit_base
from nlp.training.recipes.stacking import best_offsets
from nlp.training.tone.blending import blend, curve_of
from nlp.training.tone.linear_members import Fitted, Grams, Member, fit_member, folds, stacked
from nlp.training.tone.material import Material
from nlp.training.tone.posts import Posts, is_aside, joined_posts

CHUNK = 512
Places = NDArray[np.int64]

_USUAL, _VIRUS = (0,), (1,)
EMOTION_MEMBERS = (
    Member(BaseModel((), 0.3), _USUAL),
    Member(BaseModel((), 0.3, is_bayesian=True), _USUAL),
    Member(BaseModel((), 0.3, is_bayesian=True), _USUAL + _VIRUS),
    Member(BaseModel((), 0.3), _VIRUS),
    Member(BaseModel((), 0.3, is_bayesian=True), _VIRUS),
)
# Public events are told by what their own posts teach, and by what all others do.
MEMBERS_OF_DOMAIN = ((0, 1, 2), (0, 1, 2, 3, 4))
DOMAIN_MEMBER = Member(BaseModel((), 0.5), _USUAL + _VIRUS)
OFFENSIVE_MEMBERS = (BaseModel((), 0.3, is_bayesian=True), BaseModel((), 0.3))
OFFENSIVE_THRESHOLD = 0.45
"""Where abuse behind a labour phrase is found often enough, and decent labour posts are still left alone."""


@dataclass(frozen=True, slots=True)
class Judges:
    material: Material
    network: Convolution
    grams: Grams

    def emotion(self) -> TaskModel:
        posts, domains = self.material.emotion, self.material.domains
        rows, dealt = self.grams.rows(posts.texts), folds(posts.texts)
        targets = np.eye(len(EMOTIONS), dtype=np.int64)[posts.places]
        members = [
            fit_member(member, rows, targets, domains=domains, folds=dealt)
            for member in EMOTION_MEMBERS
        ]
        kind = fit_member(DOMAIN_MEMBER, rows, domains[:, None], domains=domains, folds=dealt)
        answers = [
            stacked([members[place] for place in chosen], posts.places, domains == domain)
            for domain, chosen in enumerate(MEMBERS_OF_DOMAIN)
        ]
        aside = is_aside(posts.texts)
        by_network = np.zeros((len(posts), len(EMOTIONS) * len(DOMAINS) + 1), np.float32)
        by_network[aside] = self._by_network(posts.kept(aside).texts)
        calibration, advance = _emotion_calibration(
            posts, domains, answers=answers, kind=kind, by_network=by_network, aside=aside
        )
        parts = [(part.weights, part.biases) for part in (*answers, kind)]
        return _task_model(EMOTION, EMOTION_COLUMNS, parts, calibration, advance)

    def offensive(self) -> TaskModel:
        offensive = self.material.offensive
        learnt, aside = joined_posts([offensive.learnt, offensive.letters]), offensive.aside
        rows, judged = self.grams.rows(learnt.texts), self.grams.rows(aside.texts)
        fitted = [fit_base(base, rows, learnt.places[:, None]) for base in OFFENSIVE_MEMBERS]
        scores = [judged @ weights + biases for weights, biases in fitted]
        scores.append(self._by_network(aside.texts)[:, -1:])
        calibration = curve_of(np.concatenate(scores, axis=1), aside.places)
        threshold = np.array([OFFENSIVE_THRESHOLD], np.float32)
        return _task_model(OFFENSIVE, OFFENSIVE_COLUMNS, fitted, calibration, threshold)

    def _by_network(self, texts: tuple[str, ...]) -> Matrix:
        return network_scores(self.network, texts, self.material.segmentation)


def _emotion_calibration(
    posts: Posts,
    domains: Places,
    *,
    answers: list[Fitted],
    kind: Fitted,
    by_network: Matrix,
    aside: NDArray[np.bool_],
) -> tuple[Matrix, Matrix]:
    """Fill the matrix from all scores to the log-odds of each domain's emotions and of the domain."""
    count = len(EMOTIONS)
    width = len(EMOTION_COLUMNS)
    calibration = np.zeros((width + count * len(DOMAINS) + 1, width), np.float32)
    advance = np.zeros(width, np.float32)
    for domain, answer in enumerate(answers):
        own = slice(domain * count, (domain + 1) * count)
        network = slice(width + domain * count, width + (domain + 1) * count)
        judged = aside & (domains == domain)
        rows = blend(answer.held_out[judged], by_network[judged][:, own], posts.places[judged])
        calibration[own, own] = rows[:count]
        calibration[network, own] = rows[count : 2 * count]
        calibration[-1, own] = rows[-1]
        everyone = domains == domain
        logs = np.log(np.maximum(shares_of(answer.held_out[everyone].astype(np.float64)), 1e-9))
        advance[own] = best_offsets(logs, posts.places[everyone])
    curve = curve_of(kind.held_out, domains)
    calibration[width - 1, -1], calibration[-1, -1] = curve[0, 0], curve[1, 0]
    return calibration, advance


def network_scores(
    network: Convolution, texts: Sequence[str], segmentation: rjieba.Jieba
) -> Matrix:
    parts = []
    for begin in range(0, len(texts), CHUNK):
        normalised = [normalise("", text) for text in texts[begin : begin + CHUNK]]
        features = extract(normalised, [segmentation.cut(text) for text in normalised])
        parts.append(network.score(normalised, features))
    scores: Matrix = np.concatenate(parts)
    return scores


def _task_model(
    task: str,
    columns: tuple[str, ...],
    parts: Sequence[tuple[Matrix, Matrix]],
    calibration: Matrix,
    thresholds: Matrix,
) -> TaskModel:
    weights: Matrix = np.concatenate([own for own, _ in parts], axis=1)
    return TaskModel(
        task=task,
        version="",
        columns=columns,
        weights=weights,
        dense_weights=np.zeros((0, len(columns)), np.float32),
        biases=np.concatenate([shift for _, shift in parts]).astype(np.float32),
        calibration=calibration,
        thresholds=thresholds,
    )
