"""Notification channels, tested against a real SMTP server; and the inboxes."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.clock import FakeClock
from tests.webui.conftest import Member, console_of, post, sign_in
from webui.application import create_app
from webui.mailbox import list_mails, read_mail
from zhisheng.demo.mail_sink import start_mail_sink


@pytest.fixture
def mail_port(console_app: Flask, clock: FakeClock) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    sink = start_mail_sink(console_of(console_app).settings.home / "mailbox", clock, port)
    yield port
    sink.stop()


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    sign_in(client, "admin")
    return client


def email(port: int, **changes: object) -> dict[str, object]:
    fields: dict[str, object] = {
        "name": "email",
        "is_new": "1",
        "option.host": "127.0.0.1",
        "option.port": str(port),
        "option.security": "none",
        "option.sender": "zhisheng@example.invalid",
        "option.password": "",
    }
    return fields | changes


def page(client: FlaskClient, path: str = "/channels") -> str:
    return client.get(path).get_data(as_text=True)


def test_test_button_sends_a_real_mail_and_keeps_the_result(
    admin: FlaskClient, console_app: Flask, mail_port: int
) -> None:
    assert "还没有能离开控制台的渠道" in page(admin)
    assert post(admin, "/channels/save/email", email(mail_port)).status_code == 303
    post(admin, "/channels/test", {"name": "email"})
    assert "测试消息已被「电子邮件」接收" in page(admin)
    mails = list_mails(console_of(console_app).settings.home)
    assert [(mail.recipient, mail.subject) for mail in mails] == [
        ("何平 <admin@example.invalid>", "职声测试消息")
    ]


def test_unreachable_server_is_a_plain_sentence(admin: FlaskClient) -> None:
    post(admin, "/channels/save/email", email(9))
    post(admin, "/channels/test", {"name": "email"})
    assert "测试失败：" in page(admin)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"option.host": ""}, "请填写「SMTP 服务器」"),
        ({"option.port": "99999"}, "「端口」不能大于 65535"),
        ({"option.sender": "nowhere"}, "要填电子邮箱"),
        ({"name": ""}, "渠道名称要有"),
    ],
)
def test_fault_is_shown_at_its_field_and_nothing_typed_is_lost(
    admin: FlaskClient, changes: dict[str, object], sentence: str
) -> None:
    form = email(2525, **{"option.username": "postmaster"}, **changes)
    answer = post(admin, "/channels/save/email", form)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert sentence in text
    assert 'value="postmaster"' in text


def test_secret_never_comes_back_and_blank_keeps_it(admin: FlaskClient) -> None:
    secret = "smtp-geheim-4711"
    post(admin, "/channels/save/email", email(2525, **{"option.password": secret}))
    form = page(admin, "/channels/edit?name=email")
    assert secret not in form + page(admin)
    assert "已保存，留空则不更改" in form
    post(admin, "/channels/save/email", email(2526, is_new=""))
    assert "已保存，留空则不更改" in page(admin, "/channels/edit?name=email")


def test_second_channel_cannot_silently_replace_the_first(admin: FlaskClient) -> None:
    post(admin, "/channels/save/email", email(2525))
    refused = post(admin, "/channels/save/email", email(2526))
    assert refused.status_code == 422
    assert "已经有名为「email」的渠道" in refused.get_data(as_text=True)


def test_channel_is_switched_off_and_on(admin: FlaskClient) -> None:
    post(admin, "/channels/save/email", email(2525))
    post(admin, "/channels/disable", {"name": "email"})
    assert "已停用" in page(admin)
    post(admin, "/channels/enable", {"name": "email"})
    assert "发送测试" in page(admin)
    assert post(admin, "/channels/disable", {"name": "nothing"}).status_code == 422


@pytest.mark.parametrize("login", ["wangmin", "sunyue", "auditor"])
def test_others_may_not_touch_channels(client: FlaskClient, login: str) -> None:
    sign_in(client, login)
    assert client.get("/channels").status_code == 403
    assert post(client, "/channels/save/email", email(25)).status_code == 403
    assert post(client, "/channels/test", {"name": "email"}).status_code == 403


def test_mailbox_of_the_drill_shows_mail_as_text(
    console_app: Flask, people: dict[str, Member]
) -> None:
    assert people
    console = console_of(console_app)
    folder = console.settings.home / "mailbox"
    folder.mkdir()
    content = (
        "From: a@example.invalid\r\nTo: b@example.invalid\r\nSubject: =?utf-8?b?5ryU57uD?=\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n<script>alert(1)</script>"
    )
    (folder / "20261121T013000000000-ab12.eml").write_bytes(content.encode())
    (folder / "20261121T013000000001-ab12.eml").write_bytes(b"\xff\xfe not a mail\x00")
    drill = replace(console, settings=replace(console.settings, demo=True))
    client = create_app(drill, pages=["assets", "login", "profile", "inbox"]).test_client()
    sign_in(client, "wangmin")
    assert "演练" in page(client, "/inbox/mailbox")
    text = page(client, "/inbox/mailbox/20261121T013000000000-ab12")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    for name in ("..%2Fkeys%2Fmaster", "nothing", "20261121T013000000000-ab12.eml"):
        assert client.get(f"/inbox/mailbox/{name}").status_code == 404


def test_real_installation_has_no_mailbox(client: FlaskClient) -> None:
    sign_in(client, "wangmin")
    assert client.get("/inbox/mailbox").status_code == 404
    assert "没有通知" in page(client, "/inbox")


@pytest.mark.parametrize("name", ["../secret", "a/b", "", "x" * 200, "名字"])
def test_mail_is_read_by_plain_names_only(console_app: Flask, name: str) -> None:
    assert read_mail(console_of(console_app).settings.home, name) is None
