"""Adding, changing, pausing and visiting sources; the caller owns the transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core import audit, claims
from core.crypto.keyring import Keyring
from core.database.models.collecting import Source, SourceLevel, SourceState
from core.errors import ConflictError, InvalidOptionsError
from core.options import Options, parse_options, secret_names
from core.outbound.address_policy import AddressPolicy
from core.outbound.errors import AddressRefusedError
from crawlers.source_keys import key_faults, sealed_key
from crawlers.source_types import SOURCE_TYPES

TOPIC = "source"
SHORTEST_INTERVAL_S = 1
LONGEST_INTERVAL_S = 30 * 86_400
LONGEST_NAME = 100
UNTRIED = "尚未验证：安装后还没有试采过。"
_GONE = "没有编号为 {} 的信源，可能已被删除。请刷新页面。"


class UntriedSourceError(ConflictError):
    """A source of the shipped list may not be collected before a trial of it has succeeded."""


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """What a person fills in. Without floor and ceiling the interval stays as it is; with them it adapts.

    A secret that ``options`` leave blank stays as it is in ``sealed_options``.
    """

    name: str
    kind: str
    url: str | None
    platform: str
    level: str
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    legal_basis: str | None = None
    interval_s: int = 600
    interval_floor_s: int | None = None
    interval_ceiling_s: int | None = None
    adcode: str | None = None
    needs_browser: bool = False
    sealed_options: bytes | None = field(default=None, repr=False)


def checked_options(draft: SourceDraft, policy: AddressPolicy) -> Options:
    """Give the typed options; raises InvalidOptionsError with a Chinese sentence per faulty field."""
    faults: dict[str, str] = {}
    if not draft.name.strip() or len(draft.name) > LONGEST_NAME:
        faults["name"] = f"请填写名称，最多 {LONGEST_NAME} 个字。"
    if draft.level not in set(SourceLevel):
        faults["level"] = f"层级只能是：{'、'.join(SourceLevel)}；收到的是「{draft.level}」。"
    if not draft.platform.strip():
        faults["platform"] = "请填写平台。"
    floor = draft.interval_s if draft.interval_floor_s is None else draft.interval_floor_s
    ceiling = draft.interval_s if draft.interval_ceiling_s is None else draft.interval_ceiling_s
    if not SHORTEST_INTERVAL_S <= floor <= draft.interval_s <= ceiling <= LONGEST_INTERVAL_S:
        faults["interval_s"] = (
            f"采集间隔应在 {SHORTEST_INTERVAL_S} 秒到 30 天之间，且不小于下限、不大于上限。"
        )
    if draft.kind not in SOURCE_TYPES:
        faults["kind"] = f"没有「{draft.kind}」这种信源类型。"
        raise InvalidOptionsError(faults)
    source_type = SOURCE_TYPES.load(draft.kind)
    if source_type.needs_url:
        faults.update(_url_faults(draft.url, policy))
    options: Options = {}
    try:
        options = parse_options(source_type.options, draft.options)
    except InvalidOptionsError as error:
        faults.update(error.faults)
    else:
        faults.update(source_type().faults(options))
        faults.update(key_faults(options, draft.url))
    if faults:
        raise InvalidOptionsError(faults)
    return options


def _url_faults(url: str | None, policy: AddressPolicy) -> dict[str, str]:
    if not url:
        return {"url": "请填写网址。"}
    try:
        policy.check_url(url)
    except AddressRefusedError as error:
        return {"url": f"这个网址不能采集：{error}"}
    return {}


def create_source(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    draft: SourceDraft,
    *,
    policy: AddressPolicy,
    now: dt.datetime,
    actor: str,
    created_by: int | None = None,
    state: SourceState = SourceState.ACTIVE,
    is_demo: bool = False,
    needs_trial: bool = False,
    keyring: Keyring | None = None,
) -> Source:
    """Add a source that is due at once; one that ``needs_trial`` is paused. Raises InvalidOptionsError.

    A draft with a key needs the ``keyring`` that seals it.
    """
    values = _values(draft, checked_options(draft, policy), keyring)
    source_id = session.scalar(
        insert(Source)
        .values(
            **values, is_demo=is_demo, created_by=created_by, needs_trial=needs_trial,
            state=SourceState.PAUSED.value if needs_trial else state.value,
            failure_reason=UNTRIED if needs_trial else None,
            due_at=now if SOURCE_TYPES.load(draft.kind).needs_url else None,
        )
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(Source.id)
    )  # fmt: skip
    if source_id is None:
        raise InvalidOptionsError({"name": f"已有名为「{draft.name}」的信源，请换一个名称。"})
    _audit(session, "source.created", source_id, actor, now)
    claims.notify(session, TOPIC)
    return session.get_one(Source, source_id)


def _values(draft: SourceDraft, options: Options, keyring: Keyring | None) -> dict[str, object]:
    secret = secret_names(SOURCE_TYPES.load(draft.kind).options)
    floor = draft.interval_s if draft.interval_floor_s is None else draft.interval_floor_s
    ceiling = draft.interval_s if draft.interval_ceiling_s is None else draft.interval_ceiling_s
    return {
        "name": draft.name.strip(), "kind": draft.kind, "url": draft.url,
        "platform": draft.platform.strip(), "level": draft.level, "adcode": draft.adcode,
        "options": {name: value for name, value in options.items() if name not in secret},
        "sealed_options": sealed_key(options, draft.url, draft.sealed_options, keyring),
        "legal_basis": (draft.legal_basis or "").strip() or None,
        "interval_s": draft.interval_s, "interval_floor_s": floor, "interval_ceiling_s": ceiling,
        "needs_browser": draft.needs_browser,
    }  # fmt: skip


def edit_source(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    source_id: int,
    draft: SourceDraft,
    *,
    policy: AddressPolicy,
    now: dt.datetime,
    actor: str,
    keyring: Keyring | None = None,
) -> Source:
    """Change a source and visit it anew; raises InvalidOptionsError and ConflictError (no such source).

    A visit under way loses its claim, so nothing read with the old options is stored.
    """
    values = _values(draft, checked_options(draft, policy), keyring)
    taken = session.scalar(
        select(func.count()).where(Source.name == values["name"], Source.id != source_id)
    )
    if taken:
        raise InvalidOptionsError({"name": f"已有名为「{draft.name}」的信源，请换一个名称。"})
    needs_url = SOURCE_TYPES.load(draft.kind).needs_url
    _change(
        session,
        source_id,
        **values,
        due_at=now if needs_url else None,
        etag=None,
        last_modified=None,
        content_digest=None,
        cursor=None,
        **_FRESH,
    )
    _audit(session, "source.edited", source_id, actor, now)
    claims.notify(session, TOPIC)
    return session.get_one(Source, source_id, populate_existing=True)


_FRESH: dict[str, object] = {
    "failures": 0, "failure_reason": None, "attempt": 0, "dead_at": None, "lease_until": None,
}  # fmt: skip


def draft_of(source: Source) -> SourceDraft:
    """Give a stored source as a person would fill it in."""
    return SourceDraft(
        name=source.name, kind=source.kind, url=source.url, platform=source.platform,
        level=source.level, options=source.options, legal_basis=source.legal_basis,
        interval_s=source.interval_s, interval_floor_s=source.interval_floor_s,
        interval_ceiling_s=source.interval_ceiling_s, adcode=source.adcode,
        needs_browser=source.needs_browser, sealed_options=source.sealed_options,
    )  # fmt: skip


def collects_alike(one: SourceDraft, other: SourceDraft, policy: AddressPolicy) -> bool:
    """Tell whether two drafts would bring the same: a trial of one then speaks for the other."""
    if _way(one) != _way(other):
        return False
    try:
        return checked_options(one, policy) == checked_options(other, policy)
    except InvalidOptionsError:
        return False


def _way(draft: SourceDraft) -> tuple[object, ...]:
    return draft.kind, draft.url, draft.needs_browser, draft.sealed_options


def free_name(session: Session, name: str) -> str:
    """Give the name, with a number behind it where it is taken."""
    taken = set(session.scalars(select(Source.name).where(Source.name.startswith(name, autoescape=True))))  # fmt: skip
    if name not in taken:
        return name
    return next(found for number in range(2, len(taken) + 3) if (found := f"{name} {number}") not in taken)  # fmt: skip


def names_with_url(session: Session, url: str) -> list[str]:
    return list(session.scalars(select(Source.name).where(Source.url == url).order_by(Source.name)))


def pause_source(session: Session, source_id: int, *, now: dt.datetime, actor: str) -> None:
    _change(session, source_id, state=SourceState.PAUSED.value, lease_until=None)
    _audit(session, "source.paused", source_id, actor, now)


def resume_source(session: Session, source_id: int, *, now: dt.datetime, actor: str) -> None:
    """Let a source be collected again; raises UntriedSourceError where a trial has to come first."""
    resumed = session.scalar(
        update(Source)
        .where(Source.id == source_id, Source.needs_trial.is_(False))
        .values(
            claim_epoch=Source.claim_epoch + 1,
            state=SourceState.ACTIVE.value,
            # What nobody fetches (a form, files, our own comments) is never due.
            due_at=case((Source.url.is_not(None), now)),
            **_FRESH,
        )
        .returning(Source.id)
        .execution_options(synchronize_session=False)
    )
    if resumed is None:
        name = session.scalar(select(Source.name).where(Source.id == source_id))
        if name is None:
            raise ConflictError(_GONE.format(source_id))
        raise UntriedSourceError(
            f"「{name}」装上以后还没有试采成功过，仍是暂停，没有启用。请先试采，采到内容后再启用。"
        )
    _audit(session, "source.resumed", source_id, actor, now)
    claims.notify(session, TOPIC)


def record_trial(
    session: Session, source_id: int, *, succeeded: bool, now: dt.datetime, actor: str
) -> None:
    """Note that the source was tried as it is stored; success takes the bar away that a new list has."""
    cleared: dict[str, object] = {}
    if succeeded:
        was_untried = session.scalar(select(Source.needs_trial).where(Source.id == source_id))
        cleared = {"needs_trial": False} | ({"failure_reason": None} if was_untried else {})
    changed = session.scalar(
        update(Source)
        .where(Source.id == source_id)
        .values(tried_at=now, **cleared)
        .returning(Source.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        raise ConflictError(_GONE.format(source_id))
    _audit(session, "source.tried", source_id, actor, now)


def visit_now(session: Session, source_id: int, *, now: dt.datetime, actor: str) -> None:
    """Make an active source due; what the site says it changed last is asked for in full."""
    _change(
        session, source_id, due_at=now, etag=None, last_modified=None, content_digest=None, **_FRESH
    )
    _audit(session, "source.visit_asked", source_id, actor, now)
    claims.notify(session, TOPIC)


def _change(session: Session, source_id: int, **values: object) -> None:
    changed = session.execute(
        update(Source)
        .where(Source.id == source_id)
        .values(claim_epoch=Source.claim_epoch + 1, **values)
        .returning(Source.id)
        .execution_options(synchronize_session=False)
    ).all()
    if len(changed) != 1:
        raise ConflictError(_GONE.format(source_id))


def _audit(session: Session, action: str, source_id: int, actor: str, now: dt.datetime) -> None:
    event = audit.AuditEvent(
        actor=actor, action=action, object_type="source", object_id=str(source_id)
    )
    audit.record(session, event, now)


def ensure_import_source(
    session: Session,
    name: str,
    *,
    now: dt.datetime,
    platform: str = "import",
    level: str = SourceLevel.PUBLIC.value,
    is_demo: bool = False,
) -> Source:
    """Give the source of this name, made as one that people bring files for when there is none."""
    created = session.scalar(
        insert(Source)
        .values(name=name, kind="file_import", platform=platform, level=level, is_demo=is_demo)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(Source.id)
    )
    if created is not None:
        _audit(session, "source.created", created, "system", now)
    return session.scalars(select(Source).where(Source.name == name)).one()
