"""All entities of one text, and the regions that follow from its places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import rjieba

from nlp.annotations import Entity, EntityType, Field, RegionMention
from nlp.entities.aliases import short_forms
from nlp.entities.organisations import Organisation, Organisations
from nlp.entities.platforms import KnownNames, Named
from nlp.gazetteer import Gazetteer
from nlp.union_sense import names_foreign_union, union_words

LONGEST_TEXT = 5_000
MOST_ENTITIES = 60
_FEDERATION = re.compile(r"全总")
_PLAIN_SUFFIXES = ("公司", "集团", "厂", "超市", "工厂", "分公司")
_HALF_WIDTH = str.maketrans("（）", "()")


@dataclass(frozen=True, slots=True)
class _Mention:
    start: int
    end: int
    type: EntityType
    canonical: str | None


class EntityFinder:
    """Read-only after construction; threads may share it."""

    def __init__(self, gazetteer: Gazetteer, segmentation: rjieba.Jieba) -> None:
        self._gazetteer = gazetteer
        self._segmentation = segmentation
        self._organisations = Organisations(segmentation)
        self._known = KnownNames(segmentation)

    def find(
        self, folded: str, title: str, text: str
    ) -> tuple[tuple[Entity, ...], tuple[RegionMention, ...]]:
        """``folded`` is the matching text of title, line break and text; spans count in the originals."""
        folded = folded[:LONGEST_TEXT]
        original = f"{title}\n{text[:LONGEST_TEXT]}"
        places = self._gazetteer.places(folded)
        known = self._known.find(folded)
        spans = {place.end: place.start for place in places}
        organisations = self._organisations_of(folded, known, spans)
        mentions = [
            *self._bodies(
                folded,
                original,
                organisations,
                [folded[place.start : place.end] for place in places],
            )
        ]
        mentions += [_Mention(*one) for one in known]
        mentions += [
            _Mention(place.start, place.end, EntityType.PLACE, place.adcode) for place in places
        ]
        entities = tuple(
            _entity(one, original, len(title)) for one in _apart(mentions)[:MOST_ENTITIES]
        )
        return entities, self._gazetteer.regions(places)

    def _organisations_of(
        self, folded: str, known: Sequence[Named], places: Mapping[int, int]
    ) -> list[Organisation]:
        """Drop unions that are not ours, and firms that are a known name with 「公司」 behind it."""
        found = self._organisations.find(folded, places)
        if not found:
            return []
        unions = union_words(folded) if any(one.type is EntityType.UNION for one in found) else []
        starts = {start for start, _, _, _ in known}
        kept: list[Organisation] = []
        for one in found:
            if one.type is EntityType.UNION:
                is_ours = any(one.start <= start and end <= one.end for start, end in unions)
                if not is_ours or names_foreign_union(folded[one.start : one.end]):
                    continue
            elif (
                one.type is EntityType.EMPLOYER
                and one.start in starts
                and one.suffix in _PLAIN_SUFFIXES
            ):
                continue
            kept.append(one)
        return kept

    def _bodies(
        self,
        folded: str,
        original: str,
        organisations: Sequence[Organisation],
        places: Sequence[str],
    ) -> Iterator[_Mention]:
        if "全总" in folded:
            for start, end in union_words(folded):
                if _FEDERATION.match(folded, start):
                    yield _Mention(start, end, EntityType.UNION, "中华全国总工会")
        names = _full_names(original, organisations)
        seen: set[str] = set()
        for one in organisations:
            canonical, name = names[one], folded[one.start : one.end]
            yield _Mention(one.start, one.end, one.type, canonical)
            if one.type is EntityType.EMPLOYER and name not in seen:
                seen.add(name)
                for start, end in short_forms(folded, one, self._segmentation, places):
                    yield _Mention(start, end, EntityType.EMPLOYER, canonical)


def _full_names(original: str, organisations: Sequence[Organisation]) -> dict[Organisation, str]:
    """Name each organisation; 「广源公司」 takes the full name that holds its core, where the text has one."""
    names = {one: original[one.start : one.end].translate(_HALF_WIDTH) for one in organisations}
    distinct = {names[one]: one for one in organisations if one.type is EntityType.EMPLOYER}
    employers = list(distinct.values())[:MOST_ENTITIES]
    for one in (one for one in organisations if one.type is EntityType.EMPLOYER):
        for other in employers:
            is_fuller = len(names[other]) > len(names[one]) and other.suffix not in _PLAIN_SUFFIXES
            if is_fuller and len(one.core) > 1 and one.core in other.core:
                names[one] = names[other]
    return names


def _apart(mentions: list[_Mention]) -> list[_Mention]:
    """Keep the longest of what overlaps, in reading order; of equal ones the first that was found."""
    kept: list[_Mention] = []
    taken: set[int] = set()
    for one in sorted(mentions, key=lambda item: item.start - item.end):
        span = range(one.start, one.end)
        if taken.isdisjoint(span):
            taken.update(span)
            kept.append(one)
    return sorted(kept, key=lambda item: item.start)


def _entity(one: _Mention, original: str, title_end: int) -> Entity:
    in_text = one.start > title_end
    offset = title_end + 1 if in_text else 0
    return Entity(
        text=original[one.start : one.end],
        type=one.type,
        field=Field.TEXT if in_text else Field.TITLE,
        start=one.start - offset,
        end=one.end - offset,
        canonical=one.canonical,
    )
