"""Pre-trains a small encoder on texts without labels by having it guess hidden characters (Devlin 2019)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nlp.classification.transformer_text import TextForm, text_for
from nlp.training.character_encoder import (
    SPECIAL,
    EncoderShape,
    character_tokenizer,
    encoder_configuration,
)
from nlp.training.progress import MINUTE, Progress, Report, Schedule
from nlp.training.token_batches import Ids, Row, deal_batches, padded, token_rows
from nlp.training.torch_device import autocast, pick_device

if TYPE_CHECKING:
    import torch
    from transformers import BertForMaskedLM, PreTrainedTokenizerFast

HIDDEN_SHARE = 0.2
MASKED_SHARE = 0.8
REPLACED_SHARE = 0.9
REPORT_EVERY = 200
SMALL = EncoderShape(width=256, heads=4, dropout=0.0)
CLIP = 1.0


@dataclass(frozen=True, slots=True)
class PretrainingOptions:
    """Stops at ``epochs`` or ``minutes``, whichever comes first; the learning rate ends at zero either way."""

    minutes: float = 20.0
    epochs: int = 3
    shape: EncoderShape = field(default_factory=lambda: SMALL)
    least_count: int = 5
    learning_rate: float = 1e-3
    tokens: int = 2_048
    seed: int = 20_261


@dataclass(frozen=True, slots=True)
class Pretrained:
    """``loss`` is that of a hidden character, in nats, smoothed over the last steps."""

    model: BertForMaskedLM
    tokenizer: PreTrainedTokenizerFast
    texts: int
    steps: int
    loss: float

    def save(self, folder: Path) -> None:
        """Write a directory that any program which reads Hugging Face encoders can read."""
        self.model.cpu().save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def pretrain(
    texts: Sequence[str],
    options: PretrainingOptions,
    *,
    seconds: Callable[[], float],
    report: Report,
) -> Pretrained:
    """Train on each text once an epoch; ``seconds`` is a clock that only goes forward.

    The weights before the first step come from PyTorch's own generator, which the caller has seeded.
    """
    from transformers import BertForMaskedLM

    forms = [form for form in (text_for(TextForm.FOLDED, text) for text in texts) if form]
    longest = options.shape.longest
    tokenizer = character_tokenizer(forms, least_count=options.least_count, longest=longest)
    rows = token_rows(tokenizer, forms, longest)
    model = BertForMaskedLM(encoder_configuration(options.shape, len(tokenizer)))
    loop = _Loop(model.to(pick_device()), rows, options, Progress(seconds, report))
    steps, loss = loop.run()
    return Pretrained(model, tokenizer, len(rows), steps, loss)


class _Loop:
    def __init__(
        self,
        model: BertForMaskedLM,
        rows: Sequence[Row],
        options: PretrainingOptions,
        progress: Progress,
    ) -> None:
        import torch

        self._model = model
        self._rows = rows
        self._options = options
        self._progress = progress
        self._random = np.random.default_rng(options.seed)
        self._optimizer = torch.optim.AdamW(
            model.parameters(), lr=options.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
        )

    def run(self) -> tuple[int, float]:
        options, lengths = self._options, [len(row) for row in self._rows]
        batches = deal_batches(lengths, options.tokens, self._random)
        schedule = Schedule(len(batches) * options.epochs, options.minutes * MINUTE)
        self._progress.say(
            f"掩码预训练：{len(self._rows)} 条文本，{sum(lengths)} 个字，"
            f"{len(batches)} 步一轮，最多 {options.minutes:g} 分钟"
        )
        step, loss = 0, 0.0
        self._model.train()
        for epoch in range(options.epochs):
            for batch in batches if epoch == 0 else self._dealt(lengths):
                elapsed = self._progress.elapsed()
                schedule = schedule.judged(step, elapsed)
                if schedule.is_over(step, elapsed):
                    return step, loss
                for group in self._optimizer.param_groups:
                    group["lr"] = options.learning_rate * schedule.share(step, elapsed)
                found = self._learn([self._rows[place] for place in batch.tolist()])
                step += 1
                loss = found if step == 1 else 0.99 * loss + 0.01 * found
                if step % REPORT_EVERY == 0:
                    self._progress.say(
                        f"第 {step} 步，误差 {loss:.3f}，{elapsed / MINUTE:.1f} 分钟"
                    )
        return step, loss

    def _dealt(self, lengths: Sequence[int]) -> list[Ids]:
        return deal_batches(lengths, self._options.tokens, self._random)

    def _learn(self, rows: Sequence[Row]) -> float:
        import torch

        ids, hidden, gold = self._hide(rows)
        with autocast(self._model.device):
            states = self._model.bert(ids, attention_mask=ids != 0).last_hidden_state
            scores = self._model.cls(states[hidden])
        loss = torch.nn.functional.cross_entropy(scores.float(), gold)
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), CLIP)
        self._optimizer.step()
        return float(loss.detach())

    def _hide(self, rows: Sequence[Row]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Of the hidden places most get the mask, some another character, and some stay as they are."""
        import torch

        ids = padded(rows, 0)
        hidden = (ids >= len(SPECIAL)) & (self._random.random(ids.shape) < HIDDEN_SHARE)
        # A batch without a hidden place would have no error to learn from.
        hidden[0, min(1, ids.shape[1] - 1)] = True
        gold, dice = ids[hidden], self._random.random(ids.shape)
        shown = ids.copy()
        shown[hidden & (dice < MASKED_SHARE)] = SPECIAL.index("[MASK]")
        replaced = hidden & (dice >= REPLACED_SHARE)
        most = int(self._model.config.vocab_size)
        if most > len(SPECIAL):
            shown[replaced] = self._random.integers(len(SPECIAL), most, int(replaced.sum()))
        device = self._model.device
        return (
            torch.from_numpy(shown).to(device),
            torch.from_numpy(hidden).to(device),
            torch.from_numpy(gold).to(device),
        )
