"""Counts in how many pool titles each character bigram stands, for the likeness of texts about events.

A word that is usual in labour talk says little about which matter is meant, however rare it is elsewhere: a bigram
counts by the larger of its shares in all titles and in those about labour.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.events.terms import BUCKET_BITS, RARITY_FILE, broken, ngrams
from nlp.training.labels import UNLABELLED_POOLS, pool_titles

STEP = 0.06
CHUNK = 8_192
LABOUR_SETS = (
    "weibo_hot_search/labour_titles_keyword.csv",
    "zhihu_hot_questions/labour_questions_keyword.csv",
)


def build_term_rarity(data: Path, folder: Path) -> int:
    """Write the table from every title of the pools and give their number."""
    titles = sorted({title for origin in UNLABELLED_POOLS for title in pool_titles(data, origin)})
    labour = sorted({title for name in LABOUR_SETS for title in _titles(data / name)})
    share = np.maximum(_share(titles), _share(labour))
    stored = np.clip(np.round(-np.log(share) / STEP), 0, 255).astype(np.uint8)
    np.savez_compressed(folder / RARITY_FILE, rarity=stored, scale=np.float32(STEP))
    return len(titles)


def _titles(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["title"]


def _share(titles: Sequence[str]) -> NDArray[np.float64]:
    counts = np.zeros(1 << BUCKET_BITS, np.int64)
    for start in range(0, len(titles), CHUNK):
        chunk = [broken(title) + "\0" for title in titles[start : start + CHUNK]]
        bigrams, _, starts = ngrams(chunk)
        owners = np.repeat(np.arange(len(chunk)), np.diff(starts))
        buckets = (bigrams >> np.uint64(64 - BUCKET_BITS)).astype(np.int64)
        seen = np.unique((owners << BUCKET_BITS) | buckets)
        counts += np.bincount(seen & ((1 << BUCKET_BITS) - 1), minlength=1 << BUCKET_BITS)
    return (counts + 1) / (len(titles) + 1)
