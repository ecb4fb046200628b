"""A small union with people on duty, sources, and a way to make posts appear."""

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import select

from alerting import timeline
from alerting.attach import Tables
from alerting.engine import EngineWorker
from alerting.installation import install_alerting
from alerting.roster import ShiftDraft, create_shift
from alerting.rules import RuleDraft, RuleLanguage, create_rule
from alerting.state_machine import ANY, Acknowledged, AsOf, acknowledge
from alerting.tables import stored_tables
from config.alerting_defaults import AlertingDefaults, load_alerting_defaults
from core.claims import enqueue
from core.clock import FakeClock
from core.database.models.alerting import Alert, Delivery, Severity
from core.database.models.collecting import Document, DocumentBody, Source
from core.database.models.duty import Layer
from core.database.models.operations import Queue
from core.database.models.organisation import Organisation, Person, Role
from core.database.sessions import Sessions

_numbers = itertools.count(1)
DAY = dt.timedelta(days=1)


def shanghai(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{text}+08:00").astimezone(dt.UTC)


@dataclass
class World:
    sessions: Sessions
    clock: FakeClock
    defaults: AlertingDefaults = field(
        default_factory=lambda: replace(load_alerting_defaults(), rules=())
    )
    people: dict[str, int] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        now = self.clock.now()
        with self.sessions.begin() as session:
            organisation = Organisation(name="河湾市总工会", level="city")
            session.add(organisation)
            session.flush()
            for login, role in (
                ("officer", Role.DUTY),
                ("deputy", Role.DUTY),
                ("leader", Role.LEADER),
                ("chief", Role.LEADER),
                ("admin", Role.ADMINISTRATOR),
            ):
                person = Person(
                    organisation_id=organisation.id,
                    login=login,
                    name=f"演练{login}",
                    roles=[role.value],
                    password_hash="x",
                    password_changed_at=now,
                    email=f"{login}@example.org",
                )
                session.add(person)
                session.flush()
                self.people[login] = person.id
            install_alerting(
                session,
                self.defaults,
                now=now,
                language=RuleLanguage(),
                organisation_id=organisation.id,
            )
            for layer, login in (
                (Layer.FIRST, "officer"),
                (Layer.SECOND, "deputy"),
                (Layer.LEADER, "leader"),
            ):
                draft = ShiftDraft(layer, self.people[login], now - DAY, now + 5 * DAY)
                create_shift(session, draft, person_id=None, now=now)

    @property
    def now(self) -> dt.datetime:
        return self.clock.now()

    @property
    def tables(self) -> Tables:
        with self.sessions() as session:
            return stored_tables(session, self.defaults)

    def engine(self, owner: str = "engine-1") -> EngineWorker:
        return EngineWorker(
            self.sessions, self.clock, owner=owner, version="test", defaults=self.defaults
        )

    def rule(
        self,
        name: str = "欠薪",
        expression: str | None = "欠薪",
        severity: Severity = Severity.RED,
        **options: object,
    ) -> int:
        kind = "threshold" if "window_minutes" in options else "keyword"
        draft = RuleDraft(
            name=name,
            kind=kind,
            severity=severity,
            purpose="劳动关系风险预警",
            expression=expression,
            options=options,
        )
        with self.sessions.begin() as session:
            return create_rule(
                session, draft, person_id=None, now=self.now, language=RuleLanguage()
            )

    def source(self, name: str, level: str = "public") -> int:
        if name not in self.sources:
            with self.sessions.begin() as session:
                source = Source(name=name, kind="feed", platform="forum", level=level)
                session.add(source)
                session.flush()
                self.sources[name] = source.id
        return self.sources[name]

    def post(
        self,
        title: str = "工地欠薪三个月",
        *,
        source: str = "论坛",
        level: str = "public",
        published_at: dt.datetime | None = None,
        topics: tuple[str, ...] = ("wage_arrears",),
        regions: Sequence[str] = (),
        author: bytes | None = None,
        reposts: int | None = None,
        is_demo: bool = False,
    ) -> int:
        source_id = self.source(source, level)
        number = next(_numbers)
        now = self.now
        with self.sessions.begin() as session:
            document = Document(
                source_id=source_id,
                canonical_url=f"http://forum.example/{number}",
                content_hash=number.to_bytes(8, "big"),
                platform="forum",
                level=level,
                published_at=published_at or now,
                ingested_at=now,
                collected_by="crawl",
                topics=list(topics),
                regions=list(regions),
                polarity="negative",
                author_hash=author,
                reposts=reposts,
                is_demo=is_demo,
            )
            session.add(document)
            session.flush()
            session.add(
                DocumentBody(document_id=document.id, ingested_at=now, title=title, text="")
            )
            enqueue(session, Queue.EVALUATE, [document.id], now)
            return document.id

    def alert(self) -> Alert:
        with self.sessions() as session:
            return session.scalars(select(Alert)).one()

    def latest(self) -> Alert:
        return self.alerts()[-1]

    def alerts(self) -> list[Alert]:
        with self.sessions() as session:
            return list(session.scalars(select(Alert).order_by(Alert.id)))

    def deliveries(self, channel: str = "console") -> list[Delivery]:
        with self.sessions() as session:
            return list(
                session.scalars(
                    select(Delivery).where(Delivery.channel == channel).order_by(Delivery.id)
                )
            )

    def told(self, channel: str = "console") -> list[tuple[str, str]]:
        """Give who was told why, in order."""
        names = {id_: login for login, id_ in self.people.items()}
        return [(names[row.person_id], row.reason) for row in self.deliveries(channel)]

    def acknowledge(self, login: str, as_of: AsOf = ANY) -> Acknowledged:
        alert_id = self.alert().id
        with self.sessions.begin() as session:
            return acknowledge(session, alert_id, self.people[login], self.now, as_of=as_of)

    def timeline(self) -> list[tuple[str, str]]:
        with self.sessions() as session:
            entries = timeline.entries(session, self.alert().id)
            return [(entry.action, entry.text) for entry in entries]

    def ticks(self, engine: EngineWorker, until: dt.datetime, every: dt.timedelta) -> None:
        """Let the engine tick until a moment, inclusive."""
        while self.now < until:
            self.clock.set(min(until, self.now + every))
            engine.step()
