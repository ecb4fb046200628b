"""What a person may set about the fine-tuning of an encoder."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ClassWeights(StrEnum):
    """How much more a text of a rare label counts: not at all, by the root of its rarity, or by all of it."""

    NONE = "none"
    ROOT = "root"
    BALANCED = "balanced"


@dataclass(frozen=True, slots=True)
class TuningOptions:
    """None means: whatever suits the encoder and the goal.

    ``longest`` counts tokens, ``batch_size`` texts of usual length. Training ends at ``epochs`` or ``minutes``,
    whichever comes first; as long as the epochs come first, the same rows give the same model on a CPU.
    ``warm_up_epochs`` is for an encoder that starts from nothing: rounds of guessing hidden characters.
    """

    epochs: int | None = None
    learning_rate: float | None = None
    longest: int = 128
    batch_size: int = 32
    minutes: float = 15.0
    seed: int = 20_261
    class_weights: ClassWeights | None = None
    warm_up_epochs: int = 3
