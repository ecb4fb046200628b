"""The names and the life of the monthly indices behind the read alias.

zhisheng-documents                    the alias that is searched
zhisheng-documents-g2-s1-202611       generation 2, schema 1, ingested in November 2026
"""

import re
from dataclasses import dataclass

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from core.search.base import IndexOutdatedError
from core.search.elasticsearch_schema import SCHEMA_VERSION, mappings, settings


@dataclass(frozen=True, slots=True)
class Generation:
    """The monthly indices that belong together; `names` are those that exist."""

    number: int
    names: frozenset[str]


class MonthlyIndices:
    def __init__(self, client: Elasticsearch, alias: str, *, replicas: int) -> None:
        self._client = client
        self._alias = alias
        self._replicas = replicas
        self._name = re.compile(rf"{re.escape(alias)}-g(\d+)-s(\d+)-\w+")

    def current(self) -> Generation:
        """Find the generation behind the alias; raises IndexOutdatedError."""
        try:
            names = frozenset(self._client.indices.get_alias(name=self._alias).body)
        except NotFoundError:
            return Generation(1, frozenset())
        matches = [match for name in names if (match := self._name.fullmatch(name))]
        schemas = {int(match.group(2)) for match in matches}
        if schemas - {SCHEMA_VERSION}:
            raise IndexOutdatedError(
                f"Elasticsearch 索引 {self._alias} 的格式是 {max(schemas)}，本程序需要 "
                f"{SCHEMA_VERSION}；数据都在数据库里，没有丢失。请运行 zhisheng index rebuild 重建索引。"
            )
        return Generation(max((int(match.group(1)) for match in matches), default=1), names)

    def name(self, generation: int, month: str) -> str:
        return f"{self._alias}-g{generation}-s{SCHEMA_VERSION}-{month}"

    def create(self, name: str, *, is_rebuilding: bool = False) -> None:
        """Create one month's index, searched at once unless it belongs to a rebuild."""
        try:
            self._client.indices.create(
                index=name,
                settings=settings(replicas=self._replicas, is_rebuilding=is_rebuilding),
                mappings=mappings(),
                aliases={} if is_rebuilding else {self._alias: {}},
            )
        except BadRequestError as error:
            if error.error != "resource_already_exists_exception":
                raise

    def next_number(self) -> int:
        numbers = [
            int(match.group(1)) for name in self._all() if (match := self._name.fullmatch(name))
        ]
        return max(numbers, default=0) + 1

    def switch(self, generation: Generation) -> None:
        """Let the alias name this generation alone, in one step, and remove every other."""
        for name in generation.names:
            self._client.indices.put_settings(
                index=name, settings={"index": {"refresh_interval": "1s"}}
            )
            self._client.indices.refresh(index=name)
        actions: list[dict[str, object]] = [
            {"add": {"index": name, "alias": self._alias}} for name in sorted(generation.names)
        ]
        actions += [
            {"remove_index": {"index": name}} for name in sorted(self._all() - generation.names)
        ]
        self._client.indices.update_aliases(actions=actions)

    def remove(self, generation: Generation) -> None:
        for name in generation.names:
            self._client.indices.delete(index=name, ignore_unavailable=True)

    def _all(self) -> frozenset[str]:
        found = self._client.indices.get(index=f"{self._alias}-g*", expand_wildcards="all")
        return frozenset(found.body)
