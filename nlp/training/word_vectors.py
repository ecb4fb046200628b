"""Learns the word vectors from the unlabelled texts whose licence lets their weights be shipped."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rjieba
from numpy.typing import NDArray

from core.errors import ConfigurationError
from nlp.normalisation import normalise
from nlp.training.labels import UNLABELLED_POOLS, own_posts, pool_titles
from nlp.word_vectors import VECTORS_FILE, Cells, buckets_of

DIMENSIONS = 160
WINDOW = 10
EPOCHS = 5
LEAST_SEEN = 4
MOST_WORDS = 60_000
WORDS_AT_ONCE = 24
SEED = 20_261
# Apache-2.0 both; SMP2020 through UER-py.
POSTS = (
    "smp2020_ewect/usual_train.csv",
    "smp2020_ewect/virus_train.csv",
    "cold/train.csv",
)
_LOUDEST = 127


def train_word_vectors(data: Path, folder: Path, segmentation: rjieba.Jieba) -> int:
    """Train on one core, about ten minutes, and store the vectors; gives the number of words.

    The same texts give the same vectors. Raises ConfigurationError for a missing file or library.
    """
    try:
        from gensim.models import Word2Vec
    except ImportError as error:
        raise ConfigurationError(
            "训练词向量需要附加组件：pip install 'zhisheng[train]'。"
        ) from error
    sentences = list(_sentences(data, segmentation))
    model = Word2Vec(
        sentences,
        vector_size=DIMENSIONS,
        window=WINDOW,
        min_count=LEAST_SEEN,
        sg=1,
        negative=5,
        epochs=EPOCHS,
        workers=1,
        sample=1e-4,
        seed=SEED,
    )
    counts = {word: model.wv.get_vecattr(word, "count") for word in model.wv.index_to_key}
    return store_word_vectors(folder, model.wv.vectors, counts, len(sentences))


def store_word_vectors(
    folder: Path, vectors: NDArray[np.float32], counts: dict[str, int], texts: int
) -> int:
    """Weigh each vector of length one by its inverse document frequency and round it to 8 bits.

    ``counts`` names the rows of ``vectors`` in their order, the commonest first.
    """
    names = list(counts)
    seen = np.array(list(counts.values()), np.float64)
    rarity = np.maximum(np.log(texts / seen), 0.1)
    weighted = vectors / np.linalg.norm(vectors, axis=1, keepdims=True) * rarity[:, None]
    cells = np.clip(np.round(weighted * (_LOUDEST / np.abs(weighted).max())), -127, 127)
    single = [place for place, name in enumerate(names) if len(name) == 1 and ord(name) < 1 << 16]
    words = _without_collisions(names)[:MOST_WORDS]
    np.savez_compressed(
        folder / VECTORS_FILE,
        words=np.array("\n".join(names[place] for place in words)),
        word_cells=_rounded(cells, words),
        characters=np.array("".join(names[place] for place in single)),
        character_cells=_rounded(cells, single),
    )
    return len(words)


def _rounded(cells: NDArray[np.float64], places: list[int]) -> Cells:
    return cells[places].astype(np.int8)


def _without_collisions(names: list[str]) -> list[int]:
    """Keep the commonest word of each bucket."""
    _, first = np.unique(buckets_of(names), return_index=True)
    return sorted(first.tolist())


def _sentences(data: Path, segmentation: rjieba.Jieba) -> Iterator[list[str]]:
    """Give words with the characters of the longer ones behind them, so that both meet in a window."""
    for text in _texts(data):
        words = [word for word in segmentation.cut(normalise("", text)) if word.strip()]
        for start in range(0, len(words), WORDS_AT_ONCE):
            part = words[start : start + WORDS_AT_ONCE]
            yield part + [
                letter
                for word in part
                if len(word) > 1
                for letter in word
                if "\u4e00" <= letter <= "\u9fff"
            ]


def _texts(data: Path) -> Iterator[str]:
    for origin in UNLABELLED_POOLS:
        yield from dict.fromkeys(pool_titles(data, origin))
    for name in POSTS:
        path = data / name
        if not path.is_file():
            raise ConfigurationError(f"数据文件夹里没有「{name}」。")
        with path.open(encoding="utf-8", newline="") as file:
            yield from (row["text"] for row in csv.DictReader(file))
    yield from (post.text for post in own_posts())
