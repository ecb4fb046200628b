"""Seconds from a post's appearance on a page until the duty officer's mail server accepted the message.

All processes are real; each post meets a red keyword rule of its own, so each opens an alert of its own.
"""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default as modern
from itertools import islice

import click
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SMTPSession
from sqlalchemy.orm import Session

from alerting.channels_config import ChannelDraft, save_channel
from alerting.roster import ShiftDraft, create_shift
from alerting.rules import RuleDraft, create_rule
from core.clock import monotonic
from core.database.models.alerting import Severity
from core.database.models.collecting import SourceLevel
from core.database.models.duty import Layer
from core.database.models.organisation import Role
from crawlers.sources import SourceDraft, create_source
from tests.bench.installation import fresh_installation, running
from tests.bench.news_sites import NewsPost, NewsSite, news_sites
from tests.bench.result import Better, Goal, Result, percentile
from tests.bench.size import Size
from tests.bench.texts import SEED, posts
from tests.installation import free_port
from webui.people import PersonDraft, create_person
from zhisheng.expressions import rule_language
from zhisheng.seeding import FIRST_ORGANISATION, first_organisation
from zhisheng.services import Services

ROLES = ("crawl", "understand", "index", "engine", "send")
SITES = 4
RULES = 500
POLL_S = 2
SETTLE_S = 6.0
GRACE_S = 30.0
GOAL_S = 5.0
PEER = "half / 95 % of the polling interval: nobody who polls can be faster on average"
PASSWORD = "刻漏-2026-平量-水钟"


class Inbox:
    """An SMTP server that remembers when it accepted which words."""

    def __init__(self, words: Sequence[str]) -> None:
        self._waited_for = set(words)
        self.accepted_at: dict[str, float] = {}
        self.is_complete = threading.Event()

    async def handle_DATA(self, _server: SMTP, _session: SMTPSession, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        now = monotonic()
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content, policy=modern)
        body = message.get_body(("plain", "html"))
        text = f"{message['subject']}\n{body.get_content() if body else ''}"
        for word in self._waited_for:
            if word in text:
                self.accepted_at.setdefault(word, now)
        if self._waited_for <= set(self.accepted_at):
            self.is_complete.set()
        return "250 2.0.0 accepted"


def word_of(number: int) -> str:
    return f"青檀{number:03d}号"


def run(size: Size) -> list[Result]:
    count, period = size.of(60, 4), float(size.of(90, 6))
    words = [word_of(number) for number in range(1, count + 1)]
    inbox = Inbox(words)
    with fresh_installation() as installation, news_sites(SITES) as sites, _mail(inbox) as port:
        _prepare(installation.services, sites, port)
        with running(installation, ROLES):
            inbox.is_complete.wait(SETTLE_S)
            appeared = _publish(sites, words, period)
            inbox.is_complete.wait(period + GRACE_S)
    missing = sorted(set(words) - set(inbox.accepted_at))
    if missing:
        raise AssertionError(f"{len(missing)} of {count} posts woke nobody: {missing}")
    return _results([inbox.accepted_at[word] - appeared[word] for word in words])


@contextmanager
def _mail(inbox: Inbox) -> Iterator[int]:
    port = free_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


def _publish(sites: Sequence[NewsSite], words: Sequence[str], period: float) -> Mapping[str, float]:
    """Let the posts appear at random moments; gives the moment of each word."""
    chance = random.Random(SEED)  # noqa: S311 (moments, no secret)
    now = monotonic()
    moments = sorted(now + chance.uniform(0, period) for _ in words)
    shown: dict[str, list[NewsPost]] = {site.url: [] for site in sites}
    for number, (word, moment, filler) in enumerate(
        zip(words, moments, islice(posts(), len(words)), strict=True), start=1
    ):
        text = f"{word}车间有人反映：{filler.text}"
        post = NewsPost(number, f"{word}车间：{filler.title}", text, moment)
        shown[sites[number % len(sites)].url].append(post)
    for site in sites:
        site.posts = shown[site.url]
    return dict(zip(words, moments, strict=True))


def _prepare(services: Services, sites: Sequence[NewsSite], mail_port: int) -> None:
    now = services.clock.now()
    with services.sessions.begin() as session:
        person_id = _officer(session, services, now)
        options: dict[str, object] = {
            "host": "127.0.0.1",
            "port": mail_port,
            "security": "none",
            "sender": "zhisheng@example.invalid",
        }
        channel = ChannelDraft(name="email", kind="email", options=options)
        save_channel(session, channel, keyring=services.keyring, person_id=person_id, now=now)
        _rules(session, person_id, now)
        for number, site in enumerate(sites, start=1):
            draft = SourceDraft(
                name=f"新闻站{number}",
                kind="list_page",
                url=site.url,
                platform="新闻网站",
                level=SourceLevel.CITY.value,
                options={"link_selector": "ul.news a"},
                interval_s=POLL_S,
            )
            create_source(session, draft, policy=services.policy, now=now, actor="system:bench")


def _officer(session: Session, services: Services, now: dt.datetime) -> int:
    draft = PersonDraft(
        login="zhiban",
        name="值班员",
        roles=[Role.DUTY.value],
        organisation_id=first_organisation(session, FIRST_ORGANISATION).id,
        email="zhiban@example.invalid",
        channels=["console", "email"],
    )
    person = create_person(
        session, services.passwords, draft, password=PASSWORD, actor="system:bench", now=now
    )
    session.flush()
    shift = ShiftDraft(
        layer=Layer.FIRST,
        person_id=person.id,
        starts_at=now - dt.timedelta(hours=1),
        ends_at=now + dt.timedelta(hours=12),
    )
    create_shift(session, shift, person_id=person.id, now=now)
    return person.id


def _rules(session: Session, person_id: int, now: dt.datetime) -> None:
    language = rule_language(session)
    for number in range(1, RULES + 1):
        draft = RuleDraft(
            name=f"量度规则{number:03d}",
            kind="keyword",
            severity=Severity.RED,
            purpose="劳动关系风险预警",
            expression=f"{word_of(number)} AND (车间 OR 工段)",
            group_by="rule",
        )
        create_rule(session, draft, person_id=person_id, now=now, language=language)


def _results(seconds: Sequence[float]) -> list[Result]:
    shares = {"p50": 0.5, "p95": 0.95, "max": 1.0}
    click.echo(f"  {len(seconds)} posts, {RULES} rules, {SITES} sites", err=True)
    return [
        Result(
            name=f"page_to_message_{name}",
            value=percentile(seconds, share),
            unit=f"s, pages polled every {POLL_S} s",
            better=Better.LOWER,
            peer=PEER if name != "max" else None,
            peer_value=POLL_S * share if name != "max" else None,
            goal=Goal(GOAL_S, Better.LOWER) if name == "p95" else None,
        )
        for name, share in shares.items()
    ]
