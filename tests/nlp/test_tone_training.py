"""How the models of tone are trained: what is planted, what is kept apart, what is stored."""

import numpy as np
import pytest

from nlp.lexicons import load_segmentation
from nlp.pipeline import WEIGHTS
from nlp.tone.convolution import Convolution
from nlp.word_vectors import load_word_vectors

pytest.importorskip("sklearn", reason="scikit-learn (extra `train`) is not installed")

from nlp.training.tone.blending import blend
from nlp.training.tone.planting import own_sentences, planted
from nlp.training.tone.posts import angry_posts, is_aside, is_for_test

LABOUR = ["工资拖了三个月。老板不接电话！谁来管管？", "天天加班"]


def test_planted_text_holds_the_sentence_and_talk_of_labour() -> None:
    random = np.random.default_rng(1)
    for text in planted(LABOUR, ["一句脏话"], 50, random):
        assert "一句脏话" in text
        assert any(part in text for part in ("工资拖了三个月。", "天天加班"))
    assert planted(LABOUR, ["甲"], 9, np.random.default_rng(2)) == planted(
        LABOUR, ["甲"], 9, np.random.default_rng(2)
    )


def test_own_sentences_name_somebody() -> None:
    for kind in ("abuse", "anger"):
        sentences = own_sentences(kind, 200, np.random.default_rng(1))
        assert len(set(sentences)) > 50
        assert not any("{" in sentence for sentence in sentences)


def test_text_is_put_aside_by_its_own_words_alone() -> None:
    texts = [f"第{number}条" for number in range(2_000)]
    together = is_aside(texts)
    assert 0.09 < together.mean() < 0.16
    assert [bool(is_aside([text])[0]) for text in texts[:50]] == together[:50].tolist()


def test_half_of_the_angry_posts_is_kept_for_the_figures() -> None:
    posts = angry_posts()
    for label in (0, 1):
        share = is_for_test(
            [text for text, place in zip(posts.texts, posts.places, strict=True) if place == label]
        ).mean()
        assert 0.35 < share < 0.65


def test_blend_trusts_the_better_witness() -> None:
    random = np.random.default_rng(1)
    places = random.integers(0, 3, 500)
    good = 3 * np.eye(3)[places] + random.normal(0, 1, (500, 3))
    bad = random.normal(0, 1, (500, 3))
    rows = blend(good.astype(np.float32), bad.astype(np.float32), places)
    assert rows.shape == (7, 3)
    assert rows[0, 0] > 5 * abs(rows[3, 0])


def test_stored_network_answers_as_the_learning_one() -> None:
    torch = pytest.importorskip("torch", reason="torch (extra `train`) is not installed")
    from nlp.training.tone.judges import network_scores
    from nlp.training.tone.network import Network, stored_network
    from nlp.training.tone.network_training import GAP, word_cells
    from nlp.training.tone.token_rows import FIRST, common_characters, token_rows

    texts = [*LABOUR, "气死我了😡😡", "", "好开心[哈哈]"] * 4
    vectors, segmentation = load_word_vectors(WEIGHTS), load_segmentation()
    characters = common_characters(texts)
    torch.manual_seed(5)
    network = Network(len(characters) + FIRST, word_cells(vectors), (6, 6, 1)).eval()
    rows = token_rows(texts, characters, vectors, segmentation)
    letters = torch.from_numpy(rows.characters[:, : 40 + GAP].astype(np.int64))
    words = torch.from_numpy(rows.words[:, : 40 + GAP].astype(np.int64))
    with torch.no_grad():
        learning = torch.cat([network(letters, words, task) for task in range(3)], 1).numpy()
    stored = Convolution(stored_network(network, characters, vectors))
    assert np.allclose(network_scores(stored, texts, segmentation), learning, atol=0.03)
