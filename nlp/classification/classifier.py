"""What a trained classifier is: labels, and their probabilities for texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlp.linear import Matrix

Places = NDArray[np.int64]


class Classifier(Protocol):
    """Pure and thread-safe: the answer for a text does not depend on the texts beside it."""

    @property
    def labels(self) -> tuple[str, ...]: ...

    def probabilities(self, texts: Sequence[str]) -> Matrix:
        """Give a row of calibrated probabilities for each text, in the order of ``labels``."""
        ...

    def choose(self, probabilities: Matrix) -> Places:
        """Give the place of the label to answer with, which need not be the likeliest."""
        ...


class ClassifierFormat(Protocol):
    """Reads a classifier from its folder; raises ConfigurationError where its files are wrong."""

    def __call__(self, folder: Path) -> Classifier: ...
