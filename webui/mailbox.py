"""The mails that the drill's SMTP server kept, read as plain text."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

FOLDER = "mailbox"
MOST_MAILS = 100
LONGEST_BODY = 20_000
LARGEST_FILE = 2_000_000
_NAME = re.compile(r"[0-9A-Za-z-]{1,80}")


@dataclass(frozen=True, slots=True)
class Mail:
    """``name`` is the file's without its ending; ``body`` is text, never markup."""

    name: str
    subject: str
    sender: str
    recipient: str
    at: dt.datetime | None
    body: str


def list_mails(home: Path, *, limit: int = MOST_MAILS) -> list[Mail]:
    """List what the sink kept, the newest first; none when there is no sink."""
    files = sorted((home / FOLDER).glob("*.eml"), reverse=True)[:limit]
    return [mail for file in files if (mail := _read(file)) is not None]


def read_mail(home: Path, name: str) -> Mail | None:
    """Give one mail; a name that is no plain file name of the folder gives None."""
    return _read(home / FOLDER / f"{name}.eml") if _NAME.fullmatch(name) else None


def _read(file: Path) -> Mail | None:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE)
    except OSError:
        # The sink drops its oldest files while somebody reads the list.
        return None
    message = email.message_from_bytes(content, policy=email.policy.default)
    return Mail(
        name=file.stem,
        subject=_header(message, "Subject") or "（没有主题）",
        sender=_header(message, "From"),
        recipient=_header(message, "To"),
        at=_time(message),
        body=_text(message),
    )


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message[name] or "")
    except (ValueError, IndexError, TypeError):
        # The header parser of the library fails on some malformed headers.
        return ""


def _time(message: EmailMessage) -> dt.datetime | None:
    try:
        moment = parsedate_to_datetime(_header(message, "Date"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _text(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain",))
    if part is None:
        return "（这封邮件没有纯文本正文）"
    try:
        return str(part.get_content())[:LONGEST_BODY]
    except (LookupError, UnicodeError, ValueError):
        return "（正文的编码读不懂）"
