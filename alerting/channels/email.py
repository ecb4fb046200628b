"""E-mail over SMTP."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr
from types import MappingProxyType
from typing import Any

from alerting.channels.base import (
    Idempotency,
    Message,
    OutcomeUnknownError,
    Rate,
    Receipt,
    Recipient,
    RefusedError,
    RetryableError,
    Transport,
)
from core.faults import fault_point
from core.options import FieldKind, FieldSpec, Options
from core.outbound.errors import AddressRefusedError, ResolutionError

SECURITIES: Mapping[str, str] = MappingProxyType(
    {"starttls": "STARTTLS", "ssl": "SSL/TLS", "none": "不加密（仅限内网）"}
)
_STEP_TIMEOUT_S = 5.0
_TEMPORARY = 400
_PERMANENT = 500
# Refused log-ins and a missing AUTH are ours to repair; retrying would only lock the account.
_PERMANENT_ERRORS = (
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPNotSupportedError,
    ssl.SSLCertVerificationError,
)


class EmailChannel:
    name = "email"
    label = "电子邮件"
    idempotency = Idempotency.BLIND
    max_length: int | None = None
    rate: Rate | None = None
    options = (
        FieldSpec("host", "SMTP 服务器", required=True, help="如 smtp.example.org"),
        FieldSpec(
            "port", "端口", FieldKind.NUMBER, required=True, default=587, minimum=1, maximum=65_535
        ),
        FieldSpec(
            "security",
            "加密方式",
            FieldKind.CHOICE,
            required=True,
            default="starttls",
            choices=tuple(SECURITIES.items()),
        ),
        FieldSpec("sender", "发件地址", FieldKind.EMAIL, required=True),
        FieldSpec("username", "登录名", help="服务器不要求登录时留空。"),
        FieldSpec("password", "密码或授权码", FieldKind.SECRET),
    )

    def can_reach(self, recipient: Recipient) -> bool:
        return bool(recipient.email)

    def send(
        self, message: Message, recipient: Recipient, options: Options, transport: Transport
    ) -> Receipt:
        """Deliver one mail; a failure once the text is on its way leaves the outcome unknown."""
        mail = composed(message, recipient, options)
        connection = _connected(options, transport)
        try:
            _begun(connection, options, mail)
            _handed_over(connection, mail)
        finally:
            with suppress(smtplib.SMTPException, OSError):
                connection.close()
        return Receipt(mail["Message-ID"])

    def find(
        self, message: Message, recipient: Recipient, options: Options, transport: Transport
    ) -> Receipt | None:
        del message, recipient, options, transport
        return None


class _PinnedSMTP(smtplib.SMTP):
    """Connects to the judged address while TLS still checks the host's name."""

    def __init__(self, host: str, security: str) -> None:
        super().__init__(timeout=_STEP_TIMEOUT_S, local_hostname="localhost")
        self._host = host
        self._security = security

    def open(self, address: str, port: int) -> None:
        sock: socket.socket = socket.create_connection((address, port), timeout=_STEP_TIMEOUT_S)
        if self._security == "ssl":
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=self._host)
        self.sock = sock
        self.file = None
        code, text = self.getreply()
        if code != 220:  # noqa: PLR2004 (the greeting of RFC 5321)
            raise smtplib.SMTPConnectError(code, text)

    def send(self, s: Any) -> None:  # Any as in the standard library's own stub
        super().send(s)
        if isinstance(s, bytes) and s.endswith(b"\r\n.\r\n"):
            fault_point("send.after_request_sent")


def composed(message: Message, recipient: Recipient, options: Options) -> EmailMessage:
    """Write the mail; its Message-ID is the idempotency key, so a doubled mail can be told as one."""
    sender = str(options["sender"])
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.shown_title.split())
    mail["From"] = formataddr(("职声预警", sender))
    mail["To"] = formataddr((recipient.name, recipient.email or ""))
    mail["Message-ID"] = f"<{message.key}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    link = f"\n\n查看并签收：{message.link}" if message.link else ""
    # Chinese lines are long in bytes, and RFC 5321 allows 998 of them in one: base64 folds safely.
    mail.set_content(f"{message.body}{link}\n", cte="base64")
    return mail


def _connected(options: Options, transport: Transport) -> _PinnedSMTP:
    host, port = str(options["host"]), int(str(options["port"]))
    connection = _PinnedSMTP(host, str(options.get("security") or "starttls"))
    try:
        address = transport.policy.resolve(host, port)[0]
        connection.open(address, port)
    except AddressRefusedError as error:
        raise RefusedError(str(error)) from error
    except ssl.SSLCertVerificationError as error:
        raise RefusedError(f"邮件服务器 {host}:{port} 的证书无法验证，邮件没有发出。") from error
    except (ResolutionError, OSError, smtplib.SMTPException) as error:
        connection.close()
        raise RetryableError(f"连不上邮件服务器 {host}:{port}，邮件没有发出。") from error
    return connection


def _begun(connection: _PinnedSMTP, options: Options, mail: EmailMessage) -> None:
    """Say hello, encrypt, log in and name sender and recipient: so far nothing is delivered."""
    try:
        connection.ehlo()
        if options.get("security") == "starttls":
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo()
        if options.get("username"):
            connection.login(str(options["username"]), str(options.get("password") or ""))
        for code, text in (
            connection.mail(str(options["sender"])),
            connection.rcpt(mail["To"].addresses[0].addr_spec),
        ):
            _require_accepted(code, text)
    except _PERMANENT_ERRORS as error:
        raise RefusedError(_refusal(error)) from error
    except smtplib.SMTPResponseException as error:
        _require_accepted(error.smtp_code, error.smtp_error)
        raise RetryableError("邮件服务器的回答无法理解，邮件没有发出。") from error
    except (smtplib.SMTPException, OSError) as error:
        raise RetryableError("与邮件服务器的连接中断，邮件没有发出。") from error


def _refusal(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "邮件服务器不接受登录名或密码，邮件没有发出。请检查通知渠道的设置。"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "邮件服务器的证书无法验证，邮件没有发出。"
    return "邮件服务器不支持所选的加密或登录方式，邮件没有发出。请检查通知渠道的设置。"


def _handed_over(connection: _PinnedSMTP, mail: EmailMessage) -> None:
    try:
        code, text = connection.data(mail.as_bytes(policy=SMTP))
    except smtplib.SMTPDataError as error:
        # The server refused before the text was sent.
        _require_accepted(error.smtp_code, error.smtp_error)
        raise RetryableError("邮件服务器没有接受正文，邮件没有发出。") from error
    except (smtplib.SMTPException, OSError) as error:
        raise OutcomeUnknownError("正文发出后连接中断，不知道邮件是否已被接收。") from error
    _require_accepted(code, text)


def _require_accepted(code: int, text: bytes | str) -> None:
    """Map a reply of RFC 5321: 4xx may heal, 5xx does not."""
    del text  # It may repeat the recipient's address, so it is neither shown nor logged.
    if code >= _PERMANENT:
        raise RefusedError(f"邮件服务器拒收（{code}），邮件没有发出。")
    if code >= _TEMPORARY:
        raise RetryableError(f"邮件服务器暂时不收（{code}），稍后重试。")


EMAIL = EmailChannel()
