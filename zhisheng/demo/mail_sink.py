"""A local SMTP server that keeps what it accepts as files; the console shows them."""

from __future__ import annotations

import secrets
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from core.clock import Clock

LONGEST_MESSAGE = 2_000_000
KEPT = 200


class MailSink:
    """Accepts every message and writes it as ``TIME-RANDOM.eml``."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        stamp = self._clock.now().strftime("%Y%m%dT%H%M%S%f")
        path = self._folder / f"{stamp}-{secrets.token_hex(3)}.eml"
        content = (
            envelope.content
            if isinstance(envelope.content, bytes)
            else (envelope.content or "").encode()
        )
        draft = path.with_suffix(".tmp")
        draft.write_bytes(content)
        draft.rename(path)
        for old in sorted(self._folder.glob("*.eml"))[:-KEPT]:
            old.unlink(missing_ok=True)
        return "250 2.0.0 message kept for the drill"


def start_mail_sink(folder: Path, clock: Clock, port: int) -> Controller:
    """Listen on loopback; the caller stops the controller."""
    controller = Controller(
        MailSink(folder, clock), hostname="127.0.0.1", port=port, data_size_limit=LONGEST_MESSAGE
    )
    controller.start()
    return controller
