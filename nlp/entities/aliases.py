"""Lets the short forms of an employer's full name meet it: 「河湾恒达物流有限公司」, 「恒达物流」, 「恒达」."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import rjieba

from nlp.entities.organisations import Organisation

_BRACKET = re.compile(r"\([\u4e00-\u9fff]{2,6}\)")
_TAIL = re.compile(
    r"(?:有限责任公司|股份有限公司|有限公司|责任公司|股份公司|集团公司|总公司|分公司|公司|集团)++$"
)
_CALLED = re.compile(r"公司|集团|老板|厂|的(?:员工|工人|老板|工资)|欠|拖|工地|项目部|员工")
_DECLARED = re.compile(
    r"\((?:以下|下文|下)?(?:简称|称)(?:为|:)?[\"“”「『']?([\u4e00-\u9fffa-z]{2,10}?)[\"”“」』']?\)"
)
_SHORTEST = 2
_LONGEST_CORE = 4


def short_forms(
    text: str, one: Organisation, segmentation: rjieba.Jieba, places: Iterable[str]
) -> Iterator[tuple[int, int]]:
    """Give where the short forms of ``one`` stand in the folded text, outside the full name itself."""
    full = text[one.start : one.end]
    stem = _BRACKET.sub("", _TAIL.sub("", _BRACKET.sub("", full)))
    without_place = stem
    for place in sorted(places, key=len, reverse=True):
        without_place = without_place.removeprefix(place)
        if without_place != stem:
            break
    from_core = stem[max(stem.find(one.core), 0) :]
    forms = {
        form for form in (stem, without_place, from_core) if form != full and len(form) > _SHORTEST
    }
    for form in sorted(forms, key=len, reverse=True):
        for match in re.finditer(re.escape(form), text):
            yield match.span()
    core = one.core
    if not _SHORTEST <= len(core) <= _LONGEST_CORE or core == full:
        return
    is_word = segmentation.has_word(core)
    for match in re.finditer(re.escape(core), text):
        # A core that is an ordinary word too counts where it is spoken of as an employer.
        if not is_word or _CALLED.match(text, match.end()):
            yield match.span()
