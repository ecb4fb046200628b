"""Explains labels with the models in use: shipped ones, and the trained ones that answer in their place."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import structlog

from core.errors import ConfigurationError
from nlp.annotations import TextInput
from nlp.explanation import Explainer, Explanation, shipped_resources
from nlp.replacement import ReplacementJudge
from zhisheng.installed_models import InstalledModels, Stamp

log = structlog.get_logger(__name__)


class RenewingExplainer:
    """Loads the models when the first explanation is asked for, and anew when others are in use."""

    def __init__(self, installed: InstalledModels) -> None:
        self._installed = installed
        self._lock = threading.Lock()
        self._explainer: Explainer | None = None
        self._stamp: Stamp | None = None

    def explain(self, item: TextInput, labels: Sequence[tuple[str, str]]) -> list[Explanation]:
        stamp = self._installed.stamp()
        with self._lock:
            if self._explainer is None or stamp != self._stamp:
                try:
                    self._explainer, self._stamp = self._loaded(), stamp
                except ConfigurationError as error:
                    # The page of a document is worth reading without its reasons.
                    log.error("explanations_unavailable", error=str(error))  # noqa: TRY400 (the message says it all)
                    return []
            explainer = self._explainer
        return explainer.explain(item, labels)

    def _loaded(self) -> Explainer:
        try:
            judges = {one.task: ReplacementJudge(one) for one in self._installed.replacements()}
        except ConfigurationError as error:
            log.error("trained_model_refused", error=str(error))  # noqa: TRY400 (the message says it all)
            judges = {}
        return Explainer(shipped_resources(), judges)
