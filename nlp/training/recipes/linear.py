"""The default recipe: support vectors over hashed n-grams, stacked on held-out scores, kept as one table.

Every member is linear in rows of the same length, and so is the stack of them; therefore the classifier
that is written holds but one weight for each n-gram and label, however many members it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from nlp.classification.gram_blocks import BLOCKS, block_of, gram_rows, key_space
from nlp.classification.linear_classifier import LEVELS, LinearWeights, save
from nlp.classification.text_views import TextView, are_spaced, view
from nlp.lexicons import load_segmentation
from nlp.linear import Matrix
from nlp.normalisation import folded
from nlp.training.corpus import FOLDS, Counts
from nlp.training.labelled_file import LabelledRows
from nlp.training.recipes.base_models import BaseModel, BlockRows, fit_base, targets_of
from nlp.training.recipes.recipe import RecipeOptions, Trained
from nlp.training.recipes.stacking import Stack, deal_folds, fit_stack, held_out_figures

CHUNK = 1_024
LEAST_TEXTS = 2
LONG_WORDS = 60
WORKERS = 2
SMALL_WORK = 3_000_000
MOST_WORK = 500_000_000
"""Non-zero n-grams times labels times members: what fits into a quarter of an hour on two cores."""

_BODY = ("characters", "words")
_WHOLE = ("characters", "words", "lead")
SHORT_MEMBERS = (
    BaseModel(_BODY, 1.0, is_bayesian=True),
    BaseModel(_BODY, 0.3),
    BaseModel(_BODY, 0.3, is_bayesian=True),
    BaseModel(("words",), 1.0, is_bayesian=True),
    BaseModel(_BODY, 0.1),
    BaseModel(("characters",), 1.0, is_bayesian=True),
)
LONG_MEMBERS = (
    BaseModel(_WHOLE, 1.0, is_bayesian=True),
    BaseModel(("lead",), 1.0, is_bayesian=True),
    BaseModel(_WHOLE, 0.3),
    BaseModel(("lead",), 0.3),
    BaseModel(("words", "lead"), 0.5),
    BaseModel(_BODY, 1.0, is_bayesian=True),
)

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Features:
    """``keys`` are the n-grams kept, ``rows`` the texts over them, split into blocks."""

    keys: Places
    frequencies: Matrix
    blocks: BlockRows
    columns: dict[str, Places]
    has_lead: bool
    known_words: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Fit:
    """One member to fit without one fold, or on every row where ``fold`` is None."""

    member: BaseModel
    fold: int | None


@dataclass(frozen=True, slots=True)
class Problem:
    features: Features
    targets: NDArray[np.int64]
    folds: Places

    def solve(self, fit: Fit) -> tuple[Matrix, Matrix]:
        """Give the scores of the fold held out, or the weights and biases fitted on every row."""
        rows = self.features.blocks.joined(fit.member.blocks)
        if fit.fold is None:
            return fit_base(fit.member, rows, self.targets)
        inside = self.folds != fit.fold
        weights, biases = fit_base(fit.member, rows[inside], self.targets[inside])
        return rows[~inside] @ weights + biases, biases


def train(rows: LabelledRows, folder: Path, options: RecipeOptions) -> Trained:
    # More threads inside the linear algebra only get into the way of the processes.
    with threadpool_limits(1):
        return _train(rows, folder, options)


def _train(rows: LabelledRows, folder: Path, options: RecipeOptions) -> Trained:
    features = extract_features(rows.texts)
    folds = deal_folds(rows.texts, rows.places)
    problem = Problem(features, targets_of(rows.places, len(rows.labels)), folds)
    members = _members(features, problem.targets.shape[1])
    fits = [Fit(member, fold) for member in members for fold in (*range(FOLDS), None)]
    solved = dict(zip(fits, _solve(problem, fits), strict=True))
    scores = _held_out(problem, members, solved)
    goal, labels = options.goal, len(rows.labels)
    stack = fit_stack(scores, rows.places, goal, labels)
    fitted = [solved[Fit(member, None)] for member in members]
    save(folder, _collapsed(rows.labels, features, members, fitted, stack))
    return Trained("linear", held_out_figures(scores, rows.places, folds, goal, labels))


def extract_features(texts: Sequence[str]) -> Features:
    segmentation = load_segmentation()
    known = None
    if are_spaced(texts):
        known = frozenset(word for text in texts for word in folded(text).split())
    views = [view(text, segmentation, known) for text in texts]
    has_lead = float(np.mean([len(item.words) for item in views])) >= LONG_WORDS
    counts = _counted(views, has_lead=has_lead)
    texts_with = np.bincount(counts.indices, minlength=key_space())
    keys = np.flatnonzero(texts_with >= min(LEAST_TEXTS, len(texts)))
    frequencies = (np.log((1 + len(texts)) / (1 + texts_with[keys])) + 1).astype(np.float32)
    weighed = (counts[:, keys] @ sparse.diags(frequencies)).tocsr().astype(np.float32)
    blocks = block_of(keys)
    columns = {name: np.flatnonzero(blocks == place) for place, name in enumerate(BLOCKS)}
    rows = {name: _unit_rows(weighed[:, places]) for name, places in columns.items()}
    return Features(keys, frequencies, BlockRows(rows), columns, has_lead, known)


def _counted(views: Sequence[TextView], *, has_lead: bool) -> Counts:
    columns, ends = [np.zeros(0, np.int32)], [np.zeros(1, np.int64)]
    for at in range(0, len(views), CHUNK):
        keys, starts = gram_rows(views[at : at + CHUNK], has_lead=has_lead)
        columns.append(keys.astype(np.int32))
        ends.append(starts[1:] + ends[-1][-1])
    indices = np.concatenate(columns)
    return sparse.csr_matrix(
        (np.ones(len(indices), np.float32), indices, np.concatenate(ends)),
        shape=(len(views), key_space()),
    )


def _unit_rows(rows: Counts) -> Counts:
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return (sparse.diags(1.0 / np.maximum(lengths, 1e-9)) @ rows).tocsr().astype(np.float32)


def _members(features: Features, columns: int) -> tuple[BaseModel, ...]:
    """Take as many members, the best first, as the size of the set leaves time for."""
    work = sum(rows.nnz for rows in features.blocks.rows.values()) * columns
    members = LONG_MEMBERS if features.has_lead else SHORT_MEMBERS
    return members[: max(1, min(len(members), MOST_WORK // max(work, 1)))]


def _solve(problem: Problem, fits: Sequence[Fit]) -> list[tuple[Matrix, Matrix]]:
    stored = sum(rows.nnz for rows in problem.features.blocks.rows.values())
    if stored * problem.targets.shape[1] < SMALL_WORK:
        return [problem.solve(fit) for fit in fits]
    # The solver draws from a generator shared by its threads: only processes give the same answer twice.
    with ProcessPoolExecutor(
        WORKERS, mp_context=get_context("spawn"), initializer=_share, initargs=(problem,)
    ) as pool:
        return list(pool.map(_solve_shared, fits))


_shared: list[Problem] = []


def _share(problem: Problem) -> None:
    _shared[:] = [problem]


def _solve_shared(fit: Fit) -> tuple[Matrix, Matrix]:
    return _shared[0].solve(fit)


def _held_out(
    problem: Problem,
    members: Sequence[BaseModel],
    solved: dict[Fit, tuple[Matrix, Matrix]],
) -> Matrix:
    width = problem.targets.shape[1]
    scores = np.zeros((len(problem.folds), width * len(members)), np.float64)
    for place, member in enumerate(members):
        for fold in range(FOLDS):
            aside = problem.folds == fold
            scores[aside, place * width : (place + 1) * width] = solved[Fit(member, fold)][0]
    return scores


def _collapsed(
    labels: tuple[str, ...],
    features: Features,
    members: Sequence[BaseModel],
    fitted: Sequence[tuple[Matrix, Matrix]],
    stack: Stack,
) -> LinearWeights:
    """Multiply the members' weights by the stack's and add them up, n-gram by n-gram."""
    summed = np.zeros((len(features.keys), len(labels)), np.float64)
    biases = stack.biases.astype(np.float64)
    width = fitted[0][0].shape[1]
    for place, (member, (weights, own_biases)) in enumerate(zip(members, fitted, strict=True)):
        share = stack.weights[place * width : (place + 1) * width]
        columns = np.concatenate([features.columns[name] for name in member.blocks])
        summed[columns] += weights @ share * len(member.blocks) ** -0.5
        biases = biases + own_biases @ share
    summed *= features.frequencies[:, None]
    scales = np.zeros((len(BLOCKS), len(labels)), np.float32)
    stored = np.zeros(summed.shape, np.int16)
    for place, name in enumerate(BLOCKS):
        columns = features.columns[name]
        if len(columns):
            scales[place] = np.maximum(np.abs(summed[columns]).max(axis=0), 1e-9) / LEVELS
            stored[columns] = np.round(summed[columns] / scales[place]).astype(np.int16)
    return LinearWeights(
        labels=labels,
        keys=features.keys.astype(np.int32),
        frequencies=features.frequencies,
        weights=stored,
        scales=scales,
        biases=biases.astype(np.float32),
        offsets=stack.offsets.astype(np.float32),
        has_lead=features.has_lead,
        known_words=features.known_words,
    )
