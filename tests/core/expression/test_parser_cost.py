"""No text takes long to read or to refuse.

Counted in calls, which are the same on every machine, busy or not; `tests.bench --only parsing` has the milliseconds.
"""

import sys
from itertools import islice
from random import Random
from types import FrameType

import pytest

from core.expression import ExpressionError, parse
from core.expression.known_groups import KnownGroups
from core.expression.value_names import ValueNames
from tests.core.expression.adversarial import GROUPS, NAMES, PIECES, costly_texts

MOST_CALLS = 60_000
"""An ordinary machine makes four times as many in 20 ms."""

KNOWN_GROUPS = KnownGroups(GROUPS)
KNOWN_NAMES = {field: ValueNames(names) for field, names in NAMES.items()}


def calls(text: str) -> int:
    counted = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        parse(text, groups=KNOWN_GROUPS, names=KNOWN_NAMES)
    except ExpressionError:
        pass
    finally:
        sys.setprofile(before)
    return counted


@pytest.fixture(autouse=True, scope="module")
def _grammar() -> None:
    parse("甲")  # The grammar is built once.


def test_no_costly_text_takes_many_calls() -> None:
    worst = max(costly_texts(), key=calls)
    assert calls(worst) < MOST_CALLS, worst[:40]


def test_no_mixture_takes_many_calls() -> None:
    random = Random(5)  # noqa: S311 -- not for secrets
    for _ in range(60):
        text = "".join(random.choices(PIECES, k=random.choice((3, 30, 300))))[:1_000]
        assert calls(text) < MOST_CALLS, text


def test_a_text_far_too_long_is_refused_before_it_is_looked_at() -> None:
    texts = list(islice((text for text in costly_texts() if len(text) > 1_000), 5))
    assert texts
    for text in texts:
        assert calls(text) < 50
        with pytest.raises(ExpressionError, match="最多 1000 个字符"):
            parse(text)


def test_a_huge_group_is_refused_before_its_words_are_read() -> None:
    assert calls("{巨}") < 1_000
