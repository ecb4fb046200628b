"""Writes a fine-tuned encoder as an ONNX graph of 8-bit weights, and checks that it still says the same."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import AnalysisError
from nlp.classification.transformer_classifier import ENCODER_FILE, INPUT, OUTPUT
from nlp.linear import Matrix

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

LEAST_AGREEMENT = 0.98
LEAST_EXACT_AGREEMENT = 0.999
OPSET = 17
EXAMPLE = 12
TRIED_TEXTS = 200
"""Enough to see that the trace is right; the graph that is kept answers every held-out text."""

Scores = Callable[[Path, int], Matrix]


class Precision(StrEnum):
    INT8 = "int8"
    FLOAT32 = "float32"


@dataclass(frozen=True, slots=True)
class Agreement:
    """``labels`` is the share of texts given the same label, ``largest`` the largest gap of a probability."""

    labels: float
    largest: float


@dataclass(frozen=True, slots=True)
class Exported:
    """``refused`` is what the 8-bit graph reached where the one of 32 bits was kept instead."""

    precision: Precision
    scores: Matrix
    agreement: Agreement
    refused: Agreement | None


def export(model: PreTrainedModel, folder: Path, original: Matrix, ask: Scores) -> Exported:
    """Leave one graph in ``folder``; ``ask`` gives its scores for so many of the first texts of ``original``.

    Raises AnalysisError where even the exact graph answers otherwise than the model.
    """
    exact, small = folder / "exact.onnx", folder / ENCODER_FILE
    _trace(model, exact)
    tried = original[:TRIED_TEXTS]
    agreement = compare(tried, ask(exact, len(tried)))
    if agreement.labels < LEAST_EXACT_AGREEMENT:
        raise AnalysisError(
            f"导出的模型与原模型答案不一致（只有 {agreement.labels:.1%} 相同），没有保存。"
            "这种编码器暂时无法导出，请换一种。"
        )
    _quantise(exact, small)
    scores = ask(small, len(original))
    refused = compare(original, scores)
    if refused.labels >= LEAST_AGREEMENT:
        exact.unlink()
        return Exported(Precision.INT8, scores, refused, None)
    exact.replace(small)
    scores = ask(small, len(original))
    return Exported(Precision.FLOAT32, scores, compare(original, scores), refused)


def compare(original: Matrix, scores: Matrix) -> Agreement:
    same = original.argmax(axis=1) == scores.argmax(axis=1)
    gap = np.abs(_softmax(original) - _softmax(scores)).max(initial=0.0)
    return Agreement(float(np.mean(same)), float(gap))


def _softmax(scores: Matrix) -> NDArray[np.float64]:
    powers = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _trace(model: PreTrainedModel, path: Path) -> None:
    """Export by tracing: it takes every encoder tried, a second each, and needs only ``onnx`` besides."""
    import torch

    class ScoresOnly(torch.nn.Module):  # type: ignore[misc] # the library is untyped here
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            answer: torch.Tensor = self.inner(
                input_ids=ids, attention_mask=torch.ones_like(ids)
            ).logits
            return answer

    wrapped = ScoresOnly().float().cpu().eval()
    with warnings.catch_warnings():
        # They warn of what tracing cannot follow; the comparison afterwards would show it.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            wrapped,
            (torch.ones((1, EXAMPLE), dtype=torch.int64),),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {1: "length"}},
        )


def _quantise(exact: Path, small: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    graph = onnx.load(str(exact))
    # Shapes noted for one length contradict those that the quantiser infers.
    del graph.graph.value_info[:]
    before = logging.root.manager.disable
    # The quantiser recommends a preparation that changes nothing here.
    logging.disable(logging.WARNING)
    try:
        quantize_dynamic(graph, str(small), per_channel=True, weight_type=QuantType.QInt8)
    finally:
        logging.disable(before)
