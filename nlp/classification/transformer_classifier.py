"""A fine-tuned encoder as an ONNX graph: nothing of the training libraries is needed to ask it.

Texts run one by one, at their own length. Whole numbers are scaled by the largest value of a run, so in a
batch the answer for one text would depend on the texts beside it; and no work goes into padding.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ConfigurationError
from nlp.classification.classifier import Places
from nlp.classification.transformer_text import TextForm, text_for
from nlp.linear import Matrix

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

ENCODER_FILE = "encoder.onnx"
TOKENIZER_FILE = "tokenizer.json"
READING_FILE = "transformer.json"
INPUT, OUTPUT = "ids", "scores"
THREADS = 1


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts go into the graph and what its scores mean.

    A probability is the softmax of ``scale`` times the scores plus ``biases``; ``offsets`` are added to the
    log-probabilities before a label is chosen. ``longest`` counts tokens, those at the ends included.
    """

    labels: tuple[str, ...]
    text_form: TextForm
    longest: int
    scale: float
    biases: tuple[float, ...]
    offsets: tuple[float, ...]

    def shares(self, scores: Matrix) -> Matrix:
        odds = scores.astype(np.float64) * self.scale + np.array(self.biases)
        powers = np.exp(odds - odds.max(axis=1, keepdims=True))
        found: Matrix = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        return found

    def write(self, folder: Path) -> None:
        text = json.dumps(asdict(self), ensure_ascii=False, indent=2)
        (folder / READING_FILE).write_text(text + "\n", encoding="utf-8")


class TransformerClassifier:
    """Session and tokenizer are loaded once and may be used by several threads at a time."""

    def __init__(self, session: InferenceSession, tokenizer: Tokenizer, reading: Reading) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._reading = reading

    @property
    def labels(self) -> tuple[str, ...]:
        return self._reading.labels

    def scores(self, texts: Sequence[str]) -> Matrix:
        """Give the graph's own scores, before calibration."""
        rows = [self._run(text) for text in texts]
        return np.concatenate([np.zeros((0, len(self.labels)), np.float32), *rows])

    def probabilities(self, texts: Sequence[str]) -> Matrix:
        if not texts:
            return np.zeros((0, len(self.labels)), np.float32)
        return self._reading.shares(self.scores(texts))

    def choose(self, probabilities: Matrix) -> Places:
        logs = np.log(np.maximum(probabilities, 1e-9))
        places: Places = (logs + np.array(self._reading.offsets)).argmax(axis=1)
        return places

    def _run(self, text: str) -> Matrix:
        encoded = self._tokenizer.encode(text_for(self._reading.text_form, text))
        found: Matrix = self._session.run([OUTPUT], {INPUT: np.array([encoded.ids], np.int64)})[0]
        return found


def load(folder: Path) -> TransformerClassifier:
    """Read the graph, its tokenizer and its labels; raises ConfigurationError where one is wrong."""
    reading = read_reading(folder)
    return TransformerClassifier(
        open_session(folder / ENCODER_FILE),
        open_tokenizer(folder / TOKENIZER_FILE, reading.longest),
        reading,
    )


def open_session(path: Path) -> InferenceSession:
    from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = THREADS
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_ALL
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    if not path.is_file():
        raise ConfigurationError(f"模型文件夹里没有「{path}」。请重新训练。")
    try:
        return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors share no narrower base
        raise ConfigurationError(f"模型文件「{path}」读不了：{error}。请重新训练。") from error


def open_tokenizer(path: Path, longest: int) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # the library raises nothing narrower for a wrong file
        raise ConfigurationError(f"分词文件「{path}」读不了：{error}。请重新训练。") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    return tokenizer


def read_reading(folder: Path) -> Reading:
    path = folder / READING_FILE
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Reading(
            labels=tuple(map(str, stored["labels"])),
            text_form=TextForm(stored["text_form"]),
            longest=int(stored["longest"]),
            scale=float(stored["scale"]),
            biases=tuple(map(float, stored["biases"])),
            offsets=tuple(map(float, stored["offsets"])),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"模型文件「{path}」读不了：{error!r}。请重新训练。") from error
