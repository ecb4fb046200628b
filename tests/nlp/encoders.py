"""Tiny encoders with random weights, saved as people save theirs, and a set that they can learn."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

WORDS = {
    "negative": ("拖欠", "工资", "讨薪", "包工头", "欠条", "投诉"),
    "neutral": ("通知", "会议", "规定", "日期", "名单", "公示"),
    "positive": ("感谢", "开心", "点赞", "表扬", "温暖", "支持"),
}
FILLERS = ("我们", "公司", "昨天", "一直", "大家", "今年", "老板", "还是", "真的", "已经")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def sentences(label: str, count: int, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    return [
        "".join([*random.choice(FILLERS, 3), *random.choice(WORDS[label], 2)])
        + str(random.choice(FILLERS))
        for _ in range(count)
    ]


def labelled(path: Path, count: int, seed: int) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label"))
        writer.writerows((text, label) for label in WORDS for text in sentences(label, count, seed))
    return path


def save_tiny_bert(folder: Path, *, rows: int | None = None) -> Path:
    """Save a BERT of two layers of 32 with its WordPiece tokenizer; ``rows`` of its embeddings, if not all."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    known = sorted(
        {sign for words in (*WORDS.values(), FILLERS) for word in words for sign in word}
    )
    vocabulary = {token: place for place, token in enumerate((*SPECIAL, *known))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    ).save_pretrained(folder)
    torch.manual_seed(1)
    BertModel(
        BertConfig(
            vocab_size=rows or len(vocabulary),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
        )
    ).save_pretrained(folder)
    return folder
