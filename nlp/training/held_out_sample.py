"""Measures the recipe on texts it never learns from, by one fit: what the floors of the test suite hold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nlp.dilution import diluted
from nlp.linear import LinearModels, Matrix, Vocabulary
from nlp.steps.topics import chosen_places
from nlp.training.corpus import Corpus, weighted
from nlp.training.labels import KEYWORD_SAMPLE, OVERTIME_COMMENTS
from nlp.training.linear_training import f1, fit_inside, macro_f1

ASIDE = (KEYWORD_SAMPLE, OVERTIME_COMMENTS)


def held_out_figures(
    corpus: Corpus, vocabulary: Vocabulary, shipped: LinearModels
) -> dict[str, float]:
    """Fit without the two sets aside and judge them.

    Calibrations and thresholds are those of the ``shipped`` models, which saw the keyword sample, so its figures
    are higher than those of the full cross-validation by a hair.
    """
    origins = np.array([item.origin for item in corpus.texts])
    rows, learnt = weighted(corpus, vocabulary), ~np.isin(origins, ASIDE)
    scores: dict[str, Matrix] = {}
    for task in ("relevance", "topics", "polarity"):
        weights, biases = fit_inside(corpus, rows, task, learnt)
        scores[task] = rows @ weights + biases
    figures: dict[str, float] = {}
    for origin in ASIDE:
        judged = np.flatnonzero((origins == origin) & corpus.is_measured)
        of_set = _judged(corpus, shipped, {task: s[judged] for task, s in scores.items()}, judged)
        figures |= {f"{name}.{origin}": round(value, 4) for name, value in of_set.items()}
    return figures


def _judged(
    corpus: Corpus,
    shipped: LinearModels,
    scores: Mapping[str, Matrix],
    judged: NDArray[np.int64],
) -> dict[str, float]:
    relevance, topics, polarity = (shipped.tasks[task] for task in scores)
    found = diluted(relevance.probabilities(scores["relevance"])[:, 0], corpus.losses[judged])
    relevant = found >= relevance.thresholds[0]
    picked = np.zeros((len(judged), len(corpus.codes)), bool)
    for place, row in enumerate(topics.probabilities(scores["topics"])):
        picked[place, chosen_places(row, topics.thresholds)] = relevant[place]
    gold = corpus.relevant[judged] == 1
    chosen = np.array(polarity.choose(polarity.shares(scores["polarity"])))
    return {
        "relevance_f1": f1(relevant, gold),
        "topics_micro_f1": f1(picked.ravel(), corpus.topics[judged].ravel() == 1),
        "polarity_macro_f1": macro_f1(
            chosen[gold], corpus.polarity[judged][gold], len(polarity.columns)
        ),
    }
