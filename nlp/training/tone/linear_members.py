"""The linear part of tone: members over the shared n-grams, stacked and kept as one column for each answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import rjieba
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from nlp.features import BUCKETS, extract
from nlp.linear import Matrix, Vocabulary
from nlp.normalisation import normalise
from nlp.training.corpus import Counts
from nlp.training.recipes.base_models import BaseModel, fit_base
from nlp.training.tone.posts import folds_of

FOLDS = 3
LEAST_TEXTS = 3
STACK_COST = 1.0
CHUNK = 2_048

Places = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Grams:
    """Rows of length one for every text that is learnt from."""

    vocabulary: Vocabulary
    segmentation: rjieba.Jieba

    def rows(self, texts: Sequence[str]) -> Counts:
        counts = count_features(texts, self.segmentation)
        known = counts[:, self.vocabulary.buckets].multiply(self.vocabulary.frequencies).tocsr()
        lengths = np.sqrt(np.asarray(known.multiply(known).sum(axis=1)).ravel())
        scaled = sparse.diags(1.0 / np.maximum(lengths, 1e-6)) @ known
        return scaled.tocsr().astype(np.float32)


@dataclass(frozen=True, slots=True)
class Member:
    """``base`` learns from the texts whose domain is in ``domains``."""

    base: BaseModel
    domains: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """``held_out`` are scores of every text by models that did not see it."""

    weights: Matrix
    biases: Matrix
    held_out: Matrix


def learn_vocabulary(texts: Sequence[str], segmentation: rjieba.Jieba) -> Grams:
    counts = count_features(texts, segmentation)
    found = np.bincount(counts.indices, minlength=BUCKETS)
    kept = np.flatnonzero(found >= LEAST_TEXTS)
    frequencies = np.log((1 + len(texts)) / (1 + found[kept])) + 1
    # Rounded as it is stored, so that training and use agree.
    rounded = frequencies.astype(np.float16).astype(np.float32)
    return Grams(Vocabulary(kept.astype(np.int32), rounded), segmentation)


def fit_member(
    member: Member, rows: Counts, targets: Places, *, domains: Places, folds: Places
) -> Fitted:
    """Fit on the texts of the member's domains; every text is scored by models of the other folds."""
    used = np.isin(domains, member.domains)
    weights, biases = fit_base(member.base, rows[used], targets[used])
    held_out = np.zeros(targets.shape, np.float32)
    for fold in range(FOLDS):
        learn, judge = used & (folds != fold), folds == fold
        own, shift = fit_base(member.base, rows[learn], targets[learn])
        held_out[judge] = rows[judge] @ own + shift
    return Fitted(weights, biases, held_out)


def stacked(members: Sequence[Fitted], places: Places, used: Mask) -> Fitted:
    """Join members to one column of log-odds for each label, or to one column where there are two."""
    scores = np.concatenate([member.held_out for member in members], axis=1)
    curve = LogisticRegression(C=STACK_COST, max_iter=1000).fit(scores[used], places[used])
    shares, shift = curve.coef_.T.astype(np.float64), curve.intercept_.astype(np.float64)
    width = members[0].weights.shape[1]
    weights = np.zeros((members[0].weights.shape[0], shares.shape[1]), np.float64)
    for place, member in enumerate(members):
        share = shares[place * width : (place + 1) * width]
        weights += member.weights @ share
        shift = shift + member.biases @ share
    held_out = scores @ shares + curve.intercept_
    return Fitted(weights.astype(np.float32), shift.astype(np.float32), held_out.astype(np.float32))


def folds(texts: Sequence[str]) -> Places:
    return folds_of(texts, FOLDS)


def count_features(texts: Sequence[str], segmentation: rjieba.Jieba) -> Counts:
    """Give a row of ones for the distinct buckets of each text."""
    columns, ends = [np.zeros(0, np.int32)], [np.zeros(1, np.int64)]
    for begin in range(0, len(texts), CHUNK):
        normalised = [normalise("", text) for text in texts[begin : begin + CHUNK]]
        rows = extract(normalised, [segmentation.cut(text) for text in normalised])
        columns.append(rows.buckets.astype(np.int32))
        ends.append(rows.starts[1:] + ends[-1][-1])
    indices = np.concatenate(columns)
    return sparse.csr_matrix(
        (np.ones(len(indices), np.float32), indices, np.concatenate(ends)),
        shape=(len(texts), BUCKETS),
    )
