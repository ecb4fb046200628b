"""Notification channels against real loopback servers."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from alerting.channels import CHANNELS
from alerting.channels.base import (
    Idempotency,
    Message,
    OutcomeUnknownError,
    Recipient,
    RefusedError,
    RetryableError,
    pieces,
)
from core.options import Options, parse_options, secret_names
from tests.alerting.servers import Mailbox, Webhook, smtp_sink, transport, webhook

TO = Recipient(1, "张值班", "officer@example.org", None)
MESSAGE = Message(
    "alert-1-1-1-first-1-email",
    "【红色预警】欠薪",
    "共 3 条内容。",
    "http://console.example/alerts/1",
)


@pytest.fixture
def mail() -> Iterator[tuple[Mailbox, Options]]:
    with smtp_sink() as (mailbox, port):
        yield mailbox, _mail_options(port)


def _mail_options(port: int, **changes: object) -> Options:
    raw = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "alert@union.example"}
    return parse_options(CHANNELS.load("email").options, raw | changes)


@pytest.fixture
def robot() -> Iterator[tuple[Webhook, Options]]:
    with webhook() as (hook, url):
        yield hook, {"webhook": url}


def send(
    name: str, options: Options, message: Message = MESSAGE, *, timeout_s: float = 2.0
) -> None:
    CHANNELS.load(name).send(message, TO, options, transport(timeout_s=timeout_s))


@pytest.mark.parametrize("name", CHANNELS.names())
class TestChannelContract:
    def test_it_describes_itself(self, name: str) -> None:
        channel = CHANNELS.load(name)
        assert channel.name == name
        assert channel.label
        assert channel.idempotency in Idempotency
        assert all(spec.label for spec in channel.options)

    def test_a_private_address_that_nobody_allowed_is_refused_for_good(self, name: str) -> None:
        if name == "console":
            pytest.skip("the inbox has no address")
        options: Options = {"webhook": "http://127.0.0.1:9/hook?key=secret"}
        if name == "email":
            options = _mail_options(9)
        with pytest.raises(RefusedError):
            CHANNELS.load(name).send(MESSAGE, TO, options, transport(allowed=()))

    def test_a_closed_port_is_retried_because_nothing_was_sent(self, name: str) -> None:
        if name == "console":
            pytest.skip("the inbox has no address")
        options: Options = {"webhook": "http://127.0.0.1:9/hook?key=secret"}
        if name == "email":
            options = _mail_options(9)
        with pytest.raises(RetryableError):
            send(name, options)

    def test_no_secret_reaches_the_log_or_the_error(self, name: str) -> None:
        secrets = secret_names(CHANNELS.load(name).options)
        if not secrets:
            pytest.skip("the channel has no secret")
        options: Options = {"webhook": "http://127.0.0.1:9/hook?key=TOP-SECRET-VALUE"}
        if name == "email":
            options = _mail_options(9, username="u", password="TOP-SECRET-VALUE")
        with capture_logs() as logs, pytest.raises(RetryableError) as failed:
            send(name, options)
        assert "TOP-SECRET-VALUE" not in f"{logs}{failed.value}"


def test_mail_carries_title_text_link_and_a_stable_message_id(
    mail: tuple[Mailbox, Options],
) -> None:
    mailbox, options = mail
    for _ in range(2):
        send("email", options)
    first, second = mailbox.mails
    assert first["Subject"] == "【红色预警】欠薪"
    assert (
        first["Message-ID"] == second["Message-ID"] == "<alert-1-1-1-first-1-email@union.example>"
    )
    text = first.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert "查看并签收：http://console.example/alerts/1" in text.decode()


def test_a_long_chinese_text_keeps_to_the_line_limit_of_smtp(mail: tuple[Mailbox, Options]) -> None:
    mailbox, options = mail
    body = "工友反映三个月没有领到工资。" * 200
    send("email", options, replace(MESSAGE, body=body))
    text = mailbox.mails[0].get_payload(decode=True)
    assert isinstance(text, bytes)
    assert body in text.decode()


def test_a_title_with_line_breaks_cannot_add_headers(mail: tuple[Mailbox, Options]) -> None:
    mailbox, options = mail
    send("email", options, Message("k", "欠薪\r\nBcc: x@example.org", "正文", None))
    assert mailbox.mails[0]["Bcc"] is None


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("421 shutting down", RetryableError),
        ("450 greylisted", RetryableError),
        ("451 try later", RetryableError),
        ("452 full", RetryableError),
        ("550 no such user", RefusedError),
        ("552 too big", RefusedError),
        ("554 refused", RefusedError),
    ],
)
def test_each_smtp_status_is_retried_or_final(
    mail: tuple[Mailbox, Options], command: str, reply: str, error: type[Exception]
) -> None:
    mailbox, options = mail
    mailbox.replies[command] = reply
    with pytest.raises(error) as failed:
        send("email", options)
    assert "officer@example.org" not in str(failed.value)


def test_a_mail_server_that_hangs_up_after_the_text_leaves_the_outcome_unknown(
    mail: tuple[Mailbox, Options],
) -> None:
    mailbox, options = mail
    mailbox.drops_after_data = True
    with pytest.raises(OutcomeUnknownError):
        send("email", options)


def test_a_refused_login_is_final(mail: tuple[Mailbox, Options]) -> None:
    _, options = mail
    with pytest.raises(RefusedError, match="登录名或密码"):
        send("email", options | {"username": "u", "password": "wrong"})


def test_starttls_that_the_server_lacks_is_final(mail: tuple[Mailbox, Options]) -> None:
    _, options = mail
    with pytest.raises(RefusedError, match="不支持"):
        send("email", options | {"security": "starttls"})


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, {"errcode": 45009, "errmsg": "api freq out of limit"}, RetryableError),
        (200, {"errcode": -1, "errmsg": "system busy"}, RetryableError),
        (429, {}, RetryableError),
        (200, {"errcode": 93000, "errmsg": "invalid webhook url"}, RefusedError),
        (200, {"errcode": 40058, "errmsg": "invalid"}, RefusedError),
        (404, {}, RefusedError),
        (403, {}, RefusedError),
        (500, {}, OutcomeUnknownError),
        (502, {}, OutcomeUnknownError),
        (200, b"<html>", OutcomeUnknownError),
    ],
)
def test_each_answer_of_wecom_is_retried_final_or_unknown(
    robot: tuple[Webhook, Options], status: int, body: object, error: type[Exception]
) -> None:
    hook, options = robot
    hook.answers = [(status, body)]
    with pytest.raises(error):
        send("wecom", options)


def test_wecom_hanging_up_leaves_the_outcome_unknown(robot: tuple[Webhook, Options]) -> None:
    hook, options = robot
    hook.answers = [None]
    with pytest.raises(OutcomeUnknownError):
        send("wecom", options)


def test_wecom_splits_a_long_message_at_its_limit(robot: tuple[Webhook, Options]) -> None:
    hook, options = robot
    send("wecom", options, Message("k", "标题", "一行中文内容\n" * 700, None))
    texts = [item["markdown"]["content"] for item in hook.received]  # type: ignore[index]
    assert len(texts) == 4
    assert all(len(text.encode()) <= 4096 for text in texts)
    assert "".join(texts).count("一行中文内容") == 700


def test_a_resend_says_so(robot: tuple[Webhook, Options]) -> None:
    hook, options = robot
    send("wecom", options, Message("k", "标题", "正文", None, is_resend=True))
    assert "【重发】标题" in str(hook.received[0])


@given(text=st.text(alphabet="中a\n😀", max_size=300), limit=st.integers(4, 40))
def test_pieces_lose_nothing_and_keep_the_limit(text: str, limit: int) -> None:
    parts = pieces(text, limit)
    assert "".join(parts) == text
    assert all(len(part.encode()) <= limit for part in parts)
    assert all(parts) or parts == [""]
