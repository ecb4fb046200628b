"""The account book: official, identified accounts; their secrets are written and never shown."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit
from core.clock import SHANGHAI
from core.crypto.keyring import Keyring
from core.database.base import JsonObject
from core.database.models.media import Account, AccountState, Publication, PublicationState
from core.errors import DeliveryError, InvalidOptionsError, WorkflowError
from core.options import FieldKind, FieldSpec, Options, parse_options, secret_names
from media_matrix.access import PlatformAccess
from media_matrix.publishers import PUBLISHERS, publisher
from media_matrix.publishers.base import CapabilityCheck, ChannelAccount

log = structlog.get_logger(__name__)

PURPOSE = "account.options"
STATE_LABELS = {
    AccountState.ACTIVE: "正常",
    AccountState.EXPIRED: "授权过期",
    AccountState.BROKEN: "接口不可用",
    AccountState.DISABLED: "已停用",
}


@dataclass(frozen=True, slots=True)
class AccountForm:
    """What the account page holds; an empty secret in ``options`` keeps the one stored.

    ``certification`` is the platform's own certification, ``filing`` the entry in the union's books
    (``number``, ``unit``, ``approved_on``). Social accounts need the first, all accounts the number.
    """

    channel: str
    handle: str
    name: str
    organisation_id: int
    options: Mapping[str, object] = field(repr=False)
    certification: str | None = None
    owner_id: int | None = None
    filing: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChannelForm:
    name: str
    label: str
    options: tuple[FieldSpec, ...]
    help: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """``days_silent`` counts whole days since the last published post; None: none yet."""

    account: Account
    channel_label: str
    state_label: str
    secrets_set: frozenset[str]
    last_published_at: dt.datetime | None
    days_silent: int | None
    failures: int


def channel_forms() -> list[ChannelForm]:
    """List the channels with the fields that the console draws."""
    return [
        ChannelForm(name=kind.name, label=kind.label, options=kind.options, help=kind.help)
        for kind in PUBLISHERS.load_all().values()
    ]


def channel_label(channel: str) -> str:
    return PUBLISHERS.load(channel).label


def create_account(
    session: Session, keyring: Keyring, form: AccountForm, *, person_id: int, now: dt.datetime
) -> Account:
    """Add an account; raises InvalidOptionsError with one sentence per faulty field."""
    plain, secrets = _checked(form, {})
    taken = session.scalar(
        select(Account.id).where(
            Account.channel == form.channel, Account.handle == form.handle.strip()
        )
    )
    if taken is not None:
        raise InvalidOptionsError({"handle": "这个账号已经登记过，没有重复添加。"})
    account = Account(
        organisation_id=form.organisation_id,
        channel=form.channel,
        handle=form.handle.strip(),
        name=form.name.strip(),
        certification=_text(form.certification),
        owner_id=form.owner_id,
        options=dict(plain),
        sealed_options=_seal(keyring, secrets),
        state=AccountState.ACTIVE,
        filing=dict(form.filing),
        created_at=now,
    )
    session.add(account)
    session.flush()
    _record(session, "account_created", account, person_id, now)
    return account


def edit_account(
    session: Session,
    keyring: Keyring,
    account_id: int,
    form: AccountForm,
    *,
    person_id: int,
    now: dt.datetime,
) -> Account:
    """Change an account; a changed secret or address drops the platform token got with the old one."""
    account = find_account(session, account_id)
    if form.channel != account.channel:
        raise InvalidOptionsError({"channel": "账号的渠道不能改。请另外添加一个账号。"})
    stored = account_secrets(keyring, account)
    plain, secrets = _checked(form, stored)
    if secrets != stored or plain != account.options:
        account.sealed_token = None
        account.token_expires_at = None
        account.checked_at = None
        if account.state in {AccountState.BROKEN, AccountState.EXPIRED}:
            account.state = AccountState.ACTIVE
            account.state_reason = None
    account.handle = form.handle.strip()
    account.name = form.name.strip()
    account.organisation_id = form.organisation_id
    account.certification = _text(form.certification)
    account.owner_id = form.owner_id
    account.options = dict(plain)
    account.sealed_options = _seal(keyring, secrets)
    account.filing = dict(form.filing)
    session.flush()
    _record(session, "account_changed", account, person_id, now)
    return account


def find_account(session: Session, account_id: int) -> Account:
    account = session.get(Account, account_id)
    if account is None:
        raise WorkflowError(f"没有编号为 {account_id} 的账号。请回到账号页。")
    return account


def set_enabled(
    session: Session, account_id: int, *, is_enabled: bool, person_id: int, now: dt.datetime
) -> Account:
    account = find_account(session, account_id)
    account.state = AccountState.ACTIVE if is_enabled else AccountState.DISABLED
    account.state_reason = None
    _record(
        session,
        "account_enabled" if is_enabled else "account_disabled",
        account,
        person_id,
        now,
    )
    return account


def list_accounts(session: Session, *, now: dt.datetime | None = None) -> list[AccountView]:
    """List all accounts; without ``now`` the days of silence stay unknown."""
    last = dict(
        session.execute(
            select(Publication.account_id, func.max(Publication.published_at))
            .where(Publication.state == PublicationState.PUBLISHED)
            .group_by(Publication.account_id)
        ).all()
    )
    failures = dict(
        session.execute(
            select(Publication.account_id, func.count())
            .where(
                Publication.state.in_([PublicationState.FAILED_FINAL, PublicationState.NEEDS_HUMAN])
            )
            .group_by(Publication.account_id)
        ).all()
    )
    accounts = session.scalars(select(Account).order_by(Account.channel, Account.id))
    return [
        AccountView(
            account=account,
            channel_label=channel_label(account.channel),
            state_label="静默中"
            if account.frozen_at
            else STATE_LABELS[AccountState(account.state)],
            secrets_set=secret_names(PUBLISHERS.load(account.channel).options)
            if account.sealed_options
            else frozenset(),
            last_published_at=last.get(account.id),
            days_silent=_days_between(last.get(account.id), now),
            failures=failures.get(account.id, 0),
        )
        for account in accounts
    ]


def account_secrets(keyring: Keyring, account: Account) -> dict[str, str]:
    if account.sealed_options is None:
        return {}
    opened = json.loads(keyring.unseal(account.sealed_options, purpose=PURPOSE))
    return {str(name): str(value) for name, value in opened.items()}


def channel_account(keyring: Keyring, account: Account) -> ChannelAccount:
    """Open an account for its publisher; the result must not outlive the request."""
    return ChannelAccount(
        id=account.id,
        channel=account.channel,
        handle=account.handle,
        name=account.name,
        options=_options(account.options),
        secrets=account_secrets(keyring, account),
    )


def check_account(
    access: PlatformAccess, account_id: int, *, person_id: int
) -> list[CapabilityCheck]:
    """Try each right of the account on the platform and remember what it can do.

    Talks to the network between transactions of its own.
    """
    with access.sessions() as session:
        account = find_account(session, account_id)
        opened = channel_account(access.keyring, account)
    try:
        checks = publisher(opened.channel).check(access, opened)
    except DeliveryError as error:
        checks = [CapabilityCheck(name="connection", label="连接", is_ok=False, text=str(error))]
    now = access.clock.now()
    with access.sessions.begin() as session:
        account = find_account(session, account_id)
        account.checked_at = now
        account.capabilities = sorted(
            {check.capability for check in checks if check.is_ok and check.capability}
        )
        broken = [check for check in checks if not check.is_ok and check.capability is None]
        if account.state != AccountState.DISABLED:
            account.state = AccountState.BROKEN if broken else AccountState.ACTIVE
            account.state_reason = broken[0].text if broken else None
        _record(session, "account_checked", account, person_id, now, is_ok=not broken)
    log.info("account_checked", account_id=account_id, is_ok=not broken)
    return checks


def _checked(form: AccountForm, stored: Mapping[str, str]) -> tuple[Options, dict[str, str]]:
    """Split checked options into what is plain and what is secret, keeping secrets left empty."""
    kind = PUBLISHERS.load(form.channel)
    hidden = secret_names(kind.options)
    faults: dict[str, str] = {}
    if not form.handle.strip():
        faults["handle"] = "请填写账号标识。"
    if not form.name.strip():
        faults["name"] = "请填写账号名称。"
    if form.channel in {"wechat", "weibo"} and not _text(form.certification):
        faults["certification"] = "只登记经平台认证的机构账号，请填写平台认证信息。"
    if not str(form.filing.get("number") or "").strip():
        faults["filing"] = "请填写备案编号；没有备案的账号不能登记。"
    given = dict(form.options)
    for name in hidden:
        if not str(given.get(name) or "").strip() and name in stored:
            given[name] = stored[name]
    specs = tuple(
        replace(spec, kind=FieldKind.TEXT) if spec.kind is FieldKind.SECRET else spec
        for spec in kind.options
    )
    parsed: Options = {}
    try:
        parsed = parse_options(specs, given)
    except InvalidOptionsError as error:
        faults |= error.faults
    if faults:
        raise InvalidOptionsError(faults)
    secrets = {name: str(parsed[name]) for name in hidden if parsed.get(name)}
    return {name: value for name, value in parsed.items() if name not in hidden}, secrets


def _options(stored: JsonObject) -> Options:
    return {
        name: [str(item) for item in value]
        if isinstance(value, list)
        else value
        if isinstance(value, str | int | float | bool) or value is None
        else str(value)
        for name, value in stored.items()
    }


def _seal(keyring: Keyring, secrets: Mapping[str, str]) -> bytes | None:
    if not secrets:
        return None
    return keyring.seal(json.dumps(dict(secrets)).encode(), purpose=PURPOSE)


def _text(value: str | None) -> str | None:
    return value.strip() or None if value else None


def _days_between(earlier: dt.datetime | None, now: dt.datetime | None) -> int | None:
    if earlier is None or now is None:
        return None
    return (now.astimezone(SHANGHAI).date() - earlier.astimezone(SHANGHAI).date()).days


def _record(
    session: Session,
    action: str,
    account: Account,
    person_id: int,
    now: dt.datetime,
    **detail: object,
) -> None:
    audit.record(
        session,
        audit.AuditEvent(
            actor=f"person:{person_id}",
            action=action,
            object_type="account",
            object_id=str(account.id),
            detail={"channel": account.channel, **detail},
        ),
        now,
    )
