"""``model.json`` of a trained folder: what it is, from what it was made, and what it was measured at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from core.errors import ConfigurationError
from nlp.classification import FORMATS
from nlp.classification.classifier import Classifier

CARD_FILE = "model.json"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """``format`` names the reader of the folder, ``recipe`` how it was trained.

    ``version`` hashes the files of the folder, ``data_sha256`` the training file; ``trained_on`` is a date
    that the caller gave; ``figures`` were measured on held-out ones of the ``rows`` training rows, and ``notes``
    are the recipe's own.
    """

    format: str
    recipe: str
    labels: tuple[str, ...]
    version: str
    data_sha256: str
    rows: int
    trained_on: str
    figures: Mapping[str, float]
    notes: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        text = json.dumps(asdict(self), ensure_ascii=False, indent=2)
        (folder / CARD_FILE).write_text(text + "\n", encoding="utf-8")


def read_card(folder: Path) -> ModelCard:
    """Read the card; raises ConfigurationError where there is none, or one of another program."""
    path = folder / CARD_FILE
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return ModelCard(
            format=str(stored["format"]),
            recipe=str(stored["recipe"]),
            labels=tuple(map(str, stored["labels"])),
            version=str(stored["version"]),
            data_sha256=str(stored["data_sha256"]),
            rows=int(stored["rows"]),
            trained_on=str(stored["trained_on"]),
            figures={str(name): float(value) for name, value in stored["figures"].items()},
            notes={str(name): str(value) for name, value in stored.get("notes", {}).items()},
        )
    except OSError as error:
        raise ConfigurationError(
            f"「{folder}」不是模型文件夹：里面没有可读的 {CARD_FILE}。请给出 model train --out 的文件夹。"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"「{path}」不是本程序写的模型说明（{error!r}）。请用 model train 重新训练。"
        ) from error


def load_classifier(folder: Path) -> Classifier:
    """Read a trained folder of whatever format; raises ConfigurationError."""
    return FORMATS.load(read_card(folder).format)(folder)


def files_version(folder: Path, recipe: str) -> str:
    """Name a model by the content of its files, so that other weights never answer under one version."""
    state = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.name != CARD_FILE and path.is_file():
            state.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{recipe}-{state.hexdigest()[:8]}"
