"""How long the costliest texts take to read or to refuse, in processor time."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from time import process_time

from core.expression import ExpressionError, parse
from core.expression.known_groups import KnownGroups
from core.expression.value_names import ValueNames
from tests.bench.live_rules import RuleWriter
from tests.bench.result import Better, Goal, Result
from tests.bench.size import Size
from tests.core.expression.adversarial import GROUPS, NAMES, costly_texts

REPEATS = 3
GOAL_MS = 20.0


def run(size: Size) -> list[Result]:
    groups = KnownGroups(GROUPS)
    names = {field: ValueNames(known) for field, known in NAMES.items()}

    def took(text: str) -> float:
        started = process_time()
        with suppress(ExpressionError):
            parse(text, groups=groups, names=names)
        return (process_time() - started) * 1000

    texts = list(islice(costly_texts(), size.of(1_000, 20)))
    slowest = max(min(took(text) for _ in range(REPEATS)) for text in texts)
    rules = list(RuleWriter(["欠薪工地"], 1).texts(size.of(2_000, 50)))
    return [
        Result(
            name="expression_slowest",
            value=slowest,
            unit=f"ms to read or refuse the costliest of {len(texts)} texts",
            better=Better.LOWER,
            goal=Goal(GOAL_MS, Better.LOWER),
        ),
        Result(
            name="expression_ordinary",
            value=sum(map(took, rules)) / len(rules),
            unit="ms to read a rule",
            better=Better.LOWER,
        ),
    ]
