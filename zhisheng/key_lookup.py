"""Finds rows through an inverted table of keys: those that have most keys in common with what is looked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class KeyLookup:
    """``statement`` is that of ``lookup_statement``; a key gives its ``per_key`` latest rows.

    At most ``most`` rows are kept for each place, so the work does not grow with the table.
    """

    statement: TextClause
    per_key: int
    most: int

    def best(self, session: Session, asked: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
        """Give for each place its row ids, those with most keys in common first, of equals the lowest id."""
        places: list[int] = []
        keys: list[int] = []
        for place, own in asked.items():
            places += [place] * len(own)
            keys += own
        if not keys:
            return {}
        values = {"places": places, "keys": keys, "per_key": self.per_key, "most": self.most}
        return dict(session.execute(self.statement, values).all())


def lookup_statement(table: str, column: str, latest: str) -> TextClause:
    """Write the question to a table of keys; the names are ours, never a user's."""
    return text(
        f"""
        select place, array_agg({column} order by rank) from (
            select place, {column},
                row_number() over (partition by place order by count(*) desc, {column}) as rank
            from unnest(cast(:places as integer[]), cast(:keys as bigint[])) as asked(place, key)
            cross join lateral (
                select {column} from {table} where {table}.key = asked.key
                order by {latest} desc limit :per_key
            ) as found
            group by place, {column}
        ) as ranked where rank <= :most group by place
        """  # noqa: S608 (names of our own tables)
    )
