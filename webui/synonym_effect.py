"""What saving a synonym group would change, as its form says it before anything is saved."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from core.synonym_groups import GroupDraft, GroupRow
from core.synonym_uses import Effect, UseKind
from core.synonym_words import TypedWords, read_words

_PLACES = {UseKind.RULE: ("规则", "/rules/{}"), UseKind.TOPIC: ("专题", "/standing-topics/{}")}


@dataclass(frozen=True, slots=True)
class UseLine:
    """``verdict`` is ok, stopped (not at work, and no longer readable) or breaks (forbids the change)."""

    kind: str
    name: str
    href: str
    is_live: bool
    verdict: str
    problem: str


@dataclass(frozen=True, slots=True)
class SynonymEffect:
    """``seen`` stands for all of this: a form that sends it back has shown its person what it says."""

    typed: TypedWords
    added: tuple[str, ...]
    removed: tuple[str, ...]
    renamed_to: str | None
    uses: tuple[UseLine, ...]
    seen: str

    @property
    def forbids(self) -> bool:
        return any(use.verdict == "breaks" for use in self.uses)

    def count(self, kind: str) -> int:
        return sum(use.kind == kind for use in self.uses)


def effect_of(
    draft: GroupDraft, row: GroupRow | None = None, effects: Sequence[Effect] = ()
) -> SynonymEffect:
    typed, before = read_words(draft.words), row.words if row else ()
    name = draft.name.strip()
    said = [
        name,
        typed.words,
        [(one.use.kind, one.use.id, one.use.version, one.problem) for one in effects],
    ]
    return SynonymEffect(
        typed=typed,
        added=tuple(word for word in typed.words if word not in before),
        removed=tuple(word for word in before if word not in typed.words),
        renamed_to=name if row and name and name != row.name else None,
        uses=tuple(_line(one) for one in effects),
        seen=hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16],
    )


def _line(effect: Effect) -> UseLine:
    label, address = _PLACES[effect.use.kind]
    verdict = "ok" if effect.problem is None else "breaks" if effect.forbids else "stopped"
    return UseLine(
        kind=label,
        name=effect.use.name,
        href=address.format(effect.use.id),
        is_live=effect.use.is_live,
        verdict=verdict,
        problem=effect.problem or "",
    )
