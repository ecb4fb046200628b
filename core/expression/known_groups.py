"""The synonym groups that expressions may name, folded once for many expressions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Self

from core.expression.syntax import Scope, Word
from core.matching_text import matching_text


class KnownGroups(Mapping[str, Sequence[str]]):
    """Names of groups, as people keep them, to their words."""

    def __init__(self, groups: Mapping[str, Sequence[str]]) -> None:
        self._given = dict(groups)
        self._names = {matching_text(name).strip(): name for name in groups}
        self._read: dict[tuple[str, Scope], tuple[Word, ...]] = {}

    @classmethod
    def of(cls, groups: Mapping[str, Sequence[str]]) -> Self:
        return groups if isinstance(groups, cls) else cls(groups)

    def __getitem__(self, name: str) -> Sequence[str]:
        return self._given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def folded_names(self) -> Iterator[str]:
        return iter(self._names)

    def words(self, folded_name: str) -> Sequence[str] | None:
        """Give a group's words as written; None where no group is called so."""
        name = self._names.get(folded_name)
        return None if name is None else self._given[name]

    def read(
        self, folded_name: str, scope: Scope, parts: Callable[[str], tuple[str, ...]]
    ) -> tuple[Word, ...]:
        """Read a group's words for a scope, each once; `parts` takes one word in matching text apart."""
        found = self._read.get((folded_name, scope))
        if found is None:
            words = (
                Word(parts(matching_text(word)), scope) for word in self.words(folded_name) or ()
            )
            found = self._read[folded_name, scope] = tuple(dict.fromkeys(words))
        return found
