"""The emotion of a text and its offence, and the network behind them."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import ConfigurationError
from nlp.annotations import Emotion, TextInput
from nlp.features import extract
from nlp.pipeline import Pipeline
from nlp.tone.convolution import (
    CONVOLUTION_FILE,
    Convolution,
    ConvolutionWeights,
    Filters,
    load_convolution,
    save_convolution,
)

CHARACTERS = "".join(sorted("我你他气开心怒😡"))
TEXTS = [
    "我气", "", "😡😡", "你开心他开心", "未知字符xyz", "我" * 300, "他怒", "气" * 50 + "你", "\n",
    "心", "开", "我怒你气他开心", "😡我", "a", "你", "他" * 7, "怒怒怒", "气气", "我他你", "心心心心",
]  # fmt: skip


@pytest.fixture(scope="module")
def weights() -> ConvolutionWeights:
    random = np.random.default_rng(3)

    def filters(tokens: int, size: int, widths: tuple[int, ...]) -> Filters:
        return Filters(
            cells=random.integers(-127, 128, (tokens + 1, size)).astype(np.int8),
            filters=tuple(
                random.integers(-127, 128, (width, size, 4)).astype(np.int8) for width in widths
            ),
            scales=random.uniform(1e-4, 1e-3, 4 * len(widths)).astype(np.float32),
            biases=random.normal(0, 0.5, 4 * len(widths)).astype(np.float32),
        )

    words = ["开心", "我", "怒"]
    buckets = np.sort(extract(words, [[word] for word in words]).word_buckets)
    return ConvolutionWeights(
        characters=CHARACTERS,
        word_buckets=buckets.astype(np.int32),
        character_filters=filters(len(CHARACTERS), 5, (1, 2, 3)),
        word_filters=filters(len(words), 6, (1, 2)),
        output=random.normal(0, 1, (20, 3)).astype(np.float32),
        output_biases=random.normal(0, 1, 3).astype(np.float32),
    )


def words_of(text: str) -> list[str]:
    """Cut into pairs: any cut will do here."""
    return [text[place : place + 2] for place in range(0, len(text), 2)]


def strongest(rows: list[int], filters: Filters) -> NDArray[np.float64]:
    """Compute one text's values from the definition, filter by filter and window by window."""
    size = filters.cells.shape[1]
    cells = [np.zeros(size)] * 2 + [filters.cells[row].astype(float) for row in rows]
    cells += [np.zeros(size)] * 2
    found = []
    for width, pieces in enumerate(filters.filters, start=1):
        windows = [cells[at : at + width] for at in range(len(cells) - 2)]
        sums = [
            sum(cell @ piece.astype(float) for cell, piece in zip(window, pieces, strict=True))
            for window in windows
        ]
        found.append(np.max(sums, axis=0))
    values = np.concatenate(found) * filters.scales + filters.biases
    strongest_values: NDArray[np.float64] = np.maximum(values, 0.0)
    return strongest_values


def test_tables_give_what_the_filters_define(weights: ConvolutionWeights) -> None:
    words = [words_of(text) for text in TEXTS]
    features = extract(TEXTS, words)
    found = Convolution(weights).score(TEXTS, features)
    known = {bucket: row for row, bucket in enumerate(weights.word_buckets.tolist())}
    for place, text in enumerate(TEXTS):
        letters = [
            CHARACTERS.index(item) if item in CHARACTERS else len(CHARACTERS) for item in text
        ]
        own = slice(*features.word_starts[place : place + 2])
        tokens = [known.get(item, 3) for item in features.word_buckets[own].tolist()]
        expected = np.concatenate(
            [
                strongest(letters, weights.character_filters),
                strongest(tokens, weights.word_filters),
            ]
        )
        scores = expected @ weights.output + weights.output_biases
        assert np.allclose(found[place], scores, atol=0.05), text


def test_network_judges_each_text_alone(weights: ConvolutionWeights) -> None:
    network = Convolution(weights)
    texts = TEXTS * 60
    together = network.score(texts, extract(texts, [words_of(text) for text in texts]))
    for place in range(len(TEXTS)):
        alone = network.score([texts[place]], extract([texts[place]], [words_of(texts[place])]))
        assert np.array_equal(alone[0], together[place])
    assert network.score([], extract([], [])).shape == (0, 3)


def test_stored_network_is_read_back(tmp_path: Path, weights: ConvolutionWeights) -> None:
    save_convolution(tmp_path, weights)
    again = load_convolution(tmp_path)
    features = extract(TEXTS, [words_of(text) for text in TEXTS])
    assert np.array_equal(
        Convolution(weights).score(TEXTS, features), Convolution(again).score(TEXTS, features)
    )
    (tmp_path / CONVOLUTION_FILE).write_bytes(b"nothing")
    with pytest.raises(ConfigurationError, match="读不了"):
        load_convolution(tmp_path)


def test_gap_around_a_text_counts_once_whatever_stands_beside_it(
    weights: ConvolutionWeights,
) -> None:
    deaf = replace(weights, output_biases=np.zeros(3, np.float32))
    network = Convolution(deaf)
    empty = network.score([""], extract([""], [[]]))
    beside = network.score(["我", "", "怒"], extract(["我", "", "怒"], [["我"], [], ["怒"]]))
    assert np.array_equal(beside[1], empty[0])


def test_probabilities_of_emotions_add_up_to_one(pipeline: Pipeline) -> None:
    for found in pipeline.analyse([TextInput("", text) for text in TEXTS]):
        assert set(found.emotion.scores) == set(Emotion)
        assert sum(found.emotion.scores.values()) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("气死我了，凭什么扣我工资，太过分了！[怒][怒]", Emotion.ANGRY),
        ("今天发工资啦，好开心[哈哈][哈哈]晚上去吃火锅", Emotion.HAPPY),
        ("心好痛，想哭，再也见不到你了[泪][泪]", Emotion.SAD),
        ("吓死我了，半夜听到脚步声，好害怕", Emotion.FEAR),
        ("天啊！竟然会有这种事，太让人震惊了！[吃惊]", Emotion.SURPRISE),
        ("会议定于周三上午九点在三楼会议室召开。", Emotion.NEUTRAL),
    ],
)
def test_plain_emotions_are_named(text: str, emotion: Emotion, pipeline: Pipeline) -> None:
    assert pipeline.analyse([TextInput("", text)])[0].emotion.label is emotion


@pytest.mark.parametrize(
    ("text", "is_offensive"),
    [
        ("河南人都是骗子小偷，一群下贱的东西，滚出去", True),
        ("工资拖了三个月，那些送外卖的都是低等人，猪狗不如，活该饿死", True),
        ("拖欠工资三个月了，老板电话不接，真的要逼死人吗？求领导管管！", False),
        ("天天加班到十二点，身体都垮了，这活没法干了，气死我了！", False),
        ("市总工会走访慰问困难职工，送去米面油。", False),
    ],
)
def test_abuse_is_told_from_anger(text: str, *, is_offensive: bool, pipeline: Pipeline) -> None:
    found = pipeline.analyse([TextInput("", text)])[0].offensive
    assert found.label is is_offensive


def test_answers_stay_the_same_in_every_batch(pipeline: Pipeline) -> None:
    texts = [TextInput("", text) for text in TEXTS * 20]
    together = pipeline.analyse(texts)
    alone = [pipeline.analyse([text])[0] for text in texts[: len(TEXTS)]]
    for one, other in zip(alone, together, strict=False):
        assert one.emotion == other.emotion
        assert one.offensive == other.offensive
    for first, second in pairwise([together[0], together[20], together[40]]):
        assert first.emotion == second.emotion
