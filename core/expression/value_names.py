"""The names that people may write for the values of a field, folded once for many expressions."""

from collections.abc import Iterator, Mapping
from typing import Self

from core.matching_text import matching_text


class ValueNames(Mapping[str, str]):
    """Names as people write them to the values that documents carry; a value may be written too."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._given = dict(names)
        self._folded = {matching_text(name): matching_text(value) for name, value in names.items()}
        self._values = frozenset(self._folded.values())

    @classmethod
    def of(cls, names: Mapping[str, str]) -> Self:
        return names if isinstance(names, cls) else cls(names)

    def __getitem__(self, name: str) -> str:
        return self._given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def resolved(self, folded: str) -> str | None:
        """Give the value for a name in matching text, or None where neither name nor value is known."""
        value = self._folded.get(folded)
        return folded if value is None and folded in self._values else value
