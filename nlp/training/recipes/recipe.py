"""What a recipe is: labelled rows in, a folder that ``nlp.classification`` reads out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from nlp.training.labelled_file import LabelledRows
from nlp.training.progress import Report, unheard
from nlp.training.tuning_options import TuningOptions


class Goal(StrEnum):
    """The figure that the choice of a label is tuned to."""

    ACCURACY = "accuracy"
    MACRO_F1 = "macro_f1"


@dataclass(frozen=True, slots=True)
class RecipeOptions:
    """``base`` is a local directory of an encoder and ``tuning`` how to fine-tune it, for recipes that do.

    ``report`` takes Chinese lines for the person who waits.
    """

    goal: Goal = Goal.ACCURACY
    base: Path | None = None
    tuning: TuningOptions = field(default_factory=TuningOptions)
    report: Report = unheard


@dataclass(frozen=True, slots=True)
class Trained:
    """``format`` names the reader of the files written; ``figures`` were measured on held-out rows.

    ``notes`` say by the recipe's own names what else is worth keeping, such as where the weights came from.
    """

    format: str
    figures: Mapping[str, float]
    notes: Mapping[str, str] = field(default_factory=dict)


class Recipe(Protocol):
    """Writes its files into an existing, empty folder; the same rows give the same files."""

    def __call__(self, rows: LabelledRows, folder: Path, options: RecipeOptions) -> Trained: ...
