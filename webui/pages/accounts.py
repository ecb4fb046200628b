"""账号: the account book, each account's health, and 静默."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.database.models.media import Account
from core.errors import InvalidOptionsError, WorkflowError
from media_matrix import accounts, silence
from media_matrix.accounts import AccountForm, AccountView, ChannelForm
from media_matrix.publishers.base import CapabilityCheck
from media_matrix.staff import organisation_names, staff, staff_names
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.page import is_fragment, render, tell
from webui.permissions import Permission
from webui.typed import whole_number, whole_numbers

blueprint = Blueprint("accounts", __name__, url_prefix="/accounts")

OPTION = "option."
FILING = (("number", "备案编号"), ("unit", "备案单位"), ("approved_on", "备案日期"))


@blueprint.get("")
@require(Permission.MEDIA_VIEW)
def index() -> Response:
    session = reading()
    now = console().clock.now()
    views = accounts.list_accounts(session, now=now)
    frozen = silence.freezes(session)
    people = [item.by for item in frozen] + [item.lift_by for item in frozen]
    owners = [view.account.owner_id for view in views]
    return render(
        "accounts/list.html",
        groups=_by_organisation(views, organisation_names(session)),
        total=len(views),
        freezes=frozen,
        names=staff_names(session, [*people, *owners]),
        held=silence.held(session),
        channels=accounts.channel_forms(),
    )


def _by_organisation(
    views: list[AccountView], organisations: dict[int, str]
) -> list[tuple[str, list[AccountView]]]:
    groups: dict[str, list[AccountView]] = {}
    for view in views:
        name = organisations.get(view.account.organisation_id, "已停用的单位")
        groups.setdefault(name, []).append(view)
    return list(groups.items())


@blueprint.get("/new")
@require(Permission.ACCOUNT_MANAGE)
def new() -> Response:
    channel = request.args.get("channel", "")
    kinds = {kind.name: kind for kind in accounts.channel_forms()}
    if channel not in kinds:
        return render("accounts/choose.html", channels=list(kinds.values()))
    values: dict[str, object] = {"organisation_id": viewer().organisation_id}
    return _form(kinds[channel], values, {})


@blueprint.post("/new")
@require(Permission.ACCOUNT_MANAGE)
def create() -> ResponseReturnValue:
    kind = _kind(request.form.get("channel", ""))
    try:
        with writing() as session:
            account = accounts.create_account(
                session,
                console().keyring,
                _posted(kind),
                person_id=viewer().id,
                now=console().clock.now(),
            )
            account_id, name = account.id, account.name
    except InvalidOptionsError as error:
        return _form(kind, _typed(kind), error.faults, status=422)
    tell(f"账号“{name}”已添加。请点“检查权限”，确认它能发布。")
    return redirect(url_for(".page", account_id=account_id), 303)


@blueprint.get("/<int:account_id>")
@require(Permission.MEDIA_VIEW)
def page(account_id: int) -> Response:
    return _page(account_id)


def _page(account_id: int, *, checks: list[CapabilityCheck] | None = None) -> Response:
    session = reading()
    views = accounts.list_accounts(session, now=console().clock.now())
    view = next((view for view in views if view.account.id == account_id), None)
    if view is None:
        abort(404)
    freeze = next(
        (item for item in silence.freezes(session) if item.account_id == account_id), None
    )
    people = [view.account.owner_id, *([freeze.by, freeze.lift_by] if freeze else [])]
    return render(
        "accounts/page.html",
        view=view,
        account=view.account,
        kind=_kind(view.account.channel),
        organisation=organisation_names(session).get(view.account.organisation_id, "已停用的单位"),
        names=staff_names(session, people),
        freeze=freeze,
        checks=checks,
        filing=[(label, view.account.filing.get(name)) for name, label in FILING],
    )


@blueprint.get("/<int:account_id>/edit")
@require(Permission.ACCOUNT_MANAGE)
def edit(account_id: int) -> Response:
    account = _account(account_id)
    return _form(_kind(account.channel), _stored(account), {}, account=account)


@blueprint.post("/<int:account_id>/edit")
@require(Permission.ACCOUNT_MANAGE)
def save(account_id: int) -> ResponseReturnValue:
    account = _account(account_id)
    kind = _kind(account.channel)
    try:
        with writing() as session:
            accounts.edit_account(
                session,
                console().keyring,
                account_id,
                _posted(kind),
                person_id=viewer().id,
                now=console().clock.now(),
            )
    except InvalidOptionsError as error:
        return _form(kind, _typed(kind), error.faults, account=account, status=422)
    tell("账号已保存。密钥只写不显示；留空的没有改动。")
    return redirect(url_for(".page", account_id=account_id), 303)


@blueprint.post("/<int:account_id>/check")
@require(Permission.ACCOUNT_MANAGE)
def check(account_id: int) -> ResponseReturnValue:
    _account(account_id)
    checks = accounts.check_account(console().platforms, account_id, person_id=viewer().id)
    reading().expire_all()
    if is_fragment():
        return render("accounts/_checks.html", checks=checks)
    return _page(account_id, checks=checks)


@blueprint.post("/<int:account_id>/enabled")
@require(Permission.ACCOUNT_MANAGE)
def set_enabled(account_id: int) -> ResponseReturnValue:
    is_enabled = request.form.get("enabled") == "1"
    with writing() as session:
        accounts.set_enabled(
            session,
            account_id,
            is_enabled=is_enabled,
            person_id=viewer().id,
            now=console().clock.now(),
        )
    tell("账号已启用。" if is_enabled else "账号已停用，不能再排期；已排期的到点不会发出。")
    return redirect(url_for(".page", account_id=account_id), 303)


@blueprint.post("/freeze")
@require(Permission.ACCOUNT_SILENCE)
def freeze() -> ResponseReturnValue:
    chosen = _chosen()
    with writing() as session:
        count = silence.freeze(
            session,
            chosen,
            person_id=viewer().id,
            reason=request.form.get("reason", ""),
            now=console().clock.now(),
        )
    tell(f"{count} 个账号已静默：到点的发布会留下，不会发出。解除要两个人。", "warn")
    return redirect(url_for(".index"), 303)


@blueprint.post("/unfreeze")
@require(Permission.ACCOUNT_SILENCE)
def unfreeze() -> ResponseReturnValue:
    with writing() as session:
        result = silence.unfreeze(
            session, _chosen(), person_id=viewer().id, now=console().clock.now()
        )
    if result.lifted:
        tell(f"{len(result.lifted)} 个账号已解除静默。留下的发布不会自动发出，请逐篇改期或取消。")
    if result.awaiting:
        tell(f"{len(result.awaiting)} 个账号已登记解除，还要另一个人确认。", "info")
    return redirect(url_for(".index"), 303)


def _chosen() -> list[int]:
    chosen = whole_numbers(request.form.getlist("account_ids"))
    if not chosen:
        raise WorkflowError("没有选择账号，什么也没有改动。请至少选一个账号。")
    return chosen


def _account(account_id: int) -> Account:
    try:
        return accounts.find_account(reading(), account_id)
    except WorkflowError as error:
        abort(404, str(error))


def _kind(channel: str) -> ChannelForm:
    found = next((kind for kind in accounts.channel_forms() if kind.name == channel), None)
    if found is None:
        abort(404, f"没有“{channel}”这种渠道。请回到账号页选择。")
    return found


def _posted(kind: ChannelForm) -> AccountForm:
    organisation = whole_number(request.form.get("organisation_id"))
    if organisation is None or organisation not in organisation_names(reading()):
        raise InvalidOptionsError({"organisation_id": "请选择所属单位。"})
    return AccountForm(
        channel=kind.name,
        handle=request.form.get("handle", ""),
        name=request.form.get("name", ""),
        organisation_id=organisation,
        options={spec.name: request.form.get(OPTION + spec.name) for spec in kind.options},
        certification=request.form.get("certification", ""),
        owner_id=whole_number(request.form.get("owner_id")),
        filing={
            name: request.form.get(f"filing.{name}", "").strip()
            for name, _ in FILING
            if request.form.get(f"filing.{name}", "").strip()
        },
    )


def _typed(kind: ChannelForm) -> dict[str, object]:
    """Show what was typed again, except secrets: those never travel back to a page."""
    hidden = {OPTION + spec.name for spec in kind.options if spec.kind == "secret"}
    return {name: value for name, value in request.form.items() if name not in hidden}


def _stored(account: Account) -> dict[str, object]:
    return {
        "handle": account.handle,
        "name": account.name,
        "organisation_id": account.organisation_id,
        "certification": account.certification or "",
        "owner_id": account.owner_id or "",
        **{OPTION + name: value for name, value in account.options.items()},
        **{f"filing.{name}": value for name, value in account.filing.items()},
    }


def _form(
    kind: ChannelForm,
    values: dict[str, object],
    faults: dict[str, str],
    *,
    account: Account | None = None,
    status: int = 200,
) -> Response:
    session = reading()
    secrets_set = (
        next(
            view.secrets_set
            for view in accounts.list_accounts(session)
            if view.account.id == account.id
        )
        if account is not None
        else frozenset()
    )
    return render(
        "accounts/form.html",
        status,
        kind=kind,
        values=values,
        faults=_by_field(kind, faults),
        account=account,
        secrets_set=secrets_set,
        organisations=list(organisation_names(session).items()),
        people=staff(session),
    )


def _by_field(kind: ChannelForm, faults: dict[str, str]) -> dict[str, str]:
    """Name faults as the form's fields are named: options carry a prefix, the filing its number."""
    options = {spec.name for spec in kind.options}
    named = {OPTION + name if name in options else name: text for name, text in faults.items()}
    if "filing" in named:
        named["filing.number"] = named.pop("filing")
    return named
