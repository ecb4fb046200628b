"""同义词组: the words that expressions mean by ``{name}``."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from config.synonym_groups import load_starter_groups
from core import synonym_groups
from core.errors import ConflictError, InvalidOptionsError
from core.synonym_groups import GroupDraft, GroupInUseError, GroupNotFoundError, GroupRow
from core.synonym_uses import Effect
from webui import people
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.page import is_fragment, render, tell
from webui.permissions import Permission
from webui.synonym_effect import SynonymEffect, effect_of
from webui.typed import whole_number
from webui.vocabulary import expression_names

blueprint = Blueprint("synonym_groups", __name__, url_prefix="/synonym-groups")

SEE_OTHER = 303
MOST_VERSIONS = 2**31 - 1


@blueprint.get("")
@require(Permission.RULE_VIEW)
def index() -> Response:
    rows = synonym_groups.list_groups(reading())
    q = request.args.get("q", "").strip()
    shown = [row for row in rows if q.lower() in "\n".join((row.name, *row.words)).lower()]
    return render(
        "synonym_groups/_list.html" if is_fragment() else "synonym_groups/page.html",
        rows=shown,
        total=len(rows),
        q=q,
        missing=synonym_groups.missing_starters(reading(), load_starter_groups()),
        may_manage=viewer().may(Permission.RULE_MANAGE),
    )


@blueprint.post("/starters")
@require(Permission.RULE_MANAGE)
def add_starters() -> ResponseReturnValue:
    with writing() as session:
        added = synonym_groups.add_starters(
            session, load_starter_groups(), person_id=viewer().id, now=console().clock.now()
        )
    tell(f"已添加 {added} 个内置词组，可以在表达式里用了。" if added else "内置词组都已经有了。")
    return redirect(url_for("synonym_groups.index"), SEE_OTHER)


@blueprint.get("/new")
@require(Permission.RULE_MANAGE)
def new() -> Response:
    return _form(None, GroupDraft(request.args.get("name", ""), ""))


@blueprint.post("/new")
@require(Permission.RULE_MANAGE)
def create() -> ResponseReturnValue:
    draft = _draft()
    try:
        with writing() as session:
            synonym_groups.create_group(
                session, draft, person_id=viewer().id, now=console().clock.now()
            )
    except InvalidOptionsError as error:
        return _form(None, draft, faults=error.faults, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    tell(f"词组已保存，表达式里写 {{{draft.name.strip()}}} 就能用。")
    return redirect(url_for("synonym_groups.index"), SEE_OTHER)


@blueprint.post("/effect")
@require(Permission.RULE_MANAGE)
def effect() -> Response:
    """Say what the form would change if it were saved now; nothing is saved."""
    row = _find(whole_number(request.form.get("id")) or 0)
    return render("synonym_groups/_effect.html", row=row, effect=_effect(row, _draft()))


@blueprint.get("/<int:group_id>")
@require(Permission.RULE_VIEW)
def edit(group_id: int) -> ResponseReturnValue:
    row = _find(group_id)
    return _form(row, GroupDraft(row.name, "\n".join(row.words))) if row else _gone()


@blueprint.post("/<int:group_id>")
@require(Permission.RULE_MANAGE)
def save(group_id: int) -> ResponseReturnValue:
    row, draft = _find(group_id), _draft()
    if row is None:
        return _gone()
    judged = _effect(row, draft)
    is_seen = request.form.get("seen") == judged.seen
    if row.uses and not is_seen and not judged.forbids and not judged.typed.faults:
        return _form(row, draft, judged=judged, is_asking=True)
    try:
        with writing() as session:
            rewritten = synonym_groups.edit_group(
                session,
                group_id,
                draft,
                person_id=viewer().id,
                now=console().clock.now(),
                names=expression_names(),
                as_of_version=_as_of_version(),
            )
    except InvalidOptionsError as error:
        return _form(row, draft, faults=error.faults, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except (GroupInUseError, ConflictError) as error:
        return _refused(group_id, draft, error)
    also = f"，并改写了 {len(rewritten)} 条规则和专题里的组名" if rewritten else ""
    tell(f"词组已保存{also}，运行中的规则几秒内用上新的词。")
    return redirect(url_for("synonym_groups.edit", group_id=group_id), SEE_OTHER)


@blueprint.post("/<int:group_id>/delete")
@require(Permission.RULE_MANAGE)
def delete(group_id: int) -> ResponseReturnValue:
    row = _find(group_id)
    if row is None:
        return _gone()
    try:
        with writing() as session:
            synonym_groups.delete_group(
                session,
                group_id,
                person_id=viewer().id,
                now=console().clock.now(),
                as_of_version=_as_of_version(),
            )
    except (GroupInUseError, ConflictError) as error:
        return _refused(group_id, GroupDraft(row.name, "\n".join(row.words)), error)
    tell(f"词组“{row.name}”已删除。", "warn")
    return redirect(url_for("synonym_groups.index"), SEE_OTHER)


def _draft() -> GroupDraft:
    return GroupDraft(request.form.get("name", ""), request.form.get("words", ""))


def _as_of_version() -> int:
    return min(whole_number(request.form.get("as_of_version")) or 0, MOST_VERSIONS)


def _find(group_id: int) -> GroupRow | None:
    try:
        return synonym_groups.find_group(reading(), group_id)
    except GroupNotFoundError:
        return None


def _effect(row: GroupRow | None, draft: GroupDraft) -> SynonymEffect:
    if row is None:
        return effect_of(draft)
    judged = synonym_groups.edit_effects(reading(), row.id, draft, names=expression_names())
    return effect_of(draft, row, judged)


def _refused(
    group_id: int, draft: GroupDraft, error: GroupInUseError | ConflictError
) -> ResponseReturnValue:
    # What another transaction has just committed is only seen by a new one.
    reading().rollback()
    row = _find(group_id)
    if row is None:
        return _gone()
    if isinstance(error, GroupInUseError):
        judged = effect_of(draft, row, _all_effects(row, error.effects))
        return _form(row, draft, judged=judged, faults={"": str(error)}, status=HTTPStatus.CONFLICT)
    # What was typed stays on the page. Saving once more means having seen the newer version.
    text = f"{error}您填的内容还在下面；再保存一次就以您的内容为准。"
    return _form(row, draft, faults={"": text}, status=HTTPStatus.CONFLICT)


def _all_effects(row: GroupRow, forbidding: tuple[Effect, ...]) -> list[Effect]:
    known = {(one.use.kind, one.use.id): one for one in forbidding}
    return [known.get((use.kind, use.id), Effect(use, None)) for use in row.uses]


def _form(
    row: GroupRow | None,
    draft: GroupDraft,
    *,
    judged: SynonymEffect | None = None,
    faults: dict[str, str] | None = None,
    is_asking: bool = False,
    status: int = HTTPStatus.OK,
) -> Response:
    return render(
        "synonym_groups/form.html",
        status,
        row=row,
        draft=draft,
        effect=judged or _effect(row, draft),
        faults=faults or {},
        is_asking=is_asking,
        names=people.names(reading()) if row else {},
        may_manage=viewer().may(Permission.RULE_MANAGE),
    )


def _gone() -> ResponseReturnValue:
    tell("这个词组已经不在了。", "warn")
    return redirect(url_for("synonym_groups.index"), SEE_OTHER)
