"""The reprint trees of an event, laid out: time from left to right, one line for each document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.database.models.understanding import StoryRelation
from core.event_spread import StoryCopy
from webui.event_words import RELATION_LABELS
from webui.formats import short_time

LINE = 26
TOP = 30
LEFT, RIGHT = 14, 170
TEXT_AT = 186
WIDTH = 600
GAP = 10
MOST_NODES = 48


@dataclass(frozen=True, slots=True)
class GraphNode:
    """``path`` leads from the node it was taken from, empty for a first publication."""

    x: float
    y: float
    relation: StoryRelation
    text: str
    path: str


@dataclass(frozen=True, slots=True)
class SpreadGraph:
    width: int
    height: int
    text_at: int
    axis_end: int
    first: str
    last: str
    nodes: tuple[GraphNode, ...]
    conclusion: str
    left_out: int


def spread_graph(
    copies: Sequence[StoryCopy], likeness: Mapping[int, float], left_out: int
) -> SpreadGraph | None:
    """Draw the copies as trees; a document whose source is not among them hangs on its story's first."""
    ordered, parents = _in_tree_order(copies[:MOST_NODES])
    if not ordered:
        return None
    first = min(copy.published_at for copy in ordered)
    last = max(copy.published_at for copy in ordered)
    places: dict[int, tuple[float, float]] = {}
    nodes, y = [], float(TOP)
    for place, copy in enumerate(ordered):
        parent = places.get(parents.get(copy.id, 0))
        if place:
            y += LINE + (GAP if parent is None else 0)
        x = _across(copy.published_at, first, last)
        places[copy.id] = (x, y)
        path = f"M{parent[0]:.1f} {parent[1]:.1f}V{y:.1f}H{x:.1f}" if parent else ""
        nodes.append(GraphNode(x, y, copy.relation, _text(copy, likeness), path))
    return SpreadGraph(
        width=WIDTH,
        height=int(y) + LINE,
        text_at=TEXT_AT,
        axis_end=RIGHT,
        first=short_time(first),
        last=short_time(last),
        nodes=tuple(nodes),
        conclusion=_conclusion(ordered, parents),
        left_out=left_out + max(0, len(copies) - MOST_NODES),
    )


def _in_tree_order(copies: Sequence[StoryCopy]) -> tuple[list[StoryCopy], dict[int, int]]:
    """Put every copy under the one it was taken from, earlier branches first."""
    known = {copy.id: copy for copy in copies}
    roots: dict[int, int] = {}
    parents: dict[int, int] = {}
    children: dict[int, list[StoryCopy]] = {}
    top: list[StoryCopy] = []
    for copy in copies:
        parent = copy.parent_id if copy.parent_id in known else roots.get(copy.story_id)
        if copy.relation is StoryRelation.FIRST or parent is None or parent == copy.id:
            roots.setdefault(copy.story_id, copy.id)
            top.append(copy)
        else:
            parents[copy.id] = parent
            children.setdefault(parent, []).append(copy)
    ordered: list[StoryCopy] = []
    waiting = list(reversed(top))
    while waiting:
        copy = waiting.pop()
        ordered.append(copy)
        waiting.extend(reversed(children.get(copy.id, [])))
    return ordered, parents


def _across(at: dt.datetime, first: dt.datetime, last: dt.datetime) -> float:
    span = (last - first).total_seconds()
    return LEFT + (RIGHT - LEFT) * ((at - first).total_seconds() / span if span else 0.0)


def _text(copy: StoryCopy, likeness: Mapping[int, float]) -> str:
    parts = [copy.publisher, short_time(copy.published_at), RELATION_LABELS[copy.relation]]
    if copy.id in likeness and copy.relation is not StoryRelation.FIRST:
        parts.append(f"相似 {likeness[copy.id]:.0%}")
    return "  ".join(parts)


def _conclusion(ordered: Sequence[StoryCopy], parents: Mapping[int, int]) -> str:
    stories = len({copy.story_id for copy in ordered})
    counts: dict[int, int] = {}
    for parent in parents.values():
        counts[parent] = counts.get(parent, 0) + 1
    told = f"{stories} 篇稿件，转载和改写 {len(parents)} 篇"
    if counts:
        source = max(counts, key=lambda id_: (counts[id_], -id_))
        name = next(copy.publisher for copy in ordered if copy.id == source)
        told += f"；被转最多的是{name}，{counts[source]} 篇"
    return f"{told}。"
