"""Synonym groups as people keep them: checked, versioned, and never changed under a rule that would break."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from config.synonym_groups import StarterGroup
from core import audit
from core.claims import notify
from core.database.models.understanding import SynonymGroup
from core.errors import ConflictError, InvalidOptionsError, WorkflowError
from core.expression import ExpressionError, parse
from core.expression.references import folded_name
from core.expression.syntax import Group
from core.synonym_uses import Effect, Groups, Names, Use, effects, rewrite, uses_by_group, uses_of
from core.synonym_words import MOST_WORDS, read_words

TOPIC = "rules"
"""Whom a change wakes: those who hold rules compiled."""

LONGEST_NAME = 30


class GroupNotFoundError(WorkflowError):
    pass


class GroupInUseError(WorkflowError):
    """A live rule or standing topic would no longer be readable; ``effects`` are those, each with its reason."""

    def __init__(self, message: str, forbidding: Sequence[Effect]) -> None:
        super().__init__(message)
        self.effects = tuple(forbidding)


@dataclass(frozen=True, slots=True)
class GroupDraft:
    """What the form holds; ``words`` as typed, one on each line or divided by commas."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class GroupRow:
    id: int
    name: str
    words: tuple[str, ...]
    version: int
    changed_at: dt.datetime
    changed_by: int | None
    uses: tuple[Use, ...]


def list_groups(session: Session) -> tuple[GroupRow, ...]:
    """List all groups by name, each with what uses it."""
    uses = uses_by_group(session)
    groups = session.scalars(select(SynonymGroup).order_by(SynonymGroup.name))
    return tuple(_row(group, uses.get(folded_name(group.name), ())) for group in groups)


def find_group(session: Session, group_id: int) -> GroupRow:
    group = session.get(SynonymGroup, group_id)
    if group is None:
        raise _not_found(group_id)
    return _row(group, uses_of(session, group.name))


def group_words(session: Session) -> dict[str, Sequence[str]]:
    """Map the names of groups to their words, as expressions want them."""
    rows = session.execute(select(SynonymGroup.name, SynonymGroup.words))
    return {name: words for name, words in rows}  # noqa: C416 (rows are no pairs to mypy)


def hold_groups(session: Session) -> None:
    """Let no group change until the transaction ends, for whoever checks and then saves an expression."""
    session.execute(text("LOCK TABLE synonym_group IN SHARE MODE"))


def create_group(
    session: Session, draft: GroupDraft, *, person_id: int | None, now: dt.datetime
) -> int:
    """Save a new group; raises InvalidOptionsError for a name or words that will not do."""
    _take_turns(session)
    name, words = _checked(session, draft, group_id=None)
    return _insert(session, name, words, person_id, now)


def edit_effects(
    session: Session, group_id: int, draft: GroupDraft, *, names: Names
) -> tuple[Effect, ...]:
    """Say what saving the draft would do to whatever uses the group; bad words are left out."""
    row = find_group(session, group_id)
    new = draft.name.strip() or row.name
    return _effects(session, row, (new, read_words(draft.words).words), names)


def edit_group(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    group_id: int,
    draft: GroupDraft,
    *,
    person_id: int | None,
    now: dt.datetime,
    names: Names,
    as_of_version: int,
) -> tuple[Use, ...]:
    """Save the group and give the uses whose expressions a new name has rewritten.

    Raises InvalidOptionsError; GroupInUseError when a live rule or topic would break; ConflictError when
    somebody saved the group, or a use of it, meanwhile.
    """
    _take_turns(session)
    row = find_group(session, group_id)
    name, words = _checked(session, draft, group_id=group_id)
    forbidding = [one for one in _effects(session, row, (name, words), names) if one.forbids]
    if forbidding:
        raise GroupInUseError(
            f"没有保存：改了以后有 {len(forbidding)} 条在用的规则或专题不能再用。", forbidding
        )
    changed = session.scalar(
        update(SynonymGroup)
        .where(SynonymGroup.id == group_id, SynonymGroup.version == as_of_version)
        .values(
            name=name,
            words=list(words),
            version=SynonymGroup.version + 1,
            changed_at=now,
            changed_by=person_id,
        )
        .returning(SynonymGroup.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        raise _conflict(row, as_of_version)
    rewritten = row.uses if folded_name(name) != folded_name(row.name) else ()
    for use in rewritten:
        rewrite(session, use, row.name, name, person_id=person_id, now=now)
    after = {"name": name, "words": list(words)}
    _record(session, group_id, "edited", {"before": _content(row), "after": after}, person_id, now)
    return rewritten


def delete_group(
    session: Session, group_id: int, *, person_id: int | None, now: dt.datetime, as_of_version: int
) -> None:
    """Delete a group that no live rule or standing topic names; raises GroupInUseError or ConflictError."""
    _take_turns(session)
    row = find_group(session, group_id)
    live = [Effect(use, f"表达式里写了 {{{row.name}}}") for use in row.uses if use.is_live]
    if live:
        raise GroupInUseError(
            f"没有删除：有 {len(live)} 条在用的规则或专题写了 {{{row.name}}}，请先改它们的表达式。",
            live,
        )
    gone = session.scalar(
        delete(SynonymGroup)
        .where(SynonymGroup.id == group_id, SynonymGroup.version == as_of_version)
        .returning(SynonymGroup.id)
        .execution_options(synchronize_session=False)
    )
    if gone is None:
        raise _conflict(row, as_of_version)
    _record(session, group_id, "deleted", {"before": _content(row)}, person_id, now)


def missing_starters(
    session: Session, starters: Sequence[StarterGroup]
) -> tuple[StarterGroup, ...]:
    present = {folded_name(name) for name in session.scalars(select(SynonymGroup.name))}
    return tuple(one for one in starters if folded_name(one.name) not in present)


def add_starters(
    session: Session,
    starters: Sequence[StarterGroup],
    *,
    person_id: int | None,
    now: dt.datetime,
) -> int:
    """Add the shipped groups whose names are not taken; a group of that name is never touched."""
    _take_turns(session)
    missing = missing_starters(session, starters)
    for one in missing:
        words = read_words("\n".join(one.words)).words
        _insert(session, one.name, words, person_id, now)
    return len(missing)


def _take_turns(session: Session) -> None:
    """Let changes of groups come one after the other: a name is compared folded, which no unique key can."""
    session.execute(text("LOCK TABLE synonym_group IN SHARE ROW EXCLUSIVE MODE"))


def _checked(
    session: Session, draft: GroupDraft, *, group_id: int | None
) -> tuple[str, tuple[str, ...]]:
    typed, name = read_words(draft.words), draft.name.strip()
    faults: dict[str, str] = {}
    if reason := _objection_to_name(session, name, group_id):
        faults["name"] = reason
    if typed.faults:
        faults["words"] = "；".join(str(fault) for fault in typed.faults)
    elif not typed.words:
        faults["words"] = "请至少写一个词"
    elif len(typed.words) > MOST_WORDS:
        faults["words"] = f"一组最多 {MOST_WORDS} 个词，现在有 {len(typed.words)} 个"
    if faults:
        raise InvalidOptionsError(faults)
    return name, typed.words


def _objection_to_name(session: Session, name: str, group_id: int | None) -> str | None:
    if not 1 <= len(name) <= LONGEST_NAME:
        return f"组名要有 1 到 {LONGEST_NAME} 个字，现在有 {len(name)} 个"
    try:
        parsed = parse(f"{{{name}}}", groups={name: ["词"]})
    except ExpressionError:
        parsed = None
    if not isinstance(parsed, Group) or "{" in folded_name(name) or not name.isprintable():
        return "组名写在表达式的花括号里，所以不能有花括号和换行"
    others = select(SynonymGroup.name).where(SynonymGroup.id != (group_id or 0))
    for other in session.scalars(others):
        if folded_name(other) == folded_name(name):
            return f"已有名为“{other}”的词组；大小写、全半角和繁简不算区别"
    return None


def _effects(
    session: Session, row: GroupRow, changed: tuple[str, tuple[str, ...]], names: Names
) -> tuple[Effect, ...]:
    if not row.uses:
        return ()
    before: Groups = group_words(session)
    others = {name: words for name, words in before.items() if name != row.name}
    name, words = changed
    after = {**others, name: words}
    return effects(row.uses, before=before, after=after, names=names, rename=(row.name, name))


def _insert(
    session: Session, name: str, words: Sequence[str], person_id: int | None, now: dt.datetime
) -> int:
    group = SynonymGroup(
        name=name, words=list(words), version=1, changed_at=now, changed_by=person_id
    )
    session.add(group)
    session.flush()
    after = {"name": name, "words": list(words)}
    _record(session, group.id, "created", {"after": after}, person_id, now)
    return group.id


def _record(
    session: Session,
    group_id: int,
    action: str,
    detail: Mapping[str, object],
    person_id: int | None,
    now: dt.datetime,
) -> None:
    actor = "system" if person_id is None else f"person:{person_id}"
    event = audit.AuditEvent(
        actor, f"synonym_group.{action}", "synonym_group", str(group_id), detail=detail
    )
    audit.record(session, event, now)
    notify(session, TOPIC)


def _content(row: GroupRow) -> dict[str, object]:
    return {"name": row.name, "words": list(row.words)}


def _row(group: SynonymGroup, uses: tuple[Use, ...]) -> GroupRow:
    return GroupRow(
        id=group.id,
        name=group.name,
        words=tuple(group.words),
        version=group.version,
        changed_at=group.changed_at,
        changed_by=group.changed_by,
        uses=uses,
    )


def _not_found(group_id: int) -> GroupNotFoundError:
    return GroupNotFoundError(f"没有编号为 {group_id} 的同义词组，可能已被删除。")


def _conflict(row: GroupRow, as_of_version: int) -> ConflictError:
    return ConflictError(
        f"这个词组已有新版本（第 {row.version} 版），您看的是第 {as_of_version} 版，没有保存。"
    )
