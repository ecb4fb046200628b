"""All facts of one text."""

from __future__ import annotations

import datetime as dt

from nlp.annotations import Facts
from nlp.facts.amounts import amount_yuan
from nlp.facts.appeals import appeal
from nlp.facts.casualties import casualties
from nlp.facts.clauses import Clauses
from nlp.facts.durations import days
from nlp.facts.gatherings import gathering
from nlp.facts.headcounts import headcount
from nlp.numerals import numbers

LONGEST_TEXT = 5_000


def facts(folded: str, original: str, published_at: dt.datetime | None) -> Facts:
    """Read the facts of a text; ``folded`` is its matching text, of the same length."""
    folded, original = folded[:LONGEST_TEXT], original[:LONGEST_TEXT]
    clauses, found = Clauses(folded), numbers(folded)
    return Facts(
        headcount=headcount(folded, found, clauses),
        amount_yuan=amount_yuan(folded, found, clauses),
        days=days(folded, found, clauses, published_at),
        casualties=casualties(folded, clauses),
        gathering=gathering(folded, original),
        appeal=appeal(folded, original),
    )
