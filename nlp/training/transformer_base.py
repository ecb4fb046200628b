"""What a fine-tuning starts from: an encoder in a local directory, or a new one over characters."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING

from core.errors import ConfigurationError
from nlp.classification.transformer_text import TextForm
from nlp.training.masked_language import Pretrained

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

LIBRARIES = ("torch", "transformers", "tokenizers", "onnx")
WEIGHTS = (
    "model.safetensors", "model.safetensors.index.json",
    "pytorch_model.bin", "pytorch_model.bin.index.json",
)  # fmt: skip
TOKENIZERS = (
    "tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "spm.model",
    "sentencepiece.bpe.model", "tokenizer.model",
)  # fmt: skip
MOST_MISSING = 0.5
# Some encoders keep their first positions for padding.
SPARE_POSITIONS = 2
LEAST_LONGEST = 8

_UNREADABLE = (
    OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError, EOFError, UnpicklingError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Base:
    """``name`` says where it came from; ``longest`` is the most tokens it can read."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    text_form: TextForm
    name: str
    is_new: bool

    def longest(self, wanted: int) -> int:
        positions = int(getattr(self.model.config, "max_position_embeddings", 0) or 0)
        return min(wanted, positions - SPARE_POSITIONS) if positions > LEAST_LONGEST else wanted


def prepare_libraries(seed: int) -> None:
    """Refuse in plain words where a library is missing; keep the others off the network, quiet and seeded."""
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"训练 transformer 需要附加组件（缺少 {'、'.join(missing)}）：pip install 'zhisheng[train]'。"
        )
    # The library reads this when it is first imported; a base is local or it is refused.
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import torch
    from transformers.utils import logging

    torch.manual_seed(seed)
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def local_base(folder: Path, labels: Sequence[str]) -> Base:
    """Read an encoder that somebody saved; raises ConfigurationError naming what is missing or wrong."""
    from safetensors import SafetensorError
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    _check_files(folder)
    faults = (*_UNREADABLE, SafetensorError)
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    except faults as error:
        raise ConfigurationError(f"「{folder}」的分词文件读不了：{_first_line(error)}") from error
    try:
        model, loading = AutoModelForSequenceClassification.from_pretrained(
            str(folder),
            local_files_only=True,
            num_labels=len(labels),
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            dtype="float32",
        )
    except faults as error:
        raise ConfigurationError(f"「{folder}」的模型读不了：{_first_line(error)}") from error
    _check_fit(folder, model, tokenizer, len(loading["missing_keys"]))
    form = TextForm(getattr(model.config, "text_form", TextForm.PLAIN.value))
    return Base(model.float(), tokenizer, form, folder.resolve().name, is_new=False)


def new_base(pretrained: Pretrained, labels: Sequence[str], *, is_warm: bool) -> Base:
    """Put a head for the labels on an encoder of our own."""
    from transformers import BertForSequenceClassification

    configuration = pretrained.model.config
    configuration.num_labels = len(labels)
    model = BertForSequenceClassification(configuration)
    # The head and its pooling are new; everything below them is taken over.
    model.bert.load_state_dict(pretrained.model.bert.state_dict(), strict=False)
    shape = f"{configuration.num_hidden_layers}×{configuration.hidden_size}"
    name = f"从头训练 {shape}{'，先做掩码预训练' if is_warm else ''}"
    return Base(model, pretrained.tokenizer, TextForm.FOLDED, name, is_new=True)


def _check_files(folder: Path) -> None:
    if not folder.is_dir():
        raise ConfigurationError(f"「{folder}」不是文件夹。--base 要给出本地的编码器文件夹。")
    for names, what in (
        (("config.json",), "模型说明 config.json"),
        (WEIGHTS, "模型权重（如 model.safetensors）"),
        (TOKENIZERS, "分词文件（如 tokenizer.json 或 vocab.txt）"),
    ):
        if not any((folder / name).is_file() for name in names):
            raise ConfigurationError(
                f"「{folder}」里没有{what}，不是完整的 Hugging Face 编码器文件夹。请把它补齐；程序不会联网下载。"
            )


def _check_fit(
    folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, missing: int
) -> None:
    if not tokenizer.is_fast:
        raise ConfigurationError(
            f"「{folder}」的分词器没有 tokenizer.json 的形式，推理时用不了。请先用 transformers 转换。"
        )
    rows = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows:
        raise ConfigurationError(
            f"「{folder}」的词表有 {len(tokenizer)} 项，多于模型的 {rows} 项：分词文件与模型不是一套。"
        )
    if missing > MOST_MISSING * len(model.state_dict()):
        raise ConfigurationError(
            f"「{folder}」的权重文件与 config.json 对不上：{missing} 组权重找不到，等于从随机数开始。请检查是否放错了文件。"
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or repr(error)).splitlines()[0]
