"""The convolutional network while it learns: characters with cells of their own, words with those of the vectors."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from nlp.linear import Matrix
from nlp.tone.convolution import ConvolutionWeights, Filters
from nlp.word_vectors import WordVectors

CHARACTER_SIZE, WORD_SIZE = 32, 48
FILTERS = 64
CHARACTER_WIDTHS, WORD_WIDTHS = (1, 2, 3), (1, 2)
DROPOUT, CHARACTER_DROPOUT, WORD_DROPOUT = 0.5, 0.2, 0.3
FIRST_SPREAD = 0.3


class Filtering(nn.Module):  # type: ignore[misc] # the library is untyped here
    """The largest value of each filter over a text, and over the padding beside it."""

    def __init__(self, size: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.filters = nn.ModuleList(
            [nn.Conv1d(size, FILTERS, width, padding=width - 1) for width in widths]
        )

    def forward(self, cells: torch.Tensor) -> torch.Tensor:
        turned = cells.transpose(1, 2)
        return torch.cat([torch.relu(item(turned)).amax(2) for item in self.filters], 1)


class Network(nn.Module):  # type: ignore[misc] # the library is untyped here
    """One trunk for every task and one layer of its own for each."""

    def __init__(self, characters: int, word_cells: Matrix, outputs: tuple[int, ...]) -> None:
        super().__init__()
        self.characters = nn.Embedding(characters, CHARACTER_SIZE, padding_idx=0)
        nn.init.normal_(self.characters.weight, 0.0, FIRST_SPREAD)
        with torch.no_grad():
            self.characters.weight[0].zero_()
        self.words = nn.Embedding.from_pretrained(
            torch.from_numpy(word_cells), freeze=True, padding_idx=0
        )
        self.over_characters = Filtering(CHARACTER_SIZE, CHARACTER_WIDTHS)
        self.over_words = Filtering(WORD_SIZE, WORD_WIDTHS)
        width = FILTERS * (len(CHARACTER_WIDTHS) + len(WORD_WIDTHS))
        self.outputs = nn.ModuleList([nn.Linear(width, count) for count in outputs])
        self.forget = nn.Dropout(DROPOUT)
        self.forget_character = nn.Dropout(CHARACTER_DROPOUT)
        self.forget_word = nn.Dropout(WORD_DROPOUT)

    def forward(self, characters: torch.Tensor, words: torch.Tensor, task: int) -> torch.Tensor:
        found = torch.cat(
            [
                self.over_characters(self.forget_character(self.characters(characters))),
                self.over_words(self.forget_word(self.words(words))),
            ],
            1,
        )
        scores: torch.Tensor = self.outputs[task](self.forget(found))
        return scores


def stored_network(network: Network, characters: str, vectors: WordVectors) -> ConvolutionWeights:
    """Round cells and filters to eight bits; rows 0 and 1 of the cells are padding and the unknown."""
    buckets, rows = vectors.word_buckets
    letters = _array(network.characters.weight)
    words = _array(network.words.weight)
    letters = np.concatenate([letters[2:], letters[1:2]])
    words = np.concatenate([words[2:][rows], np.zeros_like(words[:1])])
    return ConvolutionWeights(
        characters=characters,
        word_buckets=buckets.astype(np.int32),
        character_filters=_filters(letters, network.over_characters),
        word_filters=_filters(words, network.over_words),
        output=np.concatenate([_array(item.weight).T for item in network.outputs], axis=1),
        output_biases=np.concatenate([_array(item.bias) for item in network.outputs]),
    )


def _filters(cells: Matrix, filtering: Filtering) -> Filters:
    cell_scale = np.abs(cells).max() / 127.0
    filters, scales = [], []
    for item in filtering.filters:
        # From (filters, size, width) to (width, size, filters).
        weights = _array(item.weight).transpose(2, 1, 0)
        own = np.maximum(np.abs(weights).max(axis=(0, 1)), 1e-9) / 127.0
        filters.append(np.rint(weights / own).astype(np.int8))
        scales.append((own * cell_scale).astype(np.float32))
    return Filters(
        cells=np.rint(cells / cell_scale).astype(np.int8),
        filters=tuple(filters),
        scales=np.concatenate(scales),
        biases=np.concatenate([_array(item.bias) for item in filtering.filters]),
    )


def _array(values: torch.Tensor) -> Matrix:
    array: Matrix = values.detach().numpy().astype(np.float32)
    return array
