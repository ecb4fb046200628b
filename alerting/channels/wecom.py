"""The group robot of WeCom (企业微信)."""

from __future__ import annotations

import datetime as dt

from alerting.channels.base import (
    TIMEOUT_S,
    Idempotency,
    Message,
    OutcomeUnknownError,
    Rate,
    Receipt,
    Recipient,
    RefusedError,
    RetryableError,
    Transport,
    pieces,
)
from core.errors import BlockedError
from core.faults import fault_point
from core.options import FieldKind, FieldSpec, Options
from core.outbound.bodies import JSONBody
from core.outbound.client import Response
from core.outbound.errors import RequestError, ResponseUnreadableError

MARKDOWN_BYTES = 4096
_TOO_OFTEN = 45009
_BUSY = frozenset({-1, 6000})
_LIMIT_WAIT_S = 60.0
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


class WeComChannel:
    """Posts to a group: everybody in it sees the message, so it names whom it is meant for."""

    name = "wecom"
    label = "企业微信群机器人"
    idempotency = Idempotency.BLIND
    max_length: int | None = MARKDOWN_BYTES
    rate: Rate | None = Rate(15, dt.timedelta(minutes=1))
    options = (
        FieldSpec(
            "webhook",
            "Webhook 地址",
            FieldKind.SECRET,
            required=True,
            help="群机器人的完整地址，其中含有密钥，保存后不再显示。",
        ),
    )

    def can_reach(self, recipient: Recipient) -> bool:  # noqa: ARG002 (the group is reached for everybody)
        return True

    def send(
        self, message: Message, recipient: Recipient, options: Options, transport: Transport
    ) -> Receipt:
        """Post the message, in several parts when it is too long for one."""
        link = f"\n[查看并签收]({message.link})" if message.link else ""
        text = f"**{message.shown_title}**\n通知：{recipient.name}\n{message.body}{link}"
        for number, part in enumerate(pieces(text, MARKDOWN_BYTES)):
            try:
                self._post(str(options["webhook"]), part, transport)
            except RetryableError as error:
                if number:
                    # Some parts are out: a plain retry would repeat them.
                    raise OutcomeUnknownError(f"消息只发出了一部分：{error}") from error
                raise
        return Receipt()

    def _post(self, webhook: str, markdown: str, transport: Transport) -> None:
        body = JSONBody({"msgtype": "markdown", "markdown": {"content": markdown}})
        try:
            response = transport.http.request("POST", webhook, body=body, timeout_s=TIMEOUT_S)
        except BlockedError as error:
            raise RefusedError(f"企业微信的地址不允许访问：{error}") from error
        except RequestError as error:
            if error.is_provably_not_sent:
                raise RetryableError("连不上企业微信，消息没有发出。") from error
            raise OutcomeUnknownError("企业微信没有答复，不知道消息是否已发出。") from error
        fault_point("send.after_request_sent")
        _require_accepted(response)

    def find(
        self, message: Message, recipient: Recipient, options: Options, transport: Transport
    ) -> Receipt | None:
        del message, recipient, options, transport
        return None


def _require_accepted(response: Response) -> None:
    if response.status == _TOO_MANY_REQUESTS:
        raise RetryableError("企业微信限制了频率（429），稍后重试。", wait_s=_wait(response))
    if response.status >= _SERVER_ERROR:
        raise OutcomeUnknownError(f"企业微信出错（{response.status}），不知道消息是否已发出。")
    if not response.is_success:
        raise RefusedError(f"企业微信拒收（{response.status}），请检查 Webhook 地址。")
    try:
        answer = response.json()
    except ResponseUnreadableError as error:
        raise OutcomeUnknownError("企业微信的答复无法理解，不知道消息是否已发出。") from error
    code = answer.get("errcode") if isinstance(answer, dict) else None
    if code == 0:
        return
    if code == _TOO_OFTEN:
        raise RetryableError("企业微信限制了频率（45009），稍后重试。", wait_s=_LIMIT_WAIT_S)
    if code in _BUSY:
        raise RetryableError(f"企业微信系统繁忙（{code}），稍后重试。")
    raise RefusedError(f"企业微信拒收（错误码 {code}），请检查 Webhook 地址和消息内容。")


def _wait(response: Response) -> float:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdecimal() else _LIMIT_WAIT_S


WECOM = WeComChannel()
