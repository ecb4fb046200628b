"""Configured notification channels: stored options, sealed secrets, the test button."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from alerting.channels import CHANNELS
from alerting.channels.base import Channel, Message, Recipient, Transport
from alerting.timeline import person_actor
from core import audit
from core.clock import SHANGHAI
from core.crypto.keyring import Keyring
from core.database.base import JsonObject
from core.database.models.duty import NotificationChannel
from core.database.models.organisation import Person
from core.errors import DeliveryError, InvalidOptionsError, WorkflowError
from core.options import Options, parse_options, secret_names

log = structlog.get_logger(__name__)

CONSOLE = "console"
PURPOSE = "notification_channel"
LONGEST_NAME = 40


class ChannelNotFoundError(WorkflowError):
    pass


@dataclass(frozen=True, slots=True)
class ChannelDraft:
    """What the form holds; a blank secret keeps the stored one."""

    name: str
    kind: str
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ChannelRow:
    name: str
    kind: str
    kind_label: str
    options: JsonObject
    has_secret: bool
    is_enabled: bool
    tested_at: dt.datetime | None
    test_result: str | None
    paused_until: dt.datetime | None


@dataclass(frozen=True, slots=True)
class ConfiguredChannel:
    """A channel ready to send; ``options`` hold its opened secrets and must never be logged."""

    name: str
    plugin: Channel
    options: Options


def save_channel(
    session: Session, draft: ChannelDraft, *, keyring: Keyring, person_id: int, now: dt.datetime
) -> None:
    """Create or change a channel; raises InvalidOptionsError with a sentence per field."""
    name = draft.name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or name == CONSOLE:
        raise InvalidOptionsError(
            {"name": f"渠道名称要有 1 到 {LONGEST_NAME} 个字，且不能叫「{CONSOLE}」"}
        )
    plugin = CHANNELS.load(draft.kind)
    secrets = secret_names(plugin.options)
    stored = session.get(NotificationChannel, name)
    raw = dict(draft.options)
    if stored is not None and stored.kind == draft.kind:
        known = _opened(stored, keyring)
        raw |= {secret: known.get(secret) for secret in secrets if not raw.get(secret)}
    options = parse_options(plugin.options, raw)
    hidden = {key: value for key, value in options.items() if key in secrets and value}
    values: JsonObject = {
        "kind": draft.kind,
        "options": {key: value for key, value in options.items() if key not in secrets},
        "sealed_options": _sealed(name, hidden, keyring) if hidden else None,
        "paused_until": None,
        "changed_at": now,
        "changed_by": person_id,
    }
    session.execute(
        insert(NotificationChannel)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )
    session.expire_all()
    _record(session, "channel_saved", name, person_id, now)


def _sealed(name: str, hidden: Mapping[str, object], keyring: Keyring) -> bytes:
    return keyring.seal_text(json.dumps(hidden, ensure_ascii=False), purpose=f"{PURPOSE}:{name}")


def _opened(row: NotificationChannel, keyring: Keyring) -> dict[str, object]:
    if row.sealed_options is None:
        return {}
    content: dict[str, object] = json.loads(
        keyring.unseal_text(row.sealed_options, purpose=f"{PURPOSE}:{row.name}")
    )
    return content


def enable_channel(session: Session, name: str, *, person_id: int, now: dt.datetime) -> None:
    _switch(session, name, is_enabled=True, person_id=person_id, now=now)


def disable_channel(session: Session, name: str, *, person_id: int, now: dt.datetime) -> None:
    _switch(session, name, is_enabled=False, person_id=person_id, now=now)


def _switch(
    session: Session, name: str, *, is_enabled: bool, person_id: int, now: dt.datetime
) -> None:
    changed = session.scalar(
        update(NotificationChannel)
        .where(NotificationChannel.name == name)
        .values(is_enabled=is_enabled, changed_at=now, changed_by=person_id)
        .returning(NotificationChannel.name)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        raise ChannelNotFoundError(f"没有名为「{name}」的通知渠道，可能已被删除。")
    _record(session, "channel_enabled" if is_enabled else "channel_disabled", name, person_id, now)


def list_channels(session: Session) -> tuple[ChannelRow, ...]:
    rows = session.scalars(select(NotificationChannel).order_by(NotificationChannel.name))
    return tuple(
        ChannelRow(
            name=row.name,
            kind=row.kind,
            kind_label=CHANNELS.load(row.kind).label if row.kind in CHANNELS else row.kind,
            options=row.options,
            has_secret=row.sealed_options is not None,
            is_enabled=row.is_enabled,
            tested_at=row.tested_at,
            test_result=row.test_result,
            paused_until=row.paused_until,
        )
        for row in rows
    )


def configured(session: Session, name: str, keyring: Keyring) -> ConfiguredChannel:
    """Give a channel with its secrets opened; raises ChannelNotFoundError or SealedSecretError."""
    if name == CONSOLE:
        return ConfiguredChannel(name, CHANNELS.load(CONSOLE), {})
    row = session.get(NotificationChannel, name)
    if row is None or not row.is_enabled or row.kind not in CHANNELS:
        raise ChannelNotFoundError(f"通知渠道「{name}」不存在或已停用。")
    plugin = CHANNELS.load(row.kind)
    return ConfiguredChannel(
        name, plugin, parse_options(plugin.options, row.options | _opened(row, keyring))
    )


def recipient(person: Person) -> Recipient:
    return Recipient(person.id, person.name, person.email, person.phone)


def send_test(
    session: Session,
    channel_name: str,
    person_id: int,
    *,
    now: dt.datetime,
    transport: Transport,
    keyring: Keyring,
) -> str:
    """Send a test message to a person and store what came of it; returns a Chinese sentence."""
    channel = configured(session, channel_name, keyring)
    person = session.get_one(Person, person_id)
    result = _tested(channel, recipient(person), now, transport)
    session.execute(
        update(NotificationChannel)
        .where(NotificationChannel.name == channel_name)
        .values(tested_at=now, test_result=result)
        .execution_options(synchronize_session=False)
    )
    _record(session, "channel_tested", channel_name, person_id, now)
    return result


def _tested(
    channel: ConfiguredChannel, to: Recipient, now: dt.datetime, transport: Transport
) -> str:
    if not channel.plugin.can_reach(to):
        return f"没有发送：{to.name} 还没有填写「{channel.plugin.label}」需要的联系方式。"
    moment = now.astimezone(SHANGHAI)
    message = Message(
        key=f"test-{channel.name}-{to.person_id}-{int(now.timestamp() * 1000)}",
        title="职声测试消息",
        body=f"这是一条测试消息，发出时间 {moment:%Y-%m-%d %H:%M:%S}。收到说明通知渠道可用，不需要处理。",
        link=None,
    )
    try:
        channel.plugin.send(message, to, channel.options, transport)
    except DeliveryError as error:
        log.warning("channel_test_failed", channel=channel.name, reason=type(error).__name__)
        return f"测试失败：{error}"
    log.info("channel_tested", channel=channel.name)
    return (
        f"测试消息已被「{channel.plugin.label}」接收（{moment:%m月%d日 %H:%M}），请在对应渠道查看。"
    )


def _record(session: Session, action: str, name: str, person_id: int, now: dt.datetime) -> None:
    event = audit.AuditEvent(person_actor(person_id), action, "notification_channel", name)
    audit.record(session, event, now)
