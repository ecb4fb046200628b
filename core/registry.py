"""Plug-in tables: a name, and the dotted path of the class behind it.

A table is data in the ``__init__`` of its sub-package; nothing is imported before it is used.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar, cast

from core.errors import ConfigurationError, DuplicatePluginError, UnknownPluginError

T = TypeVar("T")


class PluginTable(Generic[T]):
    """Names to lazily imported objects; duplicates and unknown names are errors.

    ``kind`` is the Chinese word for what the table holds, used in messages.
    """

    def __init__(self, kind: str, entries: Iterable[tuple[str, str]]) -> None:
        self.kind = kind
        self._paths: dict[str, str] = {}
        self._loaded: dict[str, T] = {}
        for name, path in entries:
            if name in self._paths:
                raise DuplicatePluginError(
                    f"{kind}「{name}」登记了两次：{self._paths[name]} 与 {path}"
                )
            self._paths[name] = path

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __contains__(self, name: object) -> bool:
        return name in self._paths

    def names(self) -> tuple[str, ...]:
        return tuple(self._paths)

    def load(self, name: str) -> T:
        """Import and return the plug-in; raises UnknownPluginError or ConfigurationError."""
        if name in self._loaded:
            return self._loaded[name]
        if name not in self._paths:
            known = "、".join(sorted(self._paths)) or "（无）"
            raise UnknownPluginError(f"没有名为「{name}」的{self.kind}。已有：{known}")
        path = self._paths[name]
        module_name, _, attribute = path.partition(":")
        try:
            loaded = getattr(importlib.import_module(module_name), attribute)
        except (ImportError, AttributeError) as error:
            raise ConfigurationError(f"{self.kind}「{name}」无法载入：{path}（{error}）") from error
        # The table's type parameter states what its paths point to; the contract tests check it.
        plugin = cast("T", loaded)
        self._loaded[name] = plugin
        return plugin

    def load_all(self) -> dict[str, T]:
        return {name: self.load(name) for name in self._paths}
