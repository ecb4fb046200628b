"""What a recipe is: labelled rows in, a folder that ``nlp.classification`` reads out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from nlp.training.labelled_file import LabelledRows


class Goal(StrEnum):
    """The figure that the choice of a label is tuned to."""

    ACCURACY = "accuracy"
    MACRO_F1 = "macro_f1"


@dataclass(frozen=True, slots=True)
class RecipeOptions:
    """``base`` is a local directory of an encoder, for recipes that start from one."""

    goal: Goal = Goal.ACCURACY
    base: Path | None = None


@dataclass(frozen=True, slots=True)
class Trained:
    """``format`` names the reader of the files written; ``figures`` were measured on held-out rows."""

    format: str
    figures: Mapping[str, float]


class Recipe(Protocol):
    """Writes its files into an existing, empty folder; the same rows give the same files."""

    def __call__(self, rows: LabelledRows, folder: Path, options: RecipeOptions) -> Trained: ...
