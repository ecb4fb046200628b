"""Taking in what people write on our own public form: consented to, counted, nobody's name asked for."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
from dataclasses import dataclass, field

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core import audit
from core.crypto.author_hash import AuthorHasher
from core.crypto.keyring import Keyring
from core.database.models.collecting import FirstPartyContact, FormRate, Source, SourceState
from core.errors import ConflictError, InvalidOptionsError
from core.options import Options, parse_options
from crawlers.coverage import ledger as coverage
from crawlers.coverage.ledger import Yield
from crawlers.intake import CollectedDocument, StoreStatus, cleaned, store
from crawlers.source_types.public_form import PublicForm

KIND = PublicForm.name
DOCUMENT_KIND = "first_party"
SHORTEST_TEXT = 10
LONGEST_TEXT = 5000
LONGEST_TITLE = 60
LONGEST_LINE = 100
CONTACT_PURPOSE = "first_party_contact"
COUNTED_FOR = dt.timedelta(days=1)
_EVERYBODY = b""
# Without letters and digits that are mistaken for each other when read out on the telephone.
_RECEIPT_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_RECEIPT_LENGTH = 10


class TooOftenError(ConflictError):
    """The form was used more often within the hour than it allows; nothing was kept."""


@dataclass(frozen=True, slots=True)
class OpenForm:
    """A form that takes letters in."""

    source_id: int
    options: Options

    def text(self, name: str) -> str:
        return str(self.options.get(name) or "")

    def limit(self, name: str) -> int:
        value = self.options.get(name)
        return value if isinstance(value, int) else 1


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody typed; everything but ``text`` and ``has_consented`` may be empty."""

    text: str = field(repr=False)
    has_consented: bool
    title: str = field(default="", repr=False)
    employer: str = field(default="", repr=False)
    place: str = field(default="", repr=False)
    contact: str = field(default="", repr=False)


def find_form(session: Session, source_id: int) -> OpenForm | None:
    """Give the form behind a public address; None when there is none or it is paused."""
    source = session.get(Source, source_id)
    if source is None or source.kind != KIND or source.state != SourceState.ACTIVE.value:
        return None
    return OpenForm(source.id, parse_options(PublicForm.options, source.options))


def take_in(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    form: OpenForm,
    letter: Letter,
    *,
    address: str,
    public_url: str,
    keyring: Keyring,
    hasher: AuthorHasher,
    now: dt.datetime,
) -> str:
    """Store a letter with the work it causes and give its receipt number; the caller commits.

    The visitor's ``address`` is only counted, as a hash whose key changes every day. Raises
    InvalidOptionsError with a sentence per field, and TooOftenError.
    """
    faults = _faults(form, letter)
    if faults:
        raise InvalidOptionsError(faults)
    _count(session, form, address, keyring, now)
    source = session.get_one(Source, form.source_id)
    receipt = "".join(secrets.choice(_RECEIPT_LETTERS) for _ in range(_RECEIPT_LENGTH))
    outcome = store(
        session, source, _document(letter, f"{public_url}/voice/{source.id}", receipt, now),
        now=now, hasher=hasher, collected_by="form",
    )  # fmt: skip
    source.last_item_at = now
    coverage.record(session, source.id, Yield(seen=1, new=1), now)
    contact = cleaned(letter.contact)
    if contact and form.options.get("asks_contact"):
        session.add(
            FirstPartyContact(
                document_id=outcome.document_id,
                sealed_contact=keyring.seal_text(contact, purpose=CONTACT_PURPOSE),
                consented_at=now,
            )
        )
    return receipt if outcome.status is StoreStatus.NEW else ""


def _faults(form: OpenForm, letter: Letter) -> dict[str, str]:
    faults: dict[str, str] = {}
    length = len(cleaned(letter.text))
    if length < SHORTEST_TEXT:
        faults["text"] = f"请写下情况，至少 {SHORTEST_TEXT} 个字。"
    elif length > LONGEST_TEXT:
        faults["text"] = f"写了 {length} 个字，最多 {LONGEST_TEXT} 个字，请删短一些或分两次提交。"
    for name, limit in (
        ("title", LONGEST_TITLE), ("employer", LONGEST_LINE), ("place", LONGEST_LINE),
        ("contact", LONGEST_LINE),
    ):  # fmt: skip
        if len(getattr(letter, name)) > limit:
            faults[name] = f"最多 {limit} 个字。"
    if not letter.has_consented:
        faults["consent"] = "请读完说明并勾选同意，否则我们不能收下您写的内容。"
    if letter.contact.strip() and not form.options.get("asks_contact"):
        faults["contact"] = "这个表单不收联系方式，请删去。"
    return faults


def _count(
    session: Session, form: OpenForm, address: str, keyring: Keyring, now: dt.datetime
) -> None:
    hour = now.replace(minute=0, second=0, microsecond=0)
    key = keyring.derive(f"form-visitor:{now:%Y-%m-%d}")
    visitor = hmac.digest(key, address.encode(), "sha256")
    for who, limit, words in (
        (visitor, form.limit("per_visitor"), "这个网络地址"),
        (_EVERYBODY, form.limit("per_hour"), "这个表单"),
    ):
        statement = (
            insert(FormRate)
            .values(source_id=form.source_id, visitor=who, starts_at=hour, count=1)
            .on_conflict_do_update(
                index_elements=["source_id", "visitor", "starts_at"],
                set_={"count": FormRate.count + 1},
            )
            .returning(FormRate.count)
        )
        if session.scalars(statement).one() > limit:
            raise TooOftenError(
                f"{words}一小时内提交的次数已到上限（{limit} 次），这一次没有收下；您写的内容还在下面。"
                "请过一小时再提交；紧急情况请拨打 12351 或 110。"
            )


def _document(letter: Letter, url: str, receipt: str, now: dt.datetime) -> CollectedDocument:
    lines = [cleaned(letter.text)]
    lines += [f"单位：{cleaned(letter.employer)}"] if letter.employer.strip() else []
    lines += [f"地点：{cleaned(letter.place)}"] if letter.place.strip() else []
    return CollectedDocument(
        title=cleaned(letter.title),
        text="\n".join(lines),
        url=url,
        anchor=receipt,
        published_at=now,
        kind=DOCUMENT_KIND,
    )


def has_contact(session: Session, document_id: int) -> bool:
    return session.get(FirstPartyContact, document_id) is not None


def read_contact(
    session: Session,
    keyring: Keyring,
    document_id: int,
    *,
    actor: str,
    reason: str,
    now: dt.datetime,
) -> str | None:
    """Unseal how the writer of a letter may be reached; who looked, and why, goes into the audit log."""
    found = session.get(FirstPartyContact, document_id)
    if found is None:
        return None
    if not reason.strip():
        raise InvalidOptionsError({"reason": "请写明为什么要看联系方式，会记入审计。"})
    event = audit.AuditEvent(
        actor=actor, action="contact.read", object_type="document", object_id=str(document_id),
        detail={"reason": reason.strip()[:LONGEST_LINE]},
    )  # fmt: skip
    audit.record(session, event, now)
    return keyring.unseal_text(found.sealed_contact, purpose=CONTACT_PURPOSE)


def forget_counts(session: Session, now: dt.datetime) -> None:
    """Delete who used a form how often, a day later."""
    session.execute(delete(FormRate).where(FormRate.starts_at < now - COUNTED_FOR))
