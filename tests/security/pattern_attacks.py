"""Texts made to keep a regular expression busy, derived from the expression itself."""

from __future__ import annotations

import importlib
import pkgutil
import re
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

# Any: the parser's own nested tuples; it has no public name.
Node: TypeAlias = tuple[Any, Any]
ops: Any = importlib.import_module("re._constants")
parser: Any = importlib.import_module("re._parser")

FEWEST_REPEATS = 10
LENGTHS = (40, 700)
LONGEST_S = 0.12
_CATEGORIES = {
    ops.CATEGORY_DIGIT: "1",
    ops.CATEGORY_NOT_DIGIT: "工",
    ops.CATEGORY_SPACE: " ",
    ops.CATEGORY_NOT_SPACE: "x",
    ops.CATEGORY_WORD: "x",
    ops.CATEGORY_NOT_WORD: "，",
}
_PROBES = "x1 a工，-./:<>\"'=&;@_\n\t　"
_REPEATS = {ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT}
# What follows the pumped part and usually spoils the match: nothing, an odd sign, a line end.
_SPOILERS = ("", "\n\0")
MOST_PUMPS = 16


def compiled_patterns(packages: tuple[str, ...]) -> dict[str, re.Pattern[Any]]:
    """Find what the modules of the packages have compiled, by module and name."""
    found: dict[str, re.Pattern[Any]] = {}
    for package in packages:
        root = importlib.import_module(package)
        for info in pkgutil.walk_packages(root.__path__, f"{package}."):
            if ".migrations." in info.name or info.name.endswith("__main__"):
                continue
            module = importlib.import_module(info.name)
            for name, value in vars(module).items():
                for place, pattern in _within(value, f"{info.name}.{name}", module):
                    found.setdefault(place, pattern)
    unique: dict[tuple[Any, int], str] = {}
    for place, pattern in found.items():
        unique.setdefault((pattern.pattern, pattern.flags), place)
    return {place: found[place] for place in unique.values()}


def _within(
    value: object, place: str, module: ModuleType, depth: int = 0
) -> Iterator[tuple[str, re.Pattern[Any]]]:
    if isinstance(value, re.Pattern):
        yield place, value
    elif depth > 3:
        return
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _within(key, f"{place}[{key!r}]", module, depth + 1)
            yield from _within(part, f"{place}[{key!r}]", module, depth + 1)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for position, part in enumerate(value):
            yield from _within(part, f"{place}[{position}]", module, depth + 1)
    elif getattr(type(value), "__module__", "") == module.__name__ or (
        isinstance(value, type) and value.__module__ == module.__name__
    ):
        fields = getattr(value, "__dataclass_fields__", None) or getattr(value, "__dict__", {})
        for name in list(fields):
            part = getattr(value, name, None)
            yield from _within(part, f"{place}.{name}", module, depth + 1)


@dataclass(frozen=True, slots=True)
class Attack:
    """``prefix`` leads to a repeat, ``pump`` is what it repeats."""

    prefix: str
    pump: str
    spoiler: str

    def text(self, length: int) -> str:
        times = max(1, (length - len(self.prefix)) // max(1, len(self.pump)))
        return self.prefix + self.pump * times + self.spoiler


def attacks(pattern: re.Pattern[Any]) -> set[Attack]:
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    found = set()
    for prefix, body in _repeats(list(tree), ""):
        for pump in sorted(_variants(body))[:MOST_PUMPS]:
            found |= {Attack(prefix, pump, spoiler) for spoiler in _SPOILERS}
            # The search begins anew at every place that looks like the start.
            found.add(Attack("", prefix + pump, _SPOILERS[-1]))
    return found


def _repeats(nodes: list[Node], before: str) -> Iterator[tuple[str, list[Node]]]:
    prefix = before
    for op, value in nodes:
        if op in _REPEATS:
            _, most, body = value
            if most >= FEWEST_REPEATS:
                yield prefix, list(body)
            yield from _repeats(list(body), prefix)
        for part in _parts(op, value):
            yield from _repeats(part, prefix)
        prefix += _shortest([(op, value)])


def _parts(op: Any, value: Any) -> list[list[Node]]:
    if op is ops.SUBPATTERN:
        return [list(value[-1])]
    if op is ops.ATOMIC_GROUP:
        return [list(value)]
    if op is ops.BRANCH:
        return [list(branch) for branch in value[1]]
    if op in {ops.ASSERT, ops.ASSERT_NOT}:
        return [list(value[1])]
    return []


def _variants(body: list[Node]) -> set[str]:
    """Give a few texts that the body of a repeat matches."""
    found = {_shortest(body)}
    if len(body) == 1:
        op, value = body[0]
        found.update(_shortest(part) for part in _parts(op, value)[:12])
        if op in {ops.IN, ops.ANY, ops.NOT_LITERAL}:
            found.update(char for char in _PROBES if _accepts(op, value, char))
        for part in _parts(op, value):
            if len(part) == 1:
                found |= _variants(part)
    return {text for text in found if text}


def _shortest(nodes: list[Node]) -> str:
    return "".join(_one(op, value) for op, value in nodes)


def _one(op: Any, value: Any) -> str:
    if op is ops.LITERAL:
        return chr(int(value))
    if op in {ops.IN, ops.ANY, ops.NOT_LITERAL}:
        found = next((char for char in _PROBES if _accepts(op, value, char)), None)
        return _first_of(op, value) if found is None else found
    if op in _REPEATS:
        least, _, body = value
        return str(_shortest(list(body)) * min(least, 40))
    parts = _parts(op, value)
    if op in {ops.ASSERT, ops.ASSERT_NOT} or not parts:
        return ""
    return _shortest(parts[0])


def _accepts(op: Any, value: Any, char: str) -> bool:
    if op is ops.ANY:
        return char != "\n"
    if op is ops.NOT_LITERAL:
        return char != chr(value)
    is_negated = False
    hit = False
    for kind, part in value:
        if kind is ops.NEGATE:
            is_negated = True
        elif kind is ops.LITERAL:
            hit |= part == ord(char)
        elif kind is ops.RANGE:
            hit |= part[0] <= ord(char) <= part[1]
        elif kind is ops.CATEGORY:
            hit |= re.match(_CATEGORY_PATTERNS[part], char) is not None
    return hit != is_negated


_CATEGORY_PATTERNS = {
    ops.CATEGORY_DIGIT: r"\d",
    ops.CATEGORY_NOT_DIGIT: r"\D",
    ops.CATEGORY_SPACE: r"\s",
    ops.CATEGORY_NOT_SPACE: r"\S",
    ops.CATEGORY_WORD: r"\w",
    ops.CATEGORY_NOT_WORD: r"\W",
}


def _first_of(op: Any, value: Any) -> str:
    if op is not ops.IN:
        return ""
    for kind, part in value:
        if kind is ops.LITERAL:
            return chr(int(part))
        if kind is ops.RANGE:
            return chr(part[0])
        if kind is ops.CATEGORY:
            return _CATEGORIES.get(part, "")
    return ""


class TooSlowError(Exception):
    """The pass used up its processor time."""


def too_slow(pattern: re.Pattern[Any]) -> tuple[Attack, int] | None:
    """Find an attack, and its length, that takes more than ``LONGEST_S`` of processor time; None is well."""
    for attack in sorted(attacks(pattern), key=repr):
        for length in LENGTHS:
            text: Any = attack.text(length)
            if isinstance(pattern.pattern, bytes):
                text = text.encode("latin-1", errors="ignore")
            if not _passes(pattern, text):
                return attack, length
    return None


def _passes(pattern: re.Pattern[Any], text: Any) -> bool:
    def stop(*_: object) -> None:
        raise TooSlowError

    # The engine looks for signals while it works, so that even an endless pass ends.
    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_S)
    try:
        for _ in pattern.finditer(text):
            pass
    except TooSlowError:
        return False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return True
