"""Fine-tunes an encoder, from a local directory or from nothing, and keeps it as an 8-bit ONNX graph."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.clock import monotonic
from nlp.classification.transformer_classifier import (
    ENCODER_FILE,
    TOKENIZER_FILE,
    Reading,
    TransformerClassifier,
    open_session,
    open_tokenizer,
)
from nlp.linear import Matrix
from nlp.training.character_encoder import EncoderShape
from nlp.training.labelled_file import LabelledRows
from nlp.training.masked_language import PretrainingOptions, pretrain
from nlp.training.progress import Progress
from nlp.training.recipes.recipe import Goal, RecipeOptions, Trained
from nlp.training.recipes.stacking import best_offsets
from nlp.training.score_calibration import fit_scale, log_shares
from nlp.training.single_label_figures import label_figures
from nlp.training.transformer_base import Base, local_base, new_base, prepare_libraries
from nlp.training.transformer_export import Exported, Precision, export
from nlp.training.transformer_tuning import Tuned, Tuning, split_rows

WARM_UP_SHARE = 0.4
LEAST_COUNT = 2
DIGITS = 6


def train(rows: LabelledRows, folder: Path, options: RecipeOptions) -> Trained:
    tuning, report = options.tuning, options.report
    prepare_libraries(tuning.seed)
    progress = Progress(monotonic, report)
    split = split_rows(rows.texts, rows.places, tuning.seed)
    base = _base(rows, options)
    report(f"起点：{base.name}；{len(split.learnt)} 条用于学习，{len(split.held_out)} 条留出")
    run = Tuning(base, rows.texts, rows.places, options.goal, tuning)
    tuned = run.run(split, progress)
    if tuned.is_cut:
        report(f"到了时限 {tuning.minutes:g} 分钟，提前结束；可用 --minutes 放宽。")
    longest = base.longest(tuning.longest)
    base.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER_FILE))
    unread = Reading(rows.labels, base.text_form, longest, 1.0, _zeros(rows), _zeros(rows))
    tokenizer = open_tokenizer(folder / TOKENIZER_FILE, longest)
    # In a drawn order, so that the first of them are a sample.
    held_out = np.random.default_rng(tuning.seed).permutation(split.held_out)
    texts = [rows.texts[place] for place in held_out.tolist()]

    def ask(graph: Path, count: int) -> Matrix:
        return TransformerClassifier(open_session(graph), tokenizer, unread).scores(texts[:count])

    exported = export(base.model, folder, run.scores(held_out), ask)
    gold = rows.places[held_out]
    scale = fit_scale(exported.scores, gold)
    logs = log_shares(exported.scores, scale)
    offsets = _zeros(rows)
    if options.goal is Goal.MACRO_F1:
        offsets = tuple(np.round(best_offsets(logs.astype(np.float32), gold), DIGITS).tolist())
    Reading(
        rows.labels, base.text_form, longest, round(scale, DIGITS), _zeros(rows), offsets
    ).write(folder)
    found = label_figures(gold, (logs + offsets).argmax(axis=1), np.exp(logs), len(rows.labels))
    report(_verdict(exported))
    return Trained(
        "transformer",
        {
            "accuracy": found.accuracy,
            "macro_f1": found.macro_f1,
            "ece": found.ece,
            "held_out_rows": float(len(gold)),
            "agreement": round(exported.agreement.labels, DIGITS),
            "largest_difference": round(exported.agreement.largest, DIGITS),
        },
        _notes(base, tuned, exported, (folder / ENCODER_FILE).stat().st_size),
    )


def _base(rows: LabelledRows, options: RecipeOptions) -> Base:
    if options.base is not None:
        return local_base(options.base, rows.labels)
    tuning = options.tuning
    is_warm = tuning.warm_up_epochs > 0
    pretrained = pretrain(
        rows.texts,
        PretrainingOptions(
            minutes=WARM_UP_SHARE * tuning.minutes,
            epochs=tuning.warm_up_epochs,
            shape=EncoderShape(longest=max(tuning.longest + 2, EncoderShape().longest)),
            least_count=LEAST_COUNT,
            seed=tuning.seed,
        ),
        seconds=monotonic,
        report=options.report,
    )
    return new_base(pretrained, rows.labels, is_warm=is_warm)


def _zeros(rows: LabelledRows) -> tuple[float, ...]:
    return (0.0,) * len(rows.labels)


def _verdict(exported: Exported) -> str:
    said = f"与原模型一致 {exported.agreement.labels:.1%}，概率最多相差 {exported.agreement.largest:.3f}"
    if exported.refused is not None:
        return (
            f"8 位整数的模型只有 {exported.refused.labels:.1%} 与原模型一致，"
            f"因此保留 32 位浮点：{said}"
        )
    return f"已转成 8 位整数的 ONNX：{said}"


def _notes(base: Base, tuned: Tuned, exported: Exported, size: int) -> Mapping[str, str]:
    notes = {
        "base": base.name,
        "precision": exported.precision.value,
        "encoder_bytes": str(size),
        "epochs": str(tuned.epochs),
        "best_epoch": str(tuned.best),
        "stopped_by_time": "yes" if tuned.is_cut else "no",
    }
    if exported.precision is Precision.FLOAT32 and exported.refused is not None:
        notes["int8_agreement"] = f"{exported.refused.labels:.4f}"
    return notes
