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
from nlp.annotations import Kind, Polarity
from nlp.dilution import Dilution
from nlp.features import BUCKETS, extract
from nlp.hints import load_hint_terms
from nlp.lexicons import labour_terms, load_segmentation
from nlp.linear import Vocabulary
from nlp.normalisation import normalise
from nlp.training.augmentation import SEED as AUGMENTATION_SEED
from nlp.training.augmentation import civic_posts, joined, letters, pool_posts
from nlp.training.labels import OVERTIME_COMMENTS, LabelledText
from nlp.union_sense import union_evidence
from nlp.word_vectors import WordVectors

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
    """The texts in numbers, place by place.

    ``topics`` has a 0/1 column for each code, ``polarity`` and ``kind`` an index into their enumerations;
    ``folds`` gives each text the fold in which it is held out; ``evidence`` is that of the union's names.
    Texts that are not ``is_measured`` were put together from others: they may be learnt from, never judged.
    Those that are not ``is_learnt`` may be judged, never learnt from.
    """

    texts: Sequence[LabelledText]
    codes: tuple[str, ...]
    counts: Counts
    dense: NDArray[np.float32]
    evidence: NDArray[np.float32]
    losses: NDArray[np.float32]
    relevant: Targets
    our_union: Targets
    topics: Targets
    polarity: Targets
    kind: Targets
    folds: Targets
    is_measured: NDArray[np.bool_]
    is_learnt: NDArray[np.bool_]


def build_corpus(
    texts: Sequence[LabelledText],
    codes: tuple[str, ...],
    vectors: WordVectors,
    titles: Sequence[str] = (),
) -> Corpus:
    """Put the texts, and those made from them and from unlabelled ``titles``, into numbers."""
    segmentation = load_segmentation()
    polarities, kinds = list(Polarity), list(Kind)
    folds, measured = _folds(texts), len(texts)
    texts, folds = _augmented(texts, folds, titles)
    raw = [item.text for item in texts]
    counts, dense = features_of(raw, segmentation, vectors)
    return Corpus(
        texts=texts,
        codes=codes,
        counts=counts,
        dense=dense,
        evidence=np.array(union_evidence([matching_text(text) for text in raw]), np.float32),
        losses=Dilution(labour_terms()).losses([normalise("", text) for text in raw]),
        relevant=np.array([item.is_relevant for item in texts], np.int64),
        our_union=np.array([item.is_our_union for item in texts], np.int64),
        topics=np.array([[code in item.topics for code in codes] for item in texts], np.int64),
        polarity=np.array([polarities.index(item.polarity) for item in texts], np.int64),
        kind=np.array([kinds.index(item.kind) for item in texts], np.int64),
        folds=folds,
        is_measured=np.arange(len(texts)) < measured,
        is_learnt=np.array([item.origin != OVERTIME_COMMENTS for item in texts]),
    )


def features_of(
    texts: Sequence[str], segmentation: rjieba.Jieba, vectors: WordVectors
) -> tuple[Counts, NDArray[np.float32]]:
    """Give a row of ones for the distinct buckets of each text, and the dense columns beside it."""
    hint_terms = load_hint_terms()
    columns, ends = [np.zeros(0, np.int32)], [np.zeros(1, np.int64)]
    dense = [np.zeros((0, len(hint_terms.columns) + vectors.size), np.float32)]
    for start in range(0, len(texts), CHUNK):
        normalised = [normalise("", text) for text in texts[start : start + CHUNK]]
        rows = extract(normalised, [segmentation.cut(text) for text in normalised])
        columns.append(rows.buckets.astype(np.int32))
        ends.append(rows.starts[1:] + ends[-1][-1])
        parts = [hint_terms.rows(normalised), vectors.rows(normalised, rows)]
        dense.append(np.concatenate(parts, axis=1))
    indices = np.concatenate(columns)
    counts = sparse.csr_matrix(
        (np.ones(len(indices), np.float32), indices, np.concatenate(ends)),
        shape=(len(texts), BUCKETS),
    )
    return counts, np.concatenate(dense)


def vocabulary_of(corpus: Corpus) -> Vocabulary:
    """Keep the buckets that two labelled texts have, and those common in the texts made from others."""
    read = corpus.is_measured & corpus.is_learnt
    labelled = np.bincount(corpus.counts[read].indices, minlength=BUCKETS)
    made = np.bincount(corpus.counts[corpus.is_learnt].indices, minlength=BUCKETS)
    kept = np.flatnonzero((labelled >= LEAST_TEXTS) | (made >= LEAST_MADE_TEXTS))
    frequencies = np.log((1 + read.sum()) / (1 + labelled[kept])) + 1
    # Rounded as it is stored, so that training and use agree.
    rounded = frequencies.astype(np.float16).astype(np.float32)
    return Vocabulary(kept.astype(np.int32), rounded)


def weighted(corpus: Corpus, vocabulary: Vocabulary) -> Counts:
    """Weigh known buckets by inverse document frequency, scale each row to length one, append the dense columns."""
    known = corpus.counts[:, vocabulary.buckets].multiply(vocabulary.frequencies).tocsr()
    lengths = np.asarray(np.sqrt(known.multiply(known).sum(axis=1)))
    rows = known.multiply(1.0 / np.maximum(lengths, 1e-6))
    return sparse.hstack([rows, sparse.csr_matrix(corpus.dense)]).tocsr()


def _augmented(
    texts: Sequence[LabelledText], folds: Targets, titles: Sequence[str]
) -> tuple[list[LabelledText], Targets]:
    """Add the texts made from others; each is held out together with those it was made from."""
    random = np.random.default_rng(AUGMENTATION_SEED)
    civic = civic_posts(random)
    if titles:
        civic += pool_posts(titles, random)
    usable = [place for place, item in enumerate(texts) if item.origin != OVERTIME_COMMENTS]
    learnt = [texts[place] for place in usable]
    made = letters(learnt, random) + joined(learnt, folds[usable].tolist(), random)
    civic_folds = random.integers(0, FOLDS, len(civic))
    made_folds = folds[[usable[place] for place, _ in made]]
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
