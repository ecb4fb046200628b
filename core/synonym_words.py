"""The words of a synonym group as a person types them: one on each line, or divided by commas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.expression import ExpressionError, parse
from core.expression.fields import FIELD_NAMES
from core.expression.limits import MAX_TERMS
from core.expression.syntax import Word
from core.matching_text import matching_text

MOST_WORDS = MAX_TERMS
MOST_READ = 5 * MOST_WORDS
LONGEST_WORD = 50
_PIECE = re.compile(r'\s*("(?:\\.|[^"\\])*"|“[^”]*”|[^,，、;；]*)\s*(?:[,，、;；]|$)')
_QUOTED = re.compile(r'"(.*)"|“(.*)”', re.DOTALL)
_OPERATOR = re.compile(r"(?:^|\s)(?:AND|OR|NOT|O?NEAR/\d+|与|或|非)(?=\s|$)")
_FIELD = re.compile(r"\s*([^\s:：]+)[:：]")


@dataclass(frozen=True, slots=True)
class WordFault:
    """``line`` counts from 1."""

    line: int
    word: str
    reason: str

    def __str__(self) -> str:
        return f"第 {self.line} 行“{self.word}”：{self.reason}"


@dataclass(frozen=True, slots=True)
class TypedWords:
    """``words`` are what may be kept, each once; ``notes`` say what was left out and what is of no use."""

    words: tuple[str, ...]
    faults: tuple[WordFault, ...]
    notes: tuple[str, ...]


def read_words(typed: str) -> TypedWords:
    """Read what was typed; every bad word is named with its line, and none of the good ones is lost."""
    kept: dict[str, str] = {}
    faults: list[WordFault] = []
    repeated: dict[str, str] = {}
    for number, (line, word) in enumerate(_pieces(typed)):
        if number == MOST_READ:
            unread = f"从这里起没有再读：一组最多 {MOST_WORDS} 个词"
            faults.append(WordFault(line, word, unread))
            break
        if reason := _objection(word):
            faults.append(WordFault(line, word, reason))
        elif (folded := matching_text(word)) in kept:
            repeated[folded] = word
        else:
            kept[folded] = word
    notes = [f"“{word}”写了不止一次，只留一个。" for word in repeated.values()]
    notes += [
        f"“{long}”里已经有“{short}”，写不写都一样。" for long, short in _covered(kept.values())
    ]
    notes += [
        f"“{word}”只有一个字，凡是有这个字的信息都算。" for word in kept.values() if len(word) == 1
    ]
    return TypedWords(tuple(kept.values()), tuple(faults), tuple(notes))


def _pieces(typed: str) -> Iterator[tuple[int, str]]:
    for line, text in enumerate(typed.splitlines(), start=1):
        for piece in _PIECE.findall(text):
            word = piece.strip()
            if quoted := _QUOTED.fullmatch(word):
                word = (quoted.group(1) or quoted.group(2) or "").strip()
            if word:
                yield line, word


def _objection(word: str) -> str | None:
    if len(word) > LONGEST_WORD:
        return f"一个词最多 {LONGEST_WORD} 个字，这里有 {len(word)} 个"
    if "{" in matching_text(word):
        return "词组里不能再套用别的同义词组，请把那一组的词写进来"
    if word[0] in "-－":
        return "词组里不能写排除；要排除请在表达式里写 -{组名}"
    if _OPERATOR.search(word):
        return "每行只写一个词，不写 AND、OR、NOT、NEAR；一组词本来就是有一个就算"
    return _objection_to_meaning(word)


def _objection_to_meaning(word: str) -> str | None:
    field = _FIELD.match(word)
    if field and matching_text(field.group(1)) in FIELD_NAMES:
        return "词组里不能写字段；请在表达式里写，如 标题:{组名}"
    try:
        parsed = parse(f'"{word}"')
    except ExpressionError as error:
        return f"不能作为检索词：{error.expected}"
    return None if isinstance(parsed, Word) else "不能作为检索词，请去掉里面的引号"


def _covered(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name the words that hold another one: whatever has them has that one, too."""
    plain = [(word, matching_text(word)) for word in words if "*" not in word]
    for long, folded in plain:
        short = next((one for one, other in plain if other != folded and other in folded), None)
        if short is not None:
            yield long, short
