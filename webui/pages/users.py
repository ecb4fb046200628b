"""Who may do what: people, organisations, roles side by side."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from alerting.channels import CHANNELS
from alerting.channels_config import CONSOLE, list_channels
from core.database.models.organisation import Organisation, Person
from core.errors import InvalidOptionsError
from webui import organisations, people
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.organisations import LEVELS, OrganisationDraft
from webui.page import is_fragment, render, tell
from webui.people import PersonDraft, one_time_password
from webui.permissions import PERMISSION_LABELS, ROLE_LABELS, ROLE_PERMISSIONS, Permission

blueprint = Blueprint("users", __name__, url_prefix="/users")

SEE_OTHER = 303
MANAGE = Permission.USER_MANAGE


@blueprint.get("")
@require(MANAGE)
def index() -> Response:
    q = request.args.get("q", "")
    organisation_id = request.args.get("organisation", type=int)
    rows = people.list_people(reading(), q=q, organisation_id=organisation_id)
    template = "users/_people.html" if is_fragment() else "users/page.html"
    return render(
        template,
        rows=rows,
        q=q,
        organisation_id=organisation_id,
        organisations=organisations.choices(reading()),
        role_labels=ROLE_LABELS,
    )


@blueprint.get("/roles")
@require(MANAGE)
def roles() -> Response:
    return render(
        "users/roles.html",
        roles=list(ROLE_LABELS.items()),
        permissions=list(PERMISSION_LABELS.items()),
        holders=ROLE_PERMISSIONS,
    )


@blueprint.get("/new")
@require(MANAGE)
def new() -> Response:
    return _form_page(None, {"organisation_id": str(viewer().organisation_id)}, {})


@blueprint.post("/new")
@require(MANAGE)
def create() -> Response:
    password = one_time_password()
    try:
        with writing() as session:
            person = people.create_person(
                session,
                console().passwords,
                _draft(),
                password=password,
                actor=viewer().actor,
                now=console().clock.now(),
            )
    except InvalidOptionsError as error:
        return _form_page(None, _typed(), error.faults, 422)
    return render("users/one_time_password.html", person=person, password=password, is_new=True)


@blueprint.get("/<int:person_id>")
@require(MANAGE)
def edit(person_id: int) -> Response:
    person = people.get_person(reading(), person_id)
    values: dict[str, object] = {
        "login": person.login,
        "name": person.name,
        "roles": person.roles,
        "organisation_id": str(person.organisation_id),
        "email": person.email,
        "phone": person.phone,
        "channels": person.channels,
    }
    return _form_page(person, values, {})


@blueprint.post("/<int:person_id>")
@require(MANAGE)
def save(person_id: int) -> ResponseReturnValue:
    try:
        with writing() as session:
            person = people.get_person(session, person_id, to_change=True)
            people.edit_person(
                session, person, _draft(), actor=viewer().actor, now=console().clock.now()
            )
    except InvalidOptionsError as error:
        return _form_page(people.get_person(reading(), person_id), _typed(), error.faults, 422)
    tell(f"{person.name}的资料已保存。角色有变化时，其登录会话已结束。")
    return redirect(url_for("users.index"), SEE_OTHER)


@blueprint.post("/<int:person_id>/disable")
@require(MANAGE)
def disable(person_id: int) -> ResponseReturnValue:
    return _switch(person_id, active=False)


@blueprint.post("/<int:person_id>/enable")
@require(MANAGE)
def enable(person_id: int) -> ResponseReturnValue:
    return _switch(person_id, active=True)


@blueprint.post("/<int:person_id>/reset-password")
@require(MANAGE)
def reset_password(person_id: int) -> Response:
    password = one_time_password()
    with writing() as session:
        person = people.get_person(session, person_id, to_change=True)
        people.reset_password(
            session,
            console().passwords,
            person,
            password,
            actor=viewer().actor,
            now=console().clock.now(),
        )
    return render("users/one_time_password.html", person=person, password=password, is_new=False)


@blueprint.get("/organisations")
@require(MANAGE)
def organisation_tree() -> Response:
    return _tree_page(None, {}, {})


@blueprint.post("/organisations")
@require(MANAGE)
def create_organisation() -> ResponseReturnValue:
    return _save_organisation(None)


@blueprint.get("/organisations/<int:organisation_id>")
@require(MANAGE)
def edit_organisation(organisation_id: int) -> ResponseReturnValue:
    row = reading().get(Organisation, organisation_id)
    if row is None:
        return redirect(url_for("users.organisation_tree"))
    values = {"name": row.name, "level": row.level, "parent_id": str(row.parent_id or "")}
    return _tree_page(row, values, {})


@blueprint.post("/organisations/<int:organisation_id>")
@require(MANAGE)
def save_organisation(organisation_id: int) -> ResponseReturnValue:
    return _save_organisation(organisation_id)


def _save_organisation(organisation_id: int | None) -> ResponseReturnValue:
    form = request.form
    parent = form.get("parent_id", type=int)
    draft = OrganisationDraft(form.get("name", ""), form.get("level", ""), parent)
    try:
        with writing() as session:
            organisations.save_organisation(
                session, organisation_id, draft, actor=viewer().actor, now=console().clock.now()
            )
    except InvalidOptionsError as error:
        row = reading().get(Organisation, organisation_id) if organisation_id else None
        return _tree_page(row, form, error.faults, 422)
    tell(f"「{draft.name.strip()}」已保存。")
    return redirect(url_for("users.organisation_tree"), SEE_OTHER)


def _tree_page(
    row: Organisation | None,
    values: Mapping[str, object],
    faults: Mapping[str, str],
    status: int = 200,
) -> Response:
    return render(
        "users/organisations.html",
        status,
        row=row,
        tree=organisations.organisation_tree(reading()),
        choices=organisations.choices(reading()),
        levels=list(LEVELS.items()),
        values=values,
        faults=faults,
    )


def _switch(person_id: int, *, active: bool) -> ResponseReturnValue:
    with writing() as session:
        person = people.get_person(session, person_id, to_change=True)
        people.set_active(
            session, person, active=active, actor=viewer().actor, now=console().clock.now()
        )
    tell(f"{person.name}已{'启用' if active else '停用，其登录会话已结束'}。")
    return redirect(url_for("users.index"), SEE_OTHER)


def _draft() -> PersonDraft:
    form = request.form
    return PersonDraft(
        login=form.get("login", ""),
        name=form.get("name", ""),
        roles=form.getlist("roles"),
        organisation_id=form.get("organisation_id", 0, type=int),
        email=form.get("email", "").strip() or None,
        phone=form.get("phone", "").strip() or None,
        channels=form.getlist("channels"),
    )


def _typed() -> dict[str, object]:
    lists = {name: request.form.getlist(name) for name in ("roles", "channels")}
    return {**request.form.to_dict(), **lists}


def _form_page(
    person: Person | None,
    values: Mapping[str, object],
    faults: Mapping[str, str],
    status: int = 200,
) -> Response:
    return render(
        "users/form.html",
        status,
        person=person,
        values=values,
        faults=faults,
        roles=list(ROLE_LABELS.items()),
        organisations=organisations.choices(reading()),
        channels=_channel_choices(reading()),
    )


def _channel_choices(session: Session) -> list[tuple[str, str]]:
    found = {CONSOLE: CHANNELS.load(CONSOLE).label}
    for row in list_channels(session):
        found[row.name] = (
            row.kind_label if row.name == row.kind else f"{row.name}（{row.kind_label}）"
        )
    return list(found.items())
