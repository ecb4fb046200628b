"""The texts from which emotion and offence are learnt, all of licences that let their weights be shipped."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigurationError
from nlp.tone.models import DOMAINS, EMOTIONS
from nlp.training.labels import LABELS, own_posts

OWN_FILE = "abusive_and_angry_posts.jsonl"
COLD_TRAIN, COLD_TEST = "cold/train.csv", "cold/dev.csv"
KEYWORD_TITLES = (
    "weibo_hot_search/labour_titles_keyword.csv",
    "zhihu_hot_questions/labour_questions_keyword.csv",
)
ASIDE = 32
"""Of 256 texts so many are left out of learning, for calibration."""

Places = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Posts:
    """Texts with the place of each one's label; ``was_seen`` marks texts that a training set has too."""

    texts: tuple[str, ...]
    places: Places
    was_seen: Mask

    def __len__(self) -> int:
        return len(self.texts)

    def kept(self, mask: Mask) -> Posts:
        places = np.flatnonzero(mask)
        texts = tuple(self.texts[place] for place in places)
        return Posts(texts, self.places[mask], self.was_seen[mask])


def emotion_posts(data: Path, domain: str, part: str) -> Posts:
    """Read ``part`` (train or eval) of a domain of SMP2020-EWECT; Apache-2.0 through UER-py."""
    names = [emotion.value for emotion in EMOTIONS]
    return _labelled(data / f"smp2020_ewect/{domain}_{part}.csv", names)


def cold_posts(data: Path, name: str) -> Posts:
    """Read a part of COLD, Apache-2.0; place 1 is offensive."""
    return _labelled(data / name, ["0", "1"])


def angry_posts() -> Posts:
    """Read our own posts: decent complaints of angry workers, and abuse amid talk of labour."""
    with (LABELS / OWN_FILE).open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return posts_of([row["text"] for row in rows], [int(row["offensive"]) for row in rows])


def decent_labour_texts(data: Path) -> list[str]:
    """Give our own posts on labour and open titles with a word of labour: none is known to abuse anybody."""
    texts = [item.text for item in own_posts() if item.is_relevant]
    for name in KEYWORD_TITLES:
        texts += [row["title"] for row in _rows(data / name)]
    return list(dict.fromkeys(texts))


def own_labour_posts() -> list[str]:
    return [item.text for item in own_posts() if item.is_relevant]


def posts_of(texts: Sequence[str], places: Sequence[int]) -> Posts:
    return Posts(tuple(texts), np.array(places, np.int64), np.zeros(len(texts), bool))


def joined_posts(parts: Sequence[Posts]) -> Posts:
    return Posts(
        tuple(text for part in parts for text in part.texts),
        np.concatenate([part.places for part in parts]),
        np.concatenate([part.was_seen for part in parts]),
    )


def is_aside(texts: Sequence[str]) -> Mask:
    """Tell by each text alone whether it is left out of learning, so that equal texts share their fate."""
    return np.array([draw(text) < ASIDE for text in texts], bool)


def is_for_test(texts: Sequence[str]) -> Mask:
    """Put half of our own angry and abusive posts aside for the figures."""
    return np.array([draw(text) % 2 == 1 for text in texts], bool)


def folds_of(texts: Sequence[str], folds: int) -> Places:
    return np.array([draw(text, 1) % folds for text in texts], np.int64)


def draw(text: str, place: int = 0) -> int:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[place]


def domain_files() -> Iterator[str]:
    for domain in DOMAINS:
        yield f"smp2020_ewect/{domain}_eval.csv"
    yield COLD_TEST


def sets_digest(data: Path) -> str:
    """Hash the test sets, so that figures can say what they were measured on."""
    state = hashlib.sha256()
    for name in domain_files():
        state.update(name.encode() + b"\0" + (data / name).read_bytes())
    state.update((LABELS / OWN_FILE).read_bytes())
    return state.hexdigest()[:16]


def _labelled(path: Path, names: Sequence[str]) -> Posts:
    rows = list(_rows(path))
    return Posts(
        tuple(row["text"] for row in rows),
        np.array([names.index(row["label"]) for row in rows], np.int64),
        np.array([row.get("in_train") == "1" for row in rows], bool),
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    if not path.is_file():
        raise ConfigurationError(f"数据文件夹里没有「{path.parent.name}/{path.name}」。")
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
