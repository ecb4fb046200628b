"""Floors under the shipped models of emotion and offence, judged as they are, without any training."""

import json
from pathlib import Path
from typing import TypedDict

import pytest

from nlp.pipeline import WEIGHTS
from nlp.tone.models import ToneModels, load_tone_models
from tests.quality.gate import data_folder, shortfalls

pytest.importorskip("sklearn", reason="scikit-learn (extra `train`) is not installed")

from nlp.training.tone.figures import measure_own, measure_tone
from nlp.training.tone.posts import sets_digest

FLOORS = Path(__file__).parent / "tone_floors.json"


class ToneFloors(TypedDict):
    """``sets`` is the hash of the sets that ``floors`` were measured on."""

    sets: str
    floors: dict[str, float]


@pytest.fixture(scope="module")
def models() -> ToneModels:
    return load_tone_models(WEIGHTS)


@pytest.fixture(scope="module")
def pinned() -> ToneFloors:
    stored: ToneFloors = json.loads(FLOORS.read_text(encoding="utf-8"))
    return stored


def test_shipped_models_hold_their_floors_on_our_own_texts(
    models: ToneModels, pinned: ToneFloors
) -> None:
    measured = {figure.name: figure.value for figure in measure_own(models)}
    own = {name: floor for name, floor in pinned["floors"].items() if name in measured}
    assert len(own) == len(measured)
    assert shortfalls(own, measured) == []


def test_shipped_models_hold_their_floors_on_the_shared_sets(
    models: ToneModels, pinned: ToneFloors
) -> None:
    data = data_folder()
    if data is None:
        pytest.skip("ZHISHENG_DATA is not set: the sets of SMP2020 and COLD are not at hand")
    assert pinned["sets"] == sets_digest(data), "the sets changed: measure the floors anew"
    measured = {figure.name: figure.value for figure in measure_tone(models, data)}
    assert shortfalls(pinned["floors"], measured) == []
