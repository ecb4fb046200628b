"""Fine-tunes an encoder on labelled rows and keeps the epoch that does best on rows held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp.classification.transformer_text import text_for
from nlp.linear import Matrix
from nlp.training.progress import MINUTE, Progress, Schedule
from nlp.training.recipes.recipe import Goal
from nlp.training.single_label_figures import confusion, macro_f1
from nlp.training.token_batches import Ids, deal_batches, padded, token_rows
from nlp.training.torch_device import autocast, pick_device
from nlp.training.transformer_base import Base
from nlp.training.tuning_options import ClassWeights, TuningOptions

if TYPE_CHECKING:
    import torch

HELD_OUT_SHARE = 0.1
EPOCHS, NEW_EPOCHS = 4, 12
PATIENCE = 3
CLIP = 1.0
DECAY = 0.01
USUAL_WIDTH = 768
USUAL_RATE = 3e-5
RATES = (1e-5, 5e-4)

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """Places of the rows to learn from, and of those to judge by."""

    learnt: Places
    held_out: Places


@dataclass(frozen=True, slots=True)
class Tuned:
    """``epochs`` were run, ``best`` of them is kept; ``is_cut`` tells that the time was up first."""

    epochs: int
    best: int
    is_cut: bool


def split_rows(texts: Sequence[str], places: Places, seed: int) -> Split:
    """Hold out a tenth of each label, at least one text of it; equal texts stay on one side.

    Where every label has but one text, over and over, the rows learnt from are those judged by.
    """
    order = np.random.default_rng(seed).permutation(len(texts)).tolist()
    left = Counter(places.tolist())
    wanted = {label: max(1, round(HELD_OUT_SHARE * count)) for label, count in left.items()}
    copies: dict[str, list[int]] = {}
    for place in order:
        copies.setdefault(texts[place], []).append(place)
    held_out: list[int] = []
    for group in copies.values():
        counts = Counter(int(places[place]) for place in group)
        if all(wanted[label] > 0 and left[label] > count for label, count in counts.items()):
            held_out += group
            for label, count in counts.items():
                wanted[label] -= count
                left[label] -= count
    if not held_out:
        return Split(np.arange(len(texts)), np.arange(len(texts)))
    aside = np.zeros(len(texts), np.bool_)
    aside[held_out] = True
    return Split(np.flatnonzero(~aside), np.flatnonzero(aside))


def learning_rate(base: Base, options: TuningOptions) -> float:
    """Fall with the square of the width, from what small encoders bear to what large ones do."""
    if options.learning_rate is not None:
        return options.learning_rate
    if base.is_new:
        return RATES[1]
    width = int(base.model.get_input_embeddings().embedding_dim)
    return float(np.clip(USUAL_RATE * (USUAL_WIDTH / width) ** 2, *RATES))


class Tuning:
    """One run over ``texts``, whose labels are ``places``; it changes the model of ``base`` in place."""

    def __init__(
        self, base: Base, texts: Sequence[str], places: Places, goal: Goal, options: TuningOptions
    ) -> None:
        self._model = base.model.to(pick_device())
        self._padding = int(base.tokenizer.pad_token_id or 0)
        self._goal = goal
        self._options = options
        self._places = places
        self._longest = base.longest(options.longest)
        forms = [text_for(base.text_form, text) for text in texts]
        self._rows = token_rows(base.tokenizer, forms, self._longest)
        self._rate = learning_rate(base, options)
        self._epochs = options.epochs or (NEW_EPOCHS if base.is_new else EPOCHS)
        self._random = np.random.default_rng(options.seed)

    def run(self, split: Split, progress: Progress) -> Tuned:
        epochs, lengths = self._epochs, [len(self._rows[place]) for place in split.learnt.tolist()]
        tokens = max(*lengths, round(self._options.batch_size * float(np.mean(lengths))))
        batches = deal_batches(lengths, tokens, self._random)
        schedule = Schedule(
            len(batches) * epochs, self._options.minutes * MINUTE, progress.elapsed()
        )
        learner = _Learner(self._model, self._rate, self._weights(split))
        best, best_figure, kept, step = 0, -1.0, learner.state(), 0
        for epoch in range(1, epochs + 1):
            for batch in batches if epoch == 1 else deal_batches(lengths, tokens, self._random):
                elapsed = progress.elapsed()
                schedule = schedule.judged(step, elapsed)
                if schedule.is_over(step, elapsed):
                    break
                chosen = split.learnt[batch]
                rate = self._rate * schedule.share(step, elapsed)
                learner.learn(self._padded(chosen), self._places[chosen], rate)
                step += 1
            figure = self._judged(split.held_out)
            progress.say(
                f"第 {epoch}/{epochs} 轮，{progress.elapsed() / MINUTE:.1f} 分钟，"
                f"留出样本{_goal_name(self._goal)} {figure:.4f}"
            )
            if figure > best_figure:
                best, best_figure, kept = epoch, figure, learner.state()
            is_cut = progress.elapsed() >= schedule.seconds
            if is_cut or epoch - best >= PATIENCE:
                break
        self._model.load_state_dict(kept)
        return Tuned(epoch, best, is_cut)

    def scores(self, places: Places) -> Matrix:
        """Ask the model itself, with the numbers it is exported with."""
        self._model.float()
        return self._scores(places)

    def _judged(self, places: Places) -> float:
        with autocast(self._model.device):
            chosen = self._scores(places).argmax(axis=1)
        gold = self._places[places]
        if self._goal is Goal.ACCURACY:
            return float(np.mean(gold == chosen))
        return macro_f1(confusion(gold, chosen, int(self._model.config.num_labels)))

    def _scores(self, places: Places) -> Matrix:
        import torch

        self._model.eval()
        found = np.zeros((len(places), int(self._model.config.num_labels)), np.float32)
        order = np.argsort([len(self._rows[place]) for place in places.tolist()], kind="stable")
        with torch.no_grad():
            for at in range(0, len(order), self._options.batch_size):
                some = order[at : at + self._options.batch_size]
                scores = self._model(**_inputs(self._padded(places[some]))).logits
                found[some] = scores.float().cpu().numpy()
        return found

    def _padded(self, places: Ids) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        rows = [self._rows[place] for place in places.tolist()]
        ids = padded(rows, self._padding)
        inside = np.arange(ids.shape[1]) < np.array([len(row) for row in rows])[:, None]
        device = self._model.device
        return torch.from_numpy(ids).to(device), torch.from_numpy(inside).to(device)

    def _weights(self, split: Split) -> torch.Tensor:
        import torch

        chosen = self._options.class_weights or (
            ClassWeights.ROOT if self._goal is Goal.MACRO_F1 else ClassWeights.NONE
        )
        counts = np.bincount(
            self._places[split.learnt], minlength=int(self._model.config.num_labels)
        )
        power = {ClassWeights.NONE: 0.0, ClassWeights.ROOT: 0.5, ClassWeights.BALANCED: 1.0}[chosen]
        weights = (counts.mean() / np.maximum(counts, 1)) ** power
        return torch.tensor(weights, dtype=torch.float32).to(self._model.device)


class _Learner:
    def __init__(self, model: torch.nn.Module, rate: float, weights: torch.Tensor) -> None:
        import torch

        matrices = [item for item in model.parameters() if item.ndim > 1]
        vectors = [item for item in model.parameters() if item.ndim <= 1]
        groups = [
            {"params": matrices, "weight_decay": DECAY},
            {"params": vectors, "weight_decay": 0.0},
        ]
        self._model = model
        self._weights = weights
        self._optimizer = torch.optim.AdamW(groups, lr=rate)

    def learn(self, ids: tuple[torch.Tensor, torch.Tensor], gold: Places, rate: float) -> None:
        import torch

        self._model.train()
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        device = ids[0].device
        with autocast(device):
            scores = self._model(**_inputs(ids)).logits
        loss = torch.nn.functional.cross_entropy(
            scores.float(), torch.from_numpy(gold).to(device), weight=self._weights
        )
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), CLIP)
        self._optimizer.step()

    def state(self) -> dict[str, torch.Tensor]:
        return {name: item.detach().clone() for name, item in self._model.state_dict().items()}


def _inputs(ids: tuple[torch.Tensor, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {"input_ids": ids[0], "attention_mask": ids[1].long()}


def _goal_name(goal: Goal) -> str:
    return "准确率" if goal is Goal.ACCURACY else "宏平均 F1"
