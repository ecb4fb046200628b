"""One installation under fire: a site to crawl, a mailbox, the platforms, and a union on duty."""

from __future__ import annotations

import datetime as dt
import signal
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from itertools import count
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from alerting.channels_config import ChannelDraft, save_channel
from alerting.escalation_chain import ChainStep, steps_json
from alerting.roster import ShiftDraft, create_shift, default_roster
from alerting.rules import RuleDraft, create_rule
from core.clock import SystemClock
from core.database.base import Claimable
from core.database.models.alerting import Alert, Delivery, Match, Rule, Severity
from core.database.models.collecting import Document, FrontierURL, Source, SourceLevel
from core.database.models.duty import EscalationPolicy, Layer
from core.database.models.media import Account, Attempt, Publication
from core.database.models.operations import Heartbeat, WorkItem
from core.database.models.organisation import Role
from crawlers.sources import SourceDraft, create_source
from media_matrix import drafts, review, schedule
from media_matrix.accounts import create_account
from media_matrix.content import DraftEdit
from media_matrix.sandbox import SandboxState, create_sandbox
from media_matrix.sandbox.cast import sandbox_accounts
from tests.alerting.servers import Mailbox, smtp_sink
from tests.installation import (
    Installation,
    LoopbackSite,
    QuietHandler,
    loopback_site,
    wait_until,
)
from webui.people import PersonDraft, create_person
from zhisheng.expressions import rule_language
from zhisheng.seeding import FIRST_ORGANISATION, first_organisation
from zhisheng.services import Services

OFFICERS = ("jia", "yi", "bing")
STAFF = {"bianji": Role.EDITOR, "chushen": Role.REVIEWER, "zhongshen": Role.REVIEWER}
PASSWORD = "河湾的夜班一直有人值守 2026"
ACTOR = "system:test"
FIRST = "first"
VISIT_EVERY_S = 2
_CLAIMED: tuple[type[Claimable], ...] = (Source, FrontierURL, WorkItem, Delivery, Publication)
_words = count(1)


@dataclass
class World:
    """``words`` are the made-up names of the matters so far; each has a rule, posts and an answer."""

    installation: Installation
    services: Services
    site: LoopbackSite
    mailbox: Mailbox
    sandbox: SandboxState
    people: dict[str, int]
    words: list[str] = field(default_factory=list)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def keep_running(self, *roles: str) -> None:
        """Let exactly these roles run, one process each, from their first heartbeat on."""
        for role in [role for role in self.running if role not in roles]:
            self.stop(role)
        for role in roles:
            if role not in self.running:
                self.start(role)
        self.wait_for(*(self.running[role] for role in roles))

    def start(self, role: str, **more: str) -> subprocess.Popen[bytes]:
        self.running[role] = self.installation.start(role, **more)
        return self.running[role]

    def stop(self, role: str) -> None:
        process = self.running.pop(role)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)

    def wait_for(self, *processes: subprocess.Popen[bytes]) -> None:
        owners = {owner(process) for process in processes}

        def are_beating() -> bool:
            with self.services.sessions() as session:
                return owners <= set(session.scalars(select(Heartbeat.owner)))

        wait_until(are_beating, what=f"heartbeats of {owners}")

    def await_kill(self, role: str) -> None:
        """Wait until the process shot itself at its fault point; what it held is free at once.

        Its leases would run out by themselves; that time is not waited for.
        """
        process = self.running.pop(role)
        assert process.wait(timeout=90) == -signal.SIGKILL
        self.end_leases(process)

    def end_leases(self, process: subprocess.Popen[bytes]) -> None:
        with self.services.sessions.begin() as session:
            for table in _CLAIMED:
                session.execute(
                    update(table)
                    .where(table.claim_owner == owner(process), table.lease_until > func.now())
                    .values(lease_until=func.now() - dt.timedelta(seconds=1))
                )

    def let_publishing_age(self, span: dt.timedelta = dt.timedelta(minutes=5)) -> None:
        """Move what the publishers wait for into the past, as if ``span`` had gone by."""
        with self.services.sessions.begin() as session:
            session.execute(
                update(Attempt)
                .where(Attempt.finished_at.is_(None))
                .values(started_at=Attempt.started_at - span)
            )
            session.execute(
                update(Publication)
                .where(Publication.due_at.is_not(None))
                .values(due_at=Publication.due_at - span)
            )

    def new_word(self) -> str:
        """Make a matter of its own, with a red rule that raises one alert for all its posts."""
        word = f"青檀{next(_words):03d}号"
        now = self.services.clock.now()
        with self.services.sessions.begin() as session:
            policy_id = session.scalar(
                select(EscalationPolicy.id).where(EscalationPolicy.name == "三人同班")
            )
            draft = RuleDraft(
                name=rule_name(word),
                kind="keyword",
                severity=Severity.RED,
                purpose="劳动关系风险预警",
                expression=f"{word} AND 车间",
                group_by="rule",
                policy_id=policy_id,
            )
            create_rule(session, draft, person_id=None, now=now, language=rule_language(session))
        self.words.append(word)
        return word

    def publish_posts(self, word: str, number: int) -> None:
        for post in range(1, number + 1):
            self.site.publish(
                f"{word}-{post}".encode().hex(),
                f"{word}车间第{post}班反映工资没有按时发放",
                f"{word}车间第{post}班的工友今天反映，第{post * 7}道工序的加班工资已经两个月没有发放。\n"
                f"大家希望厂方在本月{post + 11}日以前给出答复，并公布第{post}班的考勤记录。\n"
                "当地工会已经派人到车间了解情况，登记了各人的考勤和欠发数额。",
            )

    def answer(self, word: str) -> list[int]:
        """Write, approve and plan our answer to a matter on all four accounts; gives the publications."""
        now = self.services.clock.now()
        with self.services.sessions.begin() as session:
            accounts = tuple(session.scalars(select(Account.id).order_by(Account.id)))
            edit = DraftEdit(
                title=f"市总工会回应{word}车间工资问题",
                body=f"接到{word}车间工友的反映后，市总工会**当天**派人了解情况。\n\n- 已核实考勤\n- 已督促厂方发放\n",
                digest=f"{word}车间的工资问题已经核实，厂方承诺发放。",
                account_ids=accounts,
            )
            author = self.people["bianji"]
            draft_id = drafts.create_draft(
                session,
                edit,
                organisation_id=first_organisation(session, FIRST_ORGANISATION).id,
                author_id=author,
                now=now,
            ).id
            review.submit_draft(session, draft_id, person_id=author, now=now)
            for reviewer in ("chushen", "zhongshen"):
                waiting = review.reviews_of(session, draft_id)[-1]
                review.approve(
                    session,
                    waiting.id,
                    reviewer_id=self.people[reviewer],
                    seen_hash=waiting.content_hash.hex(),
                    now=now,
                )
            planned = schedule.schedule_draft(
                session, draft_id, planned_at=None, person_id=author, now=now
            )
            return [publication.id for publication in planned.publications]

    def posts_with(self, word: str) -> list[str]:
        """Give the addresses of the pages that mention the word."""
        return [self.site.url + path for path, page in self.site.pages.items() if word in page]

    def alert_of(self, session: Session, word: str) -> Alert | None:
        """Give the alert of the word's own rule, whatever other rules found in its posts."""
        return session.scalars(
            select(Alert).join(Rule, Rule.id == Alert.rule_id).where(Rule.name == rule_name(word))
        ).one_or_none()

    def mails_about(self, word: str) -> list[Message]:
        """Give the first messages about the word's alert; a slow run also sees reminders of earlier ones."""
        with self.services.sessions() as session:
            alert = self.alert_of(session, word)
        start = f"<alert-{alert.id}-" if alert is not None else "<none"
        keys = [(mail, str(mail["Message-ID"])) for mail in self.mailbox.mails]
        return [mail for mail, key in keys if key.startswith(start) and f"-{FIRST}-" in key]

    def is_settled(self, word: str) -> bool:
        """Tell whether every page about the word is collected, understood, indexed and in the one alert."""
        pages = self.posts_with(word)
        with self.services.sessions() as session:
            ids = session.scalars(
                select(Document.id).where(
                    Document.canonical_url.in_(pages),
                    Document.indexed_revision == Document.revision,
                )
            ).all()
            matched = session.scalar(
                select(func.count())
                .select_from(Match)
                .join(Rule, Rule.id == Match.rule_id)
                .where(
                    Rule.name == rule_name(word),
                    Match.document_id.in_(ids),
                    Match.alert_id.is_not(None),
                )
            )
        return len(ids) == matched == len(pages) and not self.waiting_work()

    def waiting_work(self) -> int:
        with self.services.sessions() as session:
            return session.scalar(select(func.count()).select_from(WorkItem)) or 0

    def is_everybody_told(self, word: str) -> bool:
        with self.services.sessions() as session:
            rows = session.execute(
                select(Delivery.due_at)
                .join(Alert, Alert.id == Delivery.alert_id)
                .join(Rule, Rule.id == Alert.rule_id)
                .where(
                    Rule.name == rule_name(word),
                    Delivery.channel == "email",
                    Delivery.reason == FIRST,
                )
            ).all()
        return len(rows) == len(OFFICERS) and all(due is None for (due,) in rows)

    def effects(self, word: str) -> Counter[str]:
        """Count on each platform what readers can see about the word."""
        data = self.sandbox.data
        with self.sandbox.lock:
            return Counter({
                "weibo": sum(word in post.text for post in data.weibo_posts),
                "wordpress": sum(word in post.title for post in data.wordpress_posts),
                "wechat": sum(word in str(job.article.get("title")) for job in data.wechat_jobs.values()),
            })  # fmt: skip


def rule_name(word: str) -> str:
    return f"{word}规则"


def owner(process: subprocess.Popen[bytes]) -> str:
    """Name the process as it names itself in its claims."""
    return f"{socket.gethostname()}:{process.pid}"


@contextmanager
def open_world(home: Path) -> Iterator[World]:
    """Set up an installation whose people, duty, channel, source and accounts are ready."""
    installation = Installation(home)
    sandbox = SandboxState(SystemClock())
    try:
        with (
            loopback_site() as site,
            smtp_sink() as (mailbox, mail_port),
            _served(sandbox) as sandbox_url,
            installation.services() as services,
        ):
            with services.sessions.begin() as session:
                people = _people(session, services)
                _duty(session, services, people, mail_port)
                _source(session, services, site)
                for form in sandbox_accounts(sandbox_url, first_organisation(session, "").id):
                    create_account(
                        session,
                        services.keyring,
                        form,
                        person_id=people["bianji"],
                        now=services.clock.now(),
                    )
            try:
                yield World(installation, services, site, mailbox, sandbox, people)
            finally:
                mailbox.released.set()
                installation.stop()
    finally:
        installation.remove()


@contextmanager
def _served(sandbox: SandboxState) -> Iterator[str]:
    application = create_sandbox(sandbox, sandbox.clock)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _people(session: Session, services: Services) -> dict[str, int]:
    organisation = first_organisation(session, FIRST_ORGANISATION)
    roles = dict.fromkeys(OFFICERS, Role.DUTY) | STAFF
    found = {}
    for login, role in roles.items():
        draft = PersonDraft(
            login=login,
            name=login,
            roles=[role.value],
            organisation_id=organisation.id,
            email=f"{login}@example.invalid",
            channels=["console", "email"],
        )
        person = create_person(
            session,
            services.passwords,
            draft,
            password=PASSWORD,
            actor=ACTOR,
            now=services.clock.now(),
        )
        session.flush()
        found[login] = person.id
    return found


def _duty(session: Session, services: Services, people: dict[str, int], mail_port: int) -> None:
    now = services.clock.now()
    for login in OFFICERS:
        shift = ShiftDraft(
            layer=Layer.FIRST,
            person_id=people[login],
            starts_at=now - dt.timedelta(hours=1),
            ends_at=now + dt.timedelta(hours=12),
        )
        create_shift(session, shift, person_id=people["bianji"], now=now)
    options: dict[str, object] = {
        "host": "127.0.0.1",
        "port": mail_port,
        "security": "none",
        "sender": "zhisheng@example.invalid",
    }
    channel = ChannelDraft(name="email", kind="email", options=options)
    save_channel(session, channel, keyring=services.keyring, person_id=people["bianji"], now=now)
    organisation = first_organisation(session, FIRST_ORGANISATION)
    roster = default_roster(session, organisation.id, now)
    assert roster is not None
    # One step and no later one, so that the number of messages does not depend on the time a test takes.
    step = ChainStep(0, (Layer.FIRST.value,), ("console", "email"))
    policy = EscalationPolicy(
        name="三人同班",
        roster_id=roster.id,
        steps=steps_json({int(Severity.RED): (step,)}),
        changed_at=now,
    )
    session.add(policy)
    session.flush()


def _source(session: Session, services: Services, site: LoopbackSite) -> None:
    draft = SourceDraft(
        name="河湾新闻",
        kind="list_page",
        url=f"{site.url}/",
        platform="新闻网站",
        level=SourceLevel.CITY.value,
        options={"link_selector": "ul.list a"},
        interval_s=VISIT_EVERY_S,
    )
    create_source(session, draft, policy=services.policy, now=services.clock.now(), actor=ACTOR)
