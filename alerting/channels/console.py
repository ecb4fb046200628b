"""The inbox of the console: the delivery row itself is the message."""

from __future__ import annotations

from alerting.channels.base import Idempotency, Message, Rate, Receipt, Recipient, Transport
from core.options import FieldSpec, Options


class ConsoleChannel:
    name = "console"
    label = "控制台收件箱"
    options: tuple[FieldSpec, ...] = ()
    idempotency = Idempotency.KEY
    max_length: int | None = None
    rate: Rate | None = None

    def can_reach(self, recipient: Recipient) -> bool:  # noqa: ARG002 (everybody who can sign in has an inbox)
        return True

    def send(
        self, message: Message, recipient: Recipient, options: Options, transport: Transport
    ) -> Receipt:
        del recipient, options, transport
        return Receipt(message.key)

    def find(
        self, message: Message, recipient: Recipient, options: Options, transport: Transport
    ) -> Receipt | None:
        return self.send(message, recipient, options, transport)


CONSOLE = ConsoleChannel()
