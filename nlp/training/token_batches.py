"""Batches of token ids of about the same length, so that little of the work goes into padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

Ids = NDArray[np.int64]
Row = NDArray[np.int32]
CHUNK = 4_096
POOL = 64
"""Batches that are cut from one shuffled share of the texts, sorted by length."""


def deal_batches(lengths: Sequence[int], tokens: int, random: np.random.Generator) -> list[Ids]:
    """Deal the places of all texts into batches of at most ``tokens`` with padding, in a drawn order."""
    sizes = np.asarray(lengths, np.int64)
    order = random.permutation(len(sizes))
    most = max(1, tokens // max(1, int(np.median(sizes)))) * POOL
    batches: list[Ids] = []
    for at in range(0, len(order), most):
        share = order[at : at + most]
        batches += _cut(share[np.argsort(sizes[share], kind="stable")], sizes, tokens)
    return [batches[place] for place in random.permutation(len(batches)).tolist()]


def _cut(ascending: Ids, sizes: Ids, tokens: int) -> list[Ids]:
    batches: list[Ids] = []
    start = 0
    for end in range(1, len(ascending) + 1):
        is_last = end == len(ascending)
        if is_last or int(sizes[ascending[end]]) * (end - start + 1) > tokens:
            batches.append(ascending[start:end])
            start = end
    return batches


def token_rows(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], longest: int) -> list[Row]:
    """Encode texts, kept small: as lists a million of them would not fit into memory."""
    rows: list[Row] = []
    for at in range(0, len(texts), CHUNK):
        encoded = tokenizer(
            list(texts[at : at + CHUNK]),
            truncation=True,
            max_length=longest,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        rows += [np.array(ids, np.int32) for ids in encoded["input_ids"]]
    return rows


def padded(rows: Sequence[Row], padding: int) -> Ids:
    """Join rows of ids into one array, filled up to the longest."""
    ids = np.full((len(rows), max(map(len, rows), default=0)), padding, np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
    return ids
