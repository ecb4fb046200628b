import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from core.database.models.media import Account, AccountState
from core.errors import InvalidOptionsError, WorkflowError
from media_matrix import schedule
from media_matrix.accounts import (
    AccountForm,
    account_secrets,
    channel_account,
    channel_forms,
    check_account,
    create_account,
    edit_account,
    list_accounts,
)
from media_matrix.publishers import PUBLISHERS
from media_matrix.publishers.base import AccountBrokenError, Publisher
from media_matrix.publishers.wechat_client import WeChatClient
from media_matrix.sandbox import SandboxState
from media_matrix.sandbox.cast import sandbox_accounts
from tests.media_matrix.office import CHANNELS, EDIT, Office


def form_of(office: Office, sandbox_url: str, channel: str) -> AccountForm:
    forms = sandbox_accounts(sandbox_url, office.organisation_id)
    return next(form for form in forms if form.channel == channel)


def edit(office: Office, form: AccountForm) -> None:
    with office.access.sessions.begin() as session:
        edit_account(
            session,
            office.access.keyring,
            office.accounts[form.channel],
            form,
            person_id=office.admin_id,
            now=office.clock.now(),
        )


def client(office: Office) -> WeChatClient:
    with office.access.sessions() as session:
        account = session.get_one(Account, office.accounts["wechat"])
        return WeChatClient(office.access, channel_account(office.access.keyring, account))


def token_calls(sandbox: SandboxState) -> int:
    return sum(entry.action == "stable_token" for entry in sandbox.data.journal)


@pytest.mark.parametrize("channel", PUBLISHERS.names())
def test_every_channel_keeps_the_promise_of_a_publisher(channel: str) -> None:
    kind: type[Publisher] = PUBLISHERS.load(channel)
    assert kind.name == channel
    assert kind.label
    assert kind.help.endswith("。")
    names = [spec.name for spec in kind.options]
    assert len(names) == len(set(names))
    assert all(spec.label for spec in kind.options)


def test_the_console_can_draw_every_channel() -> None:
    assert [form.name for form in channel_forms()] == list(PUBLISHERS.names())


def test_secrets_are_sealed_and_an_empty_field_keeps_them(office: Office, sandbox_url: str) -> None:
    form = form_of(office, sandbox_url, "wechat")
    edit(office, replace(form, name="新名称", options={**form.options, "secret": ""}))
    with office.access.sessions() as session:
        account = session.get_one(Account, office.accounts["wechat"])
        assert account.name == "新名称"
        assert "secret" not in account.options
        assert b"sandbox-wechat-secret" not in (account.sealed_options or b"")
        kept = account_secrets(office.access.keyring, account)
    assert kept == {"secret": "sandbox-wechat-secret"}
    assert "sandbox-wechat-secret" not in repr(form)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"certification": None}, "certification"),
        ({"filing": {}}, "filing"),
        ({"handle": " "}, "handle"),
        ({"name": ""}, "name"),
        ({"options": {"appid": "wx1"}}, "secret"),
        ({"options": {"appid": "wx1", "secret": "s", "proxy": "x"}}, "proxy"),
    ],
)
def test_only_identified_institutional_accounts_are_taken(
    office: Office, sandbox_url: str, change: dict[str, object], field: str
) -> None:
    form = replace(form_of(office, sandbox_url, "wechat"), handle="another")
    # Any: dataclasses.replace cannot be typed by field name here.
    form = replace(form, **change)  # type: ignore[arg-type]
    with office.access.sessions() as session, pytest.raises(InvalidOptionsError) as refused:
        create_account(
            session, office.access.keyring, form, person_id=office.admin_id, now=office.clock.now()
        )
    assert field in refused.value.faults


def test_an_account_is_listed_once(office: Office, sandbox_url: str) -> None:
    form = form_of(office, sandbox_url, "weibo")
    with office.access.sessions() as session, pytest.raises(InvalidOptionsError, match="登记过"):
        create_account(
            session, office.access.keyring, form, person_id=office.admin_id, now=office.clock.now()
        )
    with office.access.sessions() as session:
        views = {view.account.channel: view for view in list_accounts(session)}
    assert views["weibo"].secrets_set == {"access_token"}
    assert views["feed"].secrets_set == frozenset()


@pytest.mark.parametrize("channel", CHANNELS)
def test_binding_tries_every_right(office: Office, channel: str) -> None:
    checks = check_account(office.access, office.accounts[channel], person_id=office.admin_id)
    assert all(check.is_ok for check in checks)
    with office.access.sessions() as session:
        account = session.get_one(Account, office.accounts[channel])
    assert account.capabilities == ["metrics", "publish", "withdraw"]


def test_an_unverified_account_is_told_what_it_cannot_do(
    office: Office, sandbox: SandboxState
) -> None:
    sandbox.data.wechat_apps["wx00000000sandbox1"].is_verified = False
    checks = check_account(office.access, office.accounts["wechat"], person_id=office.admin_id)
    refused = [check for check in checks if not check.is_ok]
    assert [check.capability for check in refused] == ["publish"]
    assert "没有此接口的权限" in refused[0].text


def test_a_caller_that_is_not_listed_is_named(office: Office, sandbox: SandboxState) -> None:
    sandbox.data.switches.wechat_refuses_caller = True
    (check,) = check_account(office.access, office.accounts["wechat"], person_id=office.admin_id)
    assert "白名单" in check.text
    with office.access.sessions() as session:
        account = session.get_one(Account, office.accounts["wechat"])
    assert account.state == AccountState.BROKEN


def test_eight_threads_with_a_dead_token_fetch_one_new_token(
    office: Office, sandbox: SandboxState
) -> None:
    client(office).read("draft/count", {})
    with sandbox.lock:
        sandbox.data.wechat_apps["wx00000000sandbox1"].token = None
    before = token_calls(sandbox)
    clients = [client(office) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: each.read("draft/count", {}), clients))
    assert token_calls(sandbox) - before == 1


@pytest.mark.parametrize("has_token", [False, True])
def test_a_lasting_refusal_breaks_the_account_after_two_token_calls(
    office: Office, sandbox: SandboxState, has_token: bool
) -> None:
    if has_token:
        client(office).read("draft/count", {})
    sandbox.data.switches.wechat_refuses_tokens = True
    before = token_calls(sandbox)
    with pytest.raises(AccountBrokenError, match="AppSecret"):
        client(office).read("draft/count", {})
    assert token_calls(sandbox) - before <= 2
    with office.access.sessions() as session:
        account = session.scalars(select(Account).where(Account.channel == "wechat")).one()
    assert account.state == AccountState.BROKEN
    before = token_calls(sandbox)
    with pytest.raises(AccountBrokenError):
        client(office).read("draft/count", {})
    assert token_calls(sandbox) == before


def test_a_token_is_renewed_at_four_fifths_of_its_life(
    office: Office, sandbox: SandboxState
) -> None:
    client(office).read("draft/count", {})
    office.clock.advance(dt.timedelta(seconds=7200 * 0.79))
    client(office).read("draft/count", {})
    assert token_calls(sandbox) == 1
    office.clock.advance(dt.timedelta(seconds=7200 * 0.02))
    client(office).read("draft/count", {})
    assert token_calls(sandbox) == 2


def test_nearly_the_same_text_on_a_second_account_of_a_platform_is_refused(
    office: Office, sandbox_url: str
) -> None:
    form = replace(form_of(office, sandbox_url, "weibo"), handle="weibo-2", name="第二个微博")
    with office.access.sessions.begin() as session:
        second = create_account(
            session, office.access.keyring, form, person_id=office.admin_id, now=office.clock.now()
        ).id
    office.scheduled("weibo")
    copied = replace(EDIT, account_ids=(second,), title=EDIT.title + "！")
    draft_id = office.approved(edit=copied)
    other = office.approved(
        edit=replace(
            copied, title="夏季送清凉", body="今天走访了三个户外作业点。", digest="走访户外作业点"
        )
    )
    now, person_id = office.clock.now(), office.author_id
    with office.access.sessions() as session, pytest.raises(WorkflowError, match="几乎相同"):
        schedule.schedule_draft(session, draft_id, planned_at=None, person_id=person_id, now=now)
    with office.access.sessions() as session:
        assert schedule.schedule_draft(
            session, other, planned_at=None, person_id=person_id, now=now
        ).publications
