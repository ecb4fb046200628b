"""All that the models of tone learn from, read once for a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rjieba
from numpy.typing import NDArray

from nlp.lexicons import load_segmentation
from nlp.tone.models import DOMAINS
from nlp.training.tone.offensive_posts import OffensiveSet, offensive_set
from nlp.training.tone.posts import Posts, emotion_posts, joined_posts
from nlp.word_vectors import WordVectors, load_word_vectors

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Material:
    """``emotion`` holds both domains one after the other; ``domains`` tells them apart."""

    emotion: Posts
    domains: Places
    offensive: OffensiveSet
    vectors: WordVectors
    segmentation: rjieba.Jieba


def read_material(data: Path, weights: Path) -> Material:
    parts = [emotion_posts(data, domain, "train") for domain in DOMAINS]
    return Material(
        emotion=joined_posts(parts),
        domains=np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
        offensive=offensive_set(data),
        vectors=load_word_vectors(weights),
        segmentation=load_segmentation(),
    )
