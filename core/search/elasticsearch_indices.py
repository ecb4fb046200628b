"""The names and the life of the monthly indices behind the read alias.

zhisheng-documents                          the alias that is searched
zhisheng-documents-g2-s2-202611             generation 2, schema 2, ingested in November 2026
zhisheng-documents-g2-s2-202611-write       the alias through which that index is written
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from core.errors import UnavailableError
from core.search.base import IndexOutdatedError
from core.search.elasticsearch_schema import (
    SCHEMA_VERSION,
    SERVING,
    mappings,
    replication,
    settings,
)

log = structlog.get_logger(__name__)

EMPTY = "empty"
"""Stands for a month in the one index of a generation that holds nothing yet."""


@dataclass(frozen=True, slots=True)
class Generation:
    """The monthly indices that belong together; `names` are those that exist."""

    number: int
    names: frozenset[str]


def write_alias(name: str) -> str:
    """Name what writes to an index: an alias goes with its index, while a bare name would make a new one."""
    return f"{name}-write"


class MonthlyIndices:
    def __init__(self, client: Elasticsearch, alias: str, *, replicas: int | None) -> None:
        self._client = client
        self._alias = alias
        self._replicas = replicas
        self._name = re.compile(rf"{re.escape(alias)}-g(\d+)-s(\d+)-(\w+)")

    def current(self) -> Generation:
        """Find the generation behind the alias; raises IndexOutdatedError."""
        try:
            names = frozenset(self._client.indices.get_alias(name=self._alias).body)
        except NotFoundError:
            return Generation(1, frozenset())
        matches = [match for name in names if (match := self._name.fullmatch(name))]
        schemas = {int(match.group(2)) for match in matches}
        if schemas - {SCHEMA_VERSION}:
            raise IndexOutdatedError(max(schemas), SCHEMA_VERSION)
        number = max((int(match.group(1)) for match in matches), default=1)
        return Generation(number, self._of(number, names))

    def state(self) -> tuple[int | None, int | None]:
        """Give the schema and the number of the generation that answers, as far as there is one."""
        try:
            names = self._client.indices.get_alias(name=self._alias).body
        except NotFoundError:
            return None, None
        found = [match for name in names if (match := self._name.fullmatch(name))]
        return max(((int(one.group(2)), int(one.group(1))) for one in found), default=(None, None))

    def name(self, generation: int, month: str) -> str:
        return f"{self._alias}-g{generation}-s{SCHEMA_VERSION}-{month}"

    def month(self, name: str) -> str:
        match = self._name.fullmatch(name)
        return match.group(3) if match else ""

    def create(self, name: str, generation: Generation, *, is_rebuilding: bool = False) -> None:
        """Create one month's index, searched at once unless it belongs to a rebuild."""
        try:
            self._client.indices.create(
                index=name,
                settings=settings(replicas=self._replicas, is_rebuilding=is_rebuilding),
                mappings=mappings(),
                aliases={write_alias(name): {}},
            )
        except BadRequestError as error:
            if error.error != "resource_already_exists_exception":
                raise
        if not is_rebuilding:
            self._publish(name, generation)

    def _publish(self, name: str, generation: Generation) -> None:
        """Let the alias name an index, provided that its generation is still the one searched.

        Naming an index of the generation again changes nothing, but fails the whole step once a rebuild has
        removed it: otherwise the index would stay behind the alias beside the new generation.
        """
        guard = sorted(generation.names - {name})[:1]
        actions = [{"add": {"index": one, "alias": self._alias}} for one in (*guard, name)]
        try:
            self._client.indices.update_aliases(actions=actions)
        except NotFoundError as error:
            self._client.indices.delete(index=name, ignore_unavailable=True)
            raise UnavailableError(
                "检索索引刚被重建替换；数据没有丢失，稍后会自动再试。"
            ) from error

    def next_number(self) -> int:
        numbers = [
            int(match.group(1))
            for name in self.all_names()
            if (match := self._name.fullmatch(name))
        ]
        # Whoever writes before there is any index makes generation 1.
        return max(numbers, default=1) + 1

    def switch(self, generation: Generation) -> None:
        """Let the alias name this generation alone, in one step, and remove every other."""
        self.make_searchable(generation)
        actions: list[dict[str, object]] = [
            {"add": {"index": name, "alias": self._alias}} for name in sorted(generation.names)
        ]
        actions += [
            {"remove_index": {"index": name}}
            for name in sorted(self.all_names() - generation.names)
        ]
        self._client.indices.update_aliases(actions=actions)

    def make_searchable(self, generation: Generation) -> None:
        for name in sorted(generation.names):
            self._client.indices.put_settings(index=name, settings={"index": SERVING})
            self._client.indices.flush(index=name)
            self._client.indices.refresh(index=name)

    def remove(self, generation: Generation) -> None:
        for name in generation.names:
            self._client.indices.delete(index=name, ignore_unavailable=True)

    def roll_over(self, months: Sequence[str]) -> tuple[str, ...]:
        """Create the current generation's indices of these months; gives those that were missing.

        All of them get the number of replicas that is wanted now.
        """
        generation = self.current()
        if generation.names:
            self._client.indices.put_settings(
                index=sorted(generation.names),
                settings={"index": replication(self._replicas)},
                ignore_unavailable=True,
            )
        wanted = {self.name(generation.number, month) for month in months}
        missing = tuple(sorted(wanted - generation.names))
        for name in missing:
            self.create(name, generation)
        return missing

    def drop(self, is_over: Callable[[str], bool]) -> tuple[str, ...]:
        """Remove the current generation's indices of months that are over; the last index always stays."""
        generation = self.current()
        over = sorted(
            name
            for name in generation.names
            if self.month(name) == EMPTY or is_over(self.month(name))
        )
        dropped = tuple(over[: len(generation.names) - 1])
        self.remove(Generation(generation.number, frozenset(dropped)))
        return dropped

    def remove_leftovers(self) -> tuple[str, ...]:
        """Remove every other generation; only while no rebuild runs."""
        generation = self.current()
        names = self.all_names()
        leftovers = tuple(sorted(names - self._of(generation.number, names)))
        for name in leftovers:
            self._client.indices.delete(index=name, ignore_unavailable=True)
        return leftovers

    def remove_unsearched(self) -> None:
        """Remove what is not behind the alias, whatever its schema; only while no rebuild runs."""
        try:
            searched = frozenset(self._client.indices.get_alias(name=self._alias).body)
        except NotFoundError:
            searched = frozenset()
        for name in sorted(self.all_names() - searched):
            self._client.indices.delete(index=name, ignore_unavailable=True)

    def _of(self, number: int, names: frozenset[str]) -> frozenset[str]:
        return frozenset(
            name
            for name in names
            if (match := self._name.fullmatch(name)) and int(match.group(1)) == number
        )

    def all_names(self) -> frozenset[str]:
        found = self._client.indices.get(index=f"{self._alias}-g*", expand_wildcards="all")
        return frozenset(found.body)
