"""Real servers on loopback: an SMTP sink and a webhook that answer as a test asks."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default as email_policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from alerting.channels.base import Transport
from core.outbound.address_policy import AddressPolicy
from core.outbound.client import ClientLimits, HTTPClient


def transport(allowed: tuple[str, ...] = ("127.0.0.0/8",), timeout_s: float = 2.0) -> Transport:
    policy = AddressPolicy.allowing(allowed)
    client = HTTPClient(policy, user_agent="test", limits=ClientLimits(timeout_s=timeout_s))
    return Transport(client, policy)


class Mailbox:
    """Keeps accepted mails; ``replies`` maps a command (RCPT, DATA) to the answer it gets instead.

    The answer to the next ``held_back`` mails waits for ``released``.
    """

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.replies: dict[str, str] = {}
        self.drops_after_data = False
        self.held_back = 0
        self.released = threading.Event()

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if "RCPT" in self.replies:
            return self.replies["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (as above)
        del session
        if "DATA" in self.replies:
            return self.replies["DATA"]
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=email_policy))
        if self.held_back:
            self.held_back -= 1
            await asyncio.to_thread(self.released.wait, 60)
        if self.drops_after_data:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 OK"


class _Controller(Controller):
    def factory(self) -> SMTP:
        return SMTP(
            self.handler,
            authenticator=lambda *_: AuthResult(success=False, handled=False),
            auth_require_tls=False,
            hostname="localhost",
        )

    def _trigger_server(self) -> None:
        # Port 0 lets the system choose; the probe has to ask which one it chose.
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def smtp_sink() -> Iterator[tuple[Mailbox, int]]:
    mailbox = Mailbox()
    controller = _Controller(mailbox, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield mailbox, controller.port
    finally:
        controller.stop()


class Webhook:
    """``answers`` are used in order, the last one for ever: (status, body) or None to hang up."""

    def __init__(self) -> None:
        self.received: list[dict[str, object]] = []
        self.answers: list[tuple[int, object] | None] = [(200, {"errcode": 0, "errmsg": "ok"})]
        self.hold = threading.Event()
        self.hold.set()

    def next_answer(self) -> tuple[int, object] | None:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def webhook() -> Iterator[tuple[Webhook, str]]:
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            hook.received.append(json.loads(self.rfile.read(length)))
            hook.hold.wait(10)
            answer = hook.next_answer()
            if answer is None:
                return
            status, body = answer
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield (
            hook,
            f"http://127.0.0.1:{server.server_address[1]}/cgi-bin/webhook/send?key=693a91f6-7xxx",
        )
    finally:
        hook.hold.set()
        server.shutdown()
        server.server_close()
