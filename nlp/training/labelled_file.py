"""Reads a CSV file with one label a row, and says in plain words what is wrong with it."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigurationError

MOST_LABELS = 500
LEAST_ROWS = 3
SHOWN = 5
MISSING = frozenset({"", "nan", "null", "none", "na", "n/a"})


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """``places`` holds for each text the place of its label in ``labels``, which are sorted."""

    texts: tuple[str, ...]
    places: NDArray[np.int64]
    labels: tuple[str, ...]
    sha256: str


def read_labelled_file(path: Path, text_columns: Sequence[str], label_column: str) -> LabelledRows:
    """Read every row, joining several text columns by line breaks; raises ConfigurationError."""
    raw = _content(path)
    texts: list[str] = []
    labels: list[str] = []
    unlabelled: list[int] = []
    reader = csv.DictReader(io.StringIO(raw, newline=""), strict=True)
    try:
        _check_columns(path, reader.fieldnames, [*text_columns, label_column])
        for row in reader:
            label = (row[label_column] or "").strip()
            if label.lower() in MISSING:
                unlabelled.append(reader.line_num)
                continue
            labels.append(label)
            texts.append("\n".join(filter(None, (row[name] for name in text_columns))))
    except csv.Error as error:
        raise ConfigurationError(
            f"「{path}」第 {reader.line_num} 行不是合法的 CSV（{error}）。请检查这一行的引号与分隔符。"
        ) from error
    if unlabelled:
        raise ConfigurationError(_unlabelled(path, label_column, unlabelled))
    if not texts:
        raise ConfigurationError(f"「{path}」只有表头，没有数据行。请换一个有内容的文件。")
    if not any(text.strip() for text in texts):
        raise ConfigurationError(
            f"「{path}」的文本列「{'、'.join(text_columns)}」全是空的。请检查列名是否选对。"
        )
    names = tuple(sorted(set(labels)))
    place_of = {name: place for place, name in enumerate(names)}
    return LabelledRows(
        texts=tuple(texts),
        places=np.array([place_of[label] for label in labels], np.int64),
        labels=names,
        sha256=hashlib.sha256(raw.encode()).hexdigest(),
    )


def check_trainable(rows: LabelledRows) -> None:
    """Refuse what cannot be learnt from: one label, far too many, or labels with hardly a text."""
    counts = Counter(rows.places.tolist())
    if len(counts) == 1:
        raise ConfigurationError(
            f"所有 {len(rows.texts)} 行都是同一个标签「{rows.labels[0]}」，没有可学的区别。请补充别的类别。"
        )
    if len(counts) > MOST_LABELS:
        raise ConfigurationError(
            f"标签列有 {len(counts)} 种不同的值，多于 {MOST_LABELS} 种：可能选错了列。请检查 --label-column。"
        )
    rare = [name for place, name in enumerate(rows.labels) if counts[place] < LEAST_ROWS]
    if rare:
        shown = "、".join(f"「{name}」" for name in rare[:SHOWN])
        raise ConfigurationError(
            f"{shown}{' 等' if len(rare) > SHOWN else ''} {len(rare)} 个类别不足 {LEAST_ROWS} 条，"
            f"无法交叉验证。请补充到至少 {LEAST_ROWS} 条，或并入别的类别，或删去这些行。"
        )


def _content(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"文件「{path}」读不了：{error.strerror}。请检查路径。") from error
    if not raw.strip():
        raise ConfigurationError(f"「{path}」是空文件。请给出带表头的 CSV 文件。")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"「{path}」不是 UTF-8 编码（第 {line} 行起无法解读，可能是 GBK）。请另存为 UTF-8 的 CSV 再试。"
        ) from error
    if "\0" in text:
        raise ConfigurationError(f"「{path}」含有空字符，不像是 CSV 文本。请另存为 CSV 再试。")
    return text


def _check_columns(path: Path, found: Sequence[str] | None, wanted: Sequence[str]) -> None:
    known = list(found or ())
    missing = [name for name in wanted if name not in known]
    if missing:
        raise ConfigurationError(
            f"「{path}」没有名为「{'」「'.join(missing)}」的列。已有的列：{'、'.join(known)}。"
        )


def _unlabelled(path: Path, column: str, lines: Sequence[int]) -> str:
    shown = "、".join(map(str, lines[:SHOWN]))
    return (
        f"「{path}」有 {len(lines)} 行的标签列「{column}」是空的或 NaN（第 {shown}"
        f"{' 等' if len(lines) > SHOWN else ''} 行）。请补上标签或删去这些行。"
    )
