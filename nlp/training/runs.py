"""One training run: reads the labels, fits tasks, writes the weights."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from config.topics import load_topics
from core.errors import ConfigurationError
from nlp.lexicons import load_segmentation
from nlp.linear import TaskModel, load_models, load_vocabulary, save_task, save_vocabulary
from nlp.pipeline import TASKS, WEIGHTS
from nlp.training.corpus import Corpus, build_corpus, vocabulary_of
from nlp.training.evaluation import evaluate
from nlp.training.figure import Figure
from nlp.training.held_out_sample import held_out_figures
from nlp.training.labels import UNLABELLED_POOLS, labelled_texts, pool_titles
from nlp.training.linear_training import fit_task
from nlp.training.rarity import build_rarity
from nlp.training.term_rarity import build_term_rarity
from nlp.training.word_vectors import train_word_vectors
from nlp.word_vectors import load_word_vectors


def train(tasks: Sequence[str], data: Path | None, folder: Path = WEIGHTS) -> dict[str, str]:
    """Fit the tasks, or all when none is named, and give their versions.

    The same labels give the same weights, and so the same version. Raises ConfigurationError for an
    unknown task and without the data folder.
    """
    unknown = sorted(set(tasks) - set(TASKS))
    if unknown:
        raise ConfigurationError(f"没有名为「{unknown[0]}」的任务。已有：{'、'.join(TASKS)}")
    data = _required(data)
    corpus = read_corpus(data)
    vocabulary = vocabulary_of(corpus)
    if tasks and load_vocabulary(folder).digest() != vocabulary.digest():
        raise ConfigurationError("标注变了，词表也随之变化：请不带任务名运行，一起训练全部任务。")
    save_vocabulary(folder, vocabulary)
    versions: dict[str, str] = {}
    for task in tasks or TASKS:
        model = fit_task(corpus, vocabulary, task, "")
        versions[task] = version_of(model)
        save_task(folder, replace(model, version=versions[task]), vocabulary)
    if not tasks:
        build_rarity(data, folder, load_segmentation())
        build_term_rarity(data, folder)
    return versions


def train_vectors(data: Path | None, folder: Path = WEIGHTS) -> int:
    """Learn the word vectors anew and give their number; every task must be trained again afterwards.

    Raises ConfigurationError without the data folder.
    """
    return train_word_vectors(_required(data), folder, load_segmentation())


def _required(data: Path | None) -> Path:
    if data is None:
        raise ConfigurationError("训练需要已标注标题的原文：请用 ZHISHENG_DATA 指明数据文件夹。")
    return data


def version_of(model: TaskModel) -> str:
    """Name a model by its content, so that other weights never answer under the same version."""
    content = model.weights.tobytes() + model.calibration.tobytes() + model.thresholds.tobytes()
    return f"linear-{hashlib.sha256(content).hexdigest()[:8]}"


def measure(data: Path | None) -> list[Figure]:
    """Cross-validate every task on the labels at hand."""
    corpus = read_corpus(data)
    return evaluate(corpus, vocabulary_of(corpus))


def measure_held_out(data: Path) -> dict[str, float]:
    """Judge the two sets that one fit leaves out; quicker than ``measure``, for the floors of the tests."""
    corpus = read_corpus(data)
    return held_out_figures(corpus, vocabulary_of(corpus), load_models(WEIGHTS, TASKS))


def read_corpus(data: Path | None) -> Corpus:
    codes = tuple(topic.code for topic in load_topics())
    texts, vectors = labelled_texts(data), load_word_vectors(WEIGHTS)
    if data is None:
        return build_corpus(texts, codes, vectors)
    known = {item.text for item in texts}
    titles = [
        title
        for origin in UNLABELLED_POOLS
        for title in pool_titles(data, origin)
        if title not in known
    ]
    return build_corpus(texts, codes, vectors, titles)
