"""Counts in how many pool titles each word stands, for the choice of keywords."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rjieba

from nlp.features import BUCKETS, extract
from nlp.lexicons import RARITY_FILE
from nlp.normalisation import normalise
from nlp.training.labels import UNLABELLED_POOLS, pool_titles

STEP = 0.07
CHUNK = 4_096


def build_rarity(data: Path, folder: Path, segmentation: rjieba.Jieba) -> int:
    """Write the table from every title of the pools and give their number."""
    titles = sorted({title for origin in UNLABELLED_POOLS for title in pool_titles(data, origin)})
    counts = np.zeros(BUCKETS, np.int64)
    for start in range(0, len(titles), CHUNK):
        normalised = [normalise("", title) for title in titles[start : start + CHUNK]]
        words = [list(dict.fromkeys(segmentation.cut(text))) for text in normalised]
        # Distinct words joined spell a text of their own, which is all that extraction asks for.
        rows = extract(["".join(row) for row in words], words)
        counts += np.bincount(rows.word_buckets, minlength=BUCKETS)
    rarity = np.log((1 + len(titles)) / (1 + counts))
    stored = np.minimum(np.round(rarity / STEP), 255).astype(np.uint8)
    np.savez_compressed(folder / RARITY_FILE, rarity=stored, scale=np.float32(STEP))
    return len(titles)
