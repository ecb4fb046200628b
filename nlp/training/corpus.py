"""A labelled set in the form the training reads: features, targets and folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import rjieba
from numpy.typing import NDArray
from scipy import sparse

from core.matching_text import matching_text
from nlp.annotations import Polarity
from nlp.dilution import Dilution
from nlp.features import BUCKETS, extract
from nlp.hints import load_hint_terms
from nlp.lexicons import labour_terms, load_segmentation
from nlp.linear import Vocabulary
from nlp.normalisation import normalise
from nlp.training.augmentation import SEED as AUGMENTATION_SEED
from nlp.training.augmentation import civic_posts, joined, letters, pool_posts
from nlp.training.labels import LabelledText
from nlp.union_sense import union_evidence

LEAST_TEXTS = 2
LEAST_MADE_TEXTS = 25
FOLDS = 5
SEED = 20_261
CHUNK = 2_048

# scipy publishes no types, so its matrices are Any to the checker.
Counts: TypeAlias = Any
Targets = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Corpus:
    """``topics`` has a 0/1 column for each code, ``polarity`` an index into the enumeration's order.

    ``folds`` gives each text the fold in which it is held out; ``evidence`` is that of the union's names.
    Texts that are not ``is_measured`` were put together from others: they may be learnt from, never judged.
    """

    texts: Sequence[LabelledText]
    codes: tuple[str, ...]
    counts: Counts
    hints: NDArray[np.float32]
    evidence: NDArray[np.float32]
    losses: NDArray[np.float32]
    relevant: Targets
    our_union: Targets
    topics: Targets
    polarity: Targets
    folds: Targets
    is_measured: NDArray[np.bool_]


def build_corpus(
    texts: Sequence[LabelledText], codes: tuple[str, ...], titles: Sequence[str] = ()
) -> Corpus:
    """Put the texts, and those made from them and from unlabelled ``titles``, into numbers."""
    segmentation = load_segmentation()
    polarities = list(Polarity)
    folds, measured = _folds(texts), len(texts)
    texts, folds = _augmented(texts, folds, titles)
    raw = [item.text for item in texts]
    return Corpus(
        texts=texts,
        codes=codes,
        counts=count_features(raw, segmentation),
        hints=load_hint_terms().rows([normalise("", text) for text in raw]),
        evidence=np.array(union_evidence([matching_text(text) for text in raw]), np.float32),
        losses=Dilution(labour_terms()).losses([normalise("", text) for text in raw]),
        relevant=np.array([item.is_relevant for item in texts], np.int64),
        our_union=np.array([item.is_our_union for item in texts], np.int64),
        topics=np.array([[code in item.topics for code in codes] for item in texts], np.int64),
        polarity=np.array([polarities.index(item.polarity) for item in texts], np.int64),
        folds=folds,
        is_measured=np.arange(len(texts)) < measured,
    )


def count_features(texts: Sequence[str], segmentation: rjieba.Jieba) -> Counts:
    """Give a row of ones for the distinct buckets of each text."""
    columns, ends = [np.zeros(0, np.int32)], [np.zeros(1, np.int64)]
    for start in range(0, len(texts), CHUNK):
        normalised = [normalise("", text) for text in texts[start : start + CHUNK]]
        rows = extract(normalised, [segmentation.cut(text) for text in normalised])
        columns.append(rows.buckets.astype(np.int32))
        ends.append(rows.starts[1:] + ends[-1][-1])
    indices = np.concatenate(columns)
    return sparse.csr_matrix(
        (np.ones(len(indices), np.float32), indices, np.concatenate(ends)),
        shape=(len(texts), BUCKETS),
    )


def vocabulary_of(corpus: Corpus) -> Vocabulary:
    """Keep the buckets that two labelled texts have, and those common in the texts made from others."""
    labelled = np.bincount(corpus.counts[corpus.is_measured].indices, minlength=BUCKETS)
    made = np.bincount(corpus.counts.indices, minlength=BUCKETS)
    kept = np.flatnonzero((labelled >= LEAST_TEXTS) | (made >= LEAST_MADE_TEXTS))
    frequencies = np.log((1 + corpus.is_measured.sum()) / (1 + labelled[kept])) + 1
    # Rounded as it is stored, so that training and use agree.
    rounded = frequencies.astype(np.float16).astype(np.float32)
    return Vocabulary(kept.astype(np.int32), rounded)


def weighted(corpus: Corpus, vocabulary: Vocabulary) -> Counts:
    """Weigh known buckets by inverse document frequency, scale each row to length one, append the hints."""
    known = corpus.counts[:, vocabulary.buckets].multiply(vocabulary.frequencies).tocsr()
    lengths = np.asarray(np.sqrt(known.multiply(known).sum(axis=1)))
    rows = known.multiply(1.0 / np.maximum(lengths, 1e-6))
    return sparse.hstack([rows, sparse.csr_matrix(corpus.hints)]).tocsr()


def _augmented(
    texts: Sequence[LabelledText], folds: Targets, titles: Sequence[str]
) -> tuple[list[LabelledText], Targets]:
    """Add the texts made from others; each is held out together with those it was made from."""
    random = np.random.default_rng(AUGMENTATION_SEED)
    civic = civic_posts(random)
    if titles:
        civic += pool_posts(titles, random)
    made = letters(texts, random) + joined(texts, folds.tolist(), random)
    civic_folds = random.integers(0, FOLDS, len(civic))
    made_folds = folds[[place for place, _ in made]]
    every = [*texts, *civic, *(item for _, item in made)]
    return every, np.concatenate([folds, civic_folds, made_folds])


def _folds(texts: Sequence[LabelledText]) -> Targets:
    """Deal the texts of each origin and relevance out evenly, in an order drawn once."""
    order = np.random.default_rng(SEED).permutation(len(texts))
    dealt: dict[tuple[str, bool], int] = {}
    folds = np.zeros(len(texts), np.int64)
    for place in order:
        kind = (texts[place].origin, texts[place].is_relevant)
        folds[place] = dealt.get(kind, 0) % FOLDS
        dealt[kind] = dealt.get(kind, 0) + 1
    return folds
