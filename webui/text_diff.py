"""Compares two versions of a text, line by line and within changed lines."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

KEPT, ADDED, REMOVED, SKIPPED = "kept", "added", "removed", "skipped"
# Below this likeness two lines are different sentences: marking single characters would only confuse.
SIMILAR = 0.4
CONTEXT = 2


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a line; ``kind`` is kept, added or removed."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class DiffLine:
    """``kind`` is kept, added, removed, changed, or skipped for unchanged lines left out here."""

    kind: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """One changed part of a draft; ``label`` is Chinese."""

    label: str
    lines: tuple[DiffLine, ...]


def compare(before: str, after: str) -> tuple[DiffLine, ...]:
    """Give the changed lines with two lines around them; empty when nothing changed.

    Joining the pieces that are not ``added`` gives lines of ``before``, those not ``removed`` of ``after``.
    """
    old, new = before.splitlines(), after.splitlines()
    if old == new:
        return ()
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    lines: list[DiffLine] = []
    for group in matcher.get_grouped_opcodes(CONTEXT):
        if group[0][1] > 0:
            lines.append(DiffLine(SKIPPED, ()))
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                lines += [_whole(KEPT, line) for line in old[old_from:old_to]]
            else:
                lines += _changed(old[old_from:old_to], new[new_from:new_to])
    return tuple(lines)


def compare_contents(
    before: Mapping[str, object], after: Mapping[str, object], labels: Mapping[str, str]
) -> list[FieldDiff]:
    """Compare two stored contents of a draft; ``labels`` names the channels in Chinese."""
    old, new = _parts(before, labels), _parts(after, labels)
    names = list(dict.fromkeys([*new, *old]))
    compared = [FieldDiff(name, compare(old.get(name, ""), new.get(name, ""))) for name in names]
    return [field for field in compared if field.lines]


def _parts(content: Mapping[str, object], labels: Mapping[str, str]) -> dict[str, str]:
    parts = {
        "标题": _text(content.get("title")),
        "摘要": _text(content.get("digest")),
        "正文": _text(content.get("body")),
        "封面": "",
        "时间窗口": "",
    }
    cover = content.get("cover")
    if isinstance(cover, dict):
        parts["封面"] = f"{_text(cover.get('text'))}（{_text(cover.get('sha256'))[:12]}）"
    window = content.get("window")
    if isinstance(window, list) and any(window):
        parts["时间窗口"] = " 至 ".join(_text(moment) or "不限" for moment in window)
    variants = content.get("variants")
    for channel, variant in variants.items() if isinstance(variants, dict) else ():
        if isinstance(variant, dict) and isinstance(variant.get("options"), dict):
            # Texts made from the master text change with it; only wording by hand is news.
            if not variant["options"].get("by_hand"):
                continue
            label = labels.get(channel, channel)
            parts[f"{label}版本"] = "\n".join(
                filter(None, [_text(variant.get("title")), _text(variant.get("text"))])
            )
    return parts


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _changed(old: list[str], new: list[str]) -> Iterator[DiffLine]:
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        if before is None or after is None:
            yield _whole(ADDED, after or "") if before is None else _whole(REMOVED, before)
            continue
        matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
        if matcher.ratio() < SIMILAR:
            yield _whole(REMOVED, before)
            yield _whole(ADDED, after)
            continue
        yield DiffLine("changed", tuple(_pieces(matcher, before, after)))


def _pieces(matcher: difflib.SequenceMatcher[str], before: str, after: str) -> Iterator[Piece]:
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            yield Piece(KEPT, before[old_from:old_to])
            continue
        if old_to > old_from:
            yield Piece(REMOVED, before[old_from:old_to])
        if new_to > new_from:
            yield Piece(ADDED, after[new_from:new_to])


def _whole(kind: str, line: str) -> DiffLine:
    return DiffLine(kind, (Piece(kind, line),))
