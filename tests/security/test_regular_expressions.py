"""No expression of ours that sees collected texts can be kept busy by one of them."""

from __future__ import annotations

import re

import pytest

from tests.security.pattern_attacks import compiled_patterns, too_slow

# The modules that collected texts, pages and addresses pass through.
PACKAGES = ("crawlers", "core", "nlp")


def test_no_pattern_grows_faster_than_with_the_square_of_a_text() -> None:
    patterns = compiled_patterns(PACKAGES)
    assert len(patterns) > 200
    found = {place: too_slow(pattern) for place, pattern in patterns.items()}
    assert {place: attack for place, attack in found.items() if attack is not None} == {}


@pytest.mark.parametrize("bad", [r"(a+)+b", r"(?:a|aa)+$", r"\s*,?\s*;?\s*$", r"([\w.]+\w*)+@"])
def test_the_attacks_find_what_is_slow(bad: str) -> None:
    assert too_slow(re.compile(bad)) is not None


@pytest.mark.parametrize("good", [r"a+b", r"\s+$", r"(?:a|b)*c", r"\d{4}-\d\d", r"<[^>]{0,200}>"])
def test_the_attacks_leave_alone_what_is_not(good: str) -> None:
    assert too_slow(re.compile(good)) is None
