"""One training run of all that tells the tone of a text."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import structlog
from threadpoolctl import threadpool_limits

from core.errors import ConfigurationError
from nlp.linear import save_task, save_vocabulary
from nlp.pipeline import WEIGHTS
from nlp.tone.convolution import (
    CONVOLUTION_FILE,
    Convolution,
    ConvolutionWeights,
    save_convolution,
)
from nlp.tone.models import DOMAINS, EMOTIONS, FOLDER, OFFENSIVE
from nlp.training.tone.judges import Judges
from nlp.training.tone.linear_members import learn_vocabulary
from nlp.training.tone.material import Material, read_material
from nlp.training.tone.network import stored_network
from nlp.training.tone.network_training import Lesson, train_network
from nlp.training.tone.posts import is_aside
from nlp.training.tone.token_rows import common_characters, token_rows

log = structlog.get_logger(__name__)


def train_tone(data: Path | None, weights: Path = WEIGHTS) -> dict[str, str]:
    """Fit both tasks, which share the vocabulary and the network, and give their versions.

    About a quarter of an hour on one core. Raises ConfigurationError without the data folder.
    """
    if data is None:
        raise ConfigurationError(
            "训练需要 SMP2020 与 COLD 的原文：请用 ZHISHENG_DATA 指明数据文件夹。"
        )
    material = read_material(data, weights)
    # One thread adds up in one order: the same texts give the same weights.
    with threadpool_limits(1):
        network = train_tone_network(material)
        log.info("network_trained")
        return _fit(material, Convolution(network), network, weights / FOLDER)


def train_tone_network(material: Material) -> ConvolutionWeights:
    aside = is_aside(material.emotion.texts)
    parts = [
        material.emotion.kept(~aside & (material.domains == domain))
        for domain in range(len(DOMAINS))
    ]
    parts.append(material.offensive.learnt)
    characters = common_characters([text for part in parts for text in part.texts])
    counts = (len(EMOTIONS), len(EMOTIONS), 2)
    lessons = [
        Lesson(
            name,
            token_rows(part.texts, characters, material.vectors, material.segmentation),
            part.places,
            count,
        )
        for name, part, count in zip((*DOMAINS, OFFENSIVE), parts, counts, strict=True)
    ]
    network = train_network(lessons, characters, material.vectors)
    return stored_network(network, characters, material.vectors)


def _fit(
    material: Material, network: Convolution, stored: ConvolutionWeights, folder: Path
) -> dict[str, str]:
    offensive = material.offensive
    everything = (*material.emotion.texts, *offensive.learnt.texts, *offensive.aside.texts)
    grams = learn_vocabulary(everything, material.segmentation)
    folder.mkdir(parents=True, exist_ok=True)
    save_vocabulary(folder, grams.vocabulary)
    save_convolution(folder, stored)
    judges = Judges(material, network, grams)
    content = (folder / CONVOLUTION_FILE).read_bytes()
    versions: dict[str, str] = {}
    for model in (judges.emotion(), judges.offensive()):
        state = hashlib.sha256(content + model.weights.tobytes() + model.calibration.tobytes())
        state.update(model.thresholds.tobytes())
        versions[model.task] = f"tone-{state.hexdigest()[:8]}"
        save_task(folder, replace(model, version=versions[model.task]), grams.vocabulary)
        log.info("tone_task_trained", task=model.task)
    return versions
