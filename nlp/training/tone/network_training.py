"""Lets the network learn all tasks of tone at once, so that each lends the others its texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import structlog
import torch
from numpy.typing import NDArray
from torch import nn

from nlp.linear import Matrix
from nlp.training.tone.network import WORD_SIZE, Network
from nlp.training.tone.token_rows import FIRST, PADDING, UNKNOWN, TokenRows
from nlp.word_vectors import WordVectors

EPOCHS = 7
BATCH = 96
SORTED_BATCHES = 20
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1e-2
WARM_UP = 0.15
SMOOTHING = 0.05
HIDDEN_TOKENS = 0.1
MOST_COMMON_WORDS = 20_000
WORD_LENGTH = 1.5
LARGEST_STEP = 1.0
GAP = 2
SEED = 20_261

log = structlog.get_logger(__name__)
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One task's texts; two labels are told apart by one score."""

    name: str
    rows: TokenRows
    places: Places
    labels: int

    @property
    def outputs(self) -> int:
        return 1 if self.labels == 2 else self.labels  # noqa: PLR2004 (two labels)


def word_cells(vectors: WordVectors) -> Matrix:
    """Turn the words' vectors into the directions in which they differ most, behind padding and unknown."""
    cells = vectors.word_cells.astype(np.float32)
    common = cells[:MOST_COMMON_WORDS]
    _, _, directions = np.linalg.svd(common - common.mean(axis=0), full_matrices=False)
    turned = cells @ directions[:WORD_SIZE].T
    turned *= WORD_LENGTH / np.sqrt(np.square(turned).sum(axis=1).mean())
    stacked: Matrix = np.concatenate([np.zeros((FIRST, WORD_SIZE), np.float32), turned])
    return stacked


def train_network(lessons: Sequence[Lesson], characters: str, vectors: WordVectors) -> Network:
    torch.manual_seed(SEED)
    random = np.random.default_rng(SEED)
    outputs = tuple(lesson.outputs for lesson in lessons)
    network = Network(len(characters) + FIRST, word_cells(vectors), outputs)
    learnt = [item for item in network.parameters() if item.requires_grad]
    descent = torch.optim.AdamW(learnt, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * sum(-(-len(lesson.rows) // BATCH) + 1 for lesson in lessons)
    pace = torch.optim.lr_scheduler.OneCycleLR(
        descent, LEARNING_RATE, total_steps=steps, pct_start=WARM_UP
    )
    weights = [_label_weights(lesson) for lesson in lessons]
    for epoch in range(EPOCHS):
        network.train()
        order = [
            (task, rows) for task, item in enumerate(lessons) for rows in _batches(item, random)
        ]
        random.shuffle(order)
        for task, rows in order:
            loss = _loss(network, lessons[task], task, rows, weights[task])
            descent.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(learnt, LARGEST_STEP)
            descent.step()
            pace.step()
        log.info("network_epoch_finished", epoch=epoch + 1, of=EPOCHS)
    network.eval()
    return network


def _loss(
    network: Network, lesson: Lesson, task: int, rows: Places, weights: torch.Tensor
) -> torch.Tensor:
    characters = _hidden(_batch(lesson.rows.characters, rows))
    words = _hidden(_batch(lesson.rows.words, rows))
    scores = network(characters, words, task)
    gold = torch.from_numpy(lesson.places[rows])
    if lesson.outputs > 1:
        return nn.functional.cross_entropy(scores, gold, weight=weights, label_smoothing=SMOOTHING)
    target = gold.float() * (1.0 - SMOOTHING) + SMOOTHING / 2
    return nn.functional.binary_cross_entropy_with_logits(scores[:, 0], target)


def _batch(tokens: NDArray[np.int32], rows: Places) -> torch.Tensor:
    """Cut the rows to the longest of them, with a gap behind as there is in use."""
    longest = int((tokens[rows] > PADDING).sum(axis=1).max())
    return torch.from_numpy(tokens[rows, : longest + GAP].astype(np.int64))


def _hidden(tokens: torch.Tensor) -> torch.Tensor:
    is_hidden = (torch.rand(tokens.shape) < HIDDEN_TOKENS) & (tokens > PADDING)
    return torch.where(is_hidden, UNKNOWN, tokens)


def _batches(lesson: Lesson, random: np.random.Generator) -> Iterator[Places]:
    """Deal the texts out by chance, those of like length together."""
    order = random.permutation(len(lesson.rows))
    for begin in range(0, len(order), BATCH * SORTED_BATCHES):
        part = order[begin : begin + BATCH * SORTED_BATCHES]
        part = part[np.argsort(lesson.rows.sizes[part], kind="stable")]
        for place in range(0, len(part), BATCH):
            yield part[place : place + BATCH]


def _label_weights(lesson: Lesson) -> torch.Tensor:
    """Weigh labels by the root of their rarity, one on average."""
    counts = np.maximum(np.bincount(lesson.places, minlength=lesson.labels), 1)
    weights = np.sqrt(counts.sum() / counts)
    weights *= counts.sum() / (weights * counts).sum()
    return torch.tensor(weights, dtype=torch.float32)
