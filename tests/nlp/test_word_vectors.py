from pathlib import Path

import numpy as np
import pytest

from core.errors import ConfigurationError
from nlp.features import extract
from nlp.training.word_vectors import store_word_vectors
from nlp.word_vectors import VECTOR_SIZE, VECTORS_FILE, Vectors, WordVectors, load_word_vectors

COUNTS = {"的": 90, "工资": 30, "薪水": 20, "天气": 20, "薪": 10, "天": 10}
PLACES = np.array(
    [[1, 1, 1], [1, 0.1, 0], [1, 0, 0.1], [0, 1, 0], [0.9, 0, 0], [0, 0.9, 0]], np.float32
)


@pytest.fixture
def vectors(tmp_path: Path) -> WordVectors:
    assert store_word_vectors(tmp_path, PLACES, COUNTS, 100) == len(COUNTS)
    return load_word_vectors(tmp_path)


def rows(vectors: WordVectors, *texts: list[str]) -> Vectors:
    joined = ["".join(words) for words in texts]
    return vectors.rows(joined, extract(joined, texts))


def test_texts_of_like_words_lie_close_together(vectors: WordVectors) -> None:
    pay, salary, weather = rows(vectors, ["工资"], ["薪水"], ["天气"])
    half = vectors.size // 2
    assert pay[:half] @ salary[:half] > 0.9 * VECTOR_SIZE**2
    assert pay[:half] @ weather[:half] < 0.2 * VECTOR_SIZE**2


def test_each_half_has_its_length_or_is_empty(vectors: WordVectors) -> None:
    known, unknown, empty = rows(vectors, ["薪水"], ["外星"], [])
    half = vectors.size // 2
    assert np.linalg.norm(known[:half]) == pytest.approx(VECTOR_SIZE)
    assert np.linalg.norm(known[half:]) == pytest.approx(VECTOR_SIZE)
    assert not unknown.any()
    assert not empty.any()


def test_row_does_not_depend_on_its_batch(vectors: WordVectors) -> None:
    texts = [["工资", "的"], [], ["天气"], ["😀"], ["\ud800"], []]
    together = rows(vectors, *texts)
    for place, text in enumerate(texts):
        assert np.array_equal(together[place], rows(vectors, text)[0])


def test_rare_words_weigh_more_than_common_ones(vectors: WordVectors) -> None:
    both, rare = rows(vectors, ["的", "天气"], ["天气"])
    half = vectors.size // 2
    assert both[:half] @ rare[:half] > 0.9 * VECTOR_SIZE**2


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / VECTORS_FILE).write_bytes(b"not an archive")
    with pytest.raises(ConfigurationError, match=VECTORS_FILE):
        load_word_vectors(tmp_path)
