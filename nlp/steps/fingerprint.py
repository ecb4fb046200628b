"""Fingerprints texts so that reprints can be told."""

from __future__ import annotations

from typing import ClassVar

from nlp.batch import Batch
from nlp.fingerprint import fingerprints
from nlp.step import Resources


class FingerprintStep:
    name: ClassVar[str] = "fingerprint"
    requires: ClassVar[frozenset[str]] = frozenset({"matching"})
    assigns: ClassVar[frozenset[str]] = frozenset({"fingerprint"})

    def __init__(self, _resources: Resources) -> None:
        pass

    def annotate(self, batch: Batch) -> None:
        batch.fingerprint = fingerprints(batch.matching)
