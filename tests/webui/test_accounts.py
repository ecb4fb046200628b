"""账号: registered with a filing, secrets that never come back, and 静默 by two people."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.clock import FakeClock
from core.database.models.media import Account, AccountState
from media_matrix.accounts import account_secrets, channel_forms, find_account
from tests.webui.conftest import Member, post
from tests.webui.newsroom import Newsroom

SECRET = "不能再出现的密钥"


@pytest.fixture
def newsroom(console_app: Flask, clock: FakeClock, people: dict[str, Member]) -> Newsroom:
    return Newsroom.open(console_app, clock, people)


@pytest.fixture
def admin(newsroom: Newsroom) -> FlaskClient:
    return newsroom.browser("admin")


def stored(newsroom: Newsroom, account_id: int) -> Account:
    with newsroom.sessions() as session:
        return find_account(session, account_id)


def form(newsroom: Newsroom, **changes: object) -> dict[str, object]:
    organisation = stored(newsroom, newsroom.accounts["feed"]).organisation_id
    return {
        "channel": "wechat",
        "name": "第二公众号",
        "handle": "wx-2",
        "organisation_id": organisation,
        "certification": "测试总工会",
        "filing.number": "备-2",
        "option.appid": "wx2",
        "option.secret": SECRET,
        **changes,
    }


def test_account_book_is_grouped_by_unit(newsroom: Newsroom) -> None:
    page = newsroom.browser("lixiang").get("/accounts").get_data(as_text=True)
    assert "测试市总工会" in page
    assert "测试总工会weibo" in page
    assert "备-1" in page
    assert 'href="/accounts/new"' not in page


def test_every_channel_draws_its_own_form(admin: FlaskClient) -> None:
    assert "添加" in admin.get("/accounts/new").get_data(as_text=True)
    for form in channel_forms():
        page = admin.get(f"/accounts/new?channel={form.name}").get_data(as_text=True)
        assert [
            spec.name for spec in form.options if f'name="option.{spec.name}"' not in page
        ] == []


def test_new_account_is_saved_and_its_secret_is_never_shown(
    newsroom: Newsroom, admin: FlaskClient
) -> None:
    answer = post(admin, "/accounts/new", form(newsroom))
    assert answer.status_code == 303
    for path in (answer.location, f"{answer.location}/edit", "/accounts"):
        assert SECRET not in admin.get(path).get_data(as_text=True)
    assert "已保存，留空则不更改" in admin.get(f"{answer.location}/edit").get_data(as_text=True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"handle": ""}, "handle"),
        ({"certification": ""}, "certification"),
        ({"filing.number": ""}, "filing-number"),
        ({"option.appid": ""}, "option-appid"),
        ({"organisation_id": "0"}, "organisation_id"),
        ({"handle": "wechat-1"}, "handle"),
    ],
)
def test_faulty_account_comes_back_with_the_fault_at_its_field_and_no_secret(
    newsroom: Newsroom, admin: FlaskClient, changes: dict[str, object], field: str
) -> None:
    answer = post(admin, "/accounts/new", form(newsroom) | changes)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in page
    assert "第二公众号" in page
    assert SECRET not in page


def test_secret_left_empty_stays_as_it_was(newsroom: Newsroom, admin: FlaskClient) -> None:
    account_id = newsroom.accounts["wechat"]
    changed = form(newsroom, handle="wechat-1", name="改名后", **{"option.secret": ""})
    assert post(admin, f"/accounts/{account_id}/edit", changed).status_code == 303
    account = stored(newsroom, account_id)
    assert account.name == "改名后"
    assert account_secrets(newsroom.keyring, account) == {"secret": "微信密钥甲"}


def test_rights_are_checked_and_listed(newsroom: Newsroom, admin: FlaskClient) -> None:
    account_id = newsroom.accounts["feed"]
    answer = post(admin, f"/accounts/{account_id}/check", headers={"HX-Request": "true"})
    page = answer.get_data(as_text=True)
    assert "通过" in page
    assert "<html" not in page
    assert stored(newsroom, account_id).checked_at == newsroom.clock.now()


def test_disabled_account_can_be_enabled_again(newsroom: Newsroom, admin: FlaskClient) -> None:
    account_id = newsroom.accounts["feed"]
    post(admin, f"/accounts/{account_id}/enabled", {"enabled": "0"})
    assert stored(newsroom, account_id).state == AccountState.DISABLED
    post(admin, f"/accounts/{account_id}/enabled", {"enabled": "1"})
    assert stored(newsroom, account_id).state == AccountState.ACTIVE


def test_silence_takes_one_person_and_ends_with_two(newsroom: Newsroom) -> None:
    account_id = newsroom.accounts["feed"]
    chosen = {"account_ids": str(account_id)}
    leader, editor = newsroom.browser("zhoulan"), newsroom.browser("lixiang")
    assert post(leader, "/accounts/freeze", chosen | {"reason": "哀悼日"}).status_code == 303
    page = leader.get("/accounts").get_data(as_text=True)
    assert "正在静默" in page
    assert "哀悼日" in page
    post(leader, "/accounts/unfreeze", chosen)
    post(leader, "/accounts/unfreeze", chosen)
    assert stored(newsroom, account_id).frozen_at is not None
    post(editor, "/accounts/unfreeze", chosen)
    assert stored(newsroom, account_id).frozen_at is None


@pytest.mark.parametrize("changes", [{"reason": " "}, {"account_ids": []}])
def test_silence_needs_accounts_and_a_reason(
    newsroom: Newsroom, changes: dict[str, object]
) -> None:
    sent = {"account_ids": [str(newsroom.accounts["feed"])], "reason": "哀悼日"} | changes
    answer = post(newsroom.browser("zhoulan"), "/accounts/freeze", sent)
    assert answer.status_code == 422
    assert stored(newsroom, newsroom.accounts["feed"]).frozen_at is None


MANAGED = ("/accounts/new", "/accounts/{id}/edit", "/accounts/{id}/check", "/accounts/{id}/enabled")


@pytest.mark.parametrize("login", ["outsider", "lixiang", "chenjing"])
def test_only_administrators_manage_accounts(newsroom: Newsroom, login: str) -> None:
    browser = newsroom.browser(login)
    for pattern in MANAGED:
        path = pattern.format(id=newsroom.accounts["feed"])
        assert post(browser, path, form(newsroom)).status_code == 403


@pytest.mark.parametrize("login", ["outsider", "chenjing", "sunyue"])
def test_silence_is_closed_to_other_roles(newsroom: Newsroom, login: str) -> None:
    browser = newsroom.browser(login)
    for path in ("/accounts/freeze", "/accounts/unfreeze"):
        assert post(browser, path).status_code == 403


def test_account_action_without_the_token_is_refused(admin: FlaskClient) -> None:
    for path in (*MANAGED, "/accounts/freeze", "/accounts/unfreeze"):
        assert admin.post(path.format(id=1)).status_code == 400


def test_unknown_account_is_not_found(admin: FlaskClient) -> None:
    for path in ("/accounts/4711", "/accounts/4711/edit"):
        assert admin.get(path).status_code == 404
