"""Documents, rules and alerts for the tests of the pages that show them."""

import datetime as dt
import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import select

from alerting.engine import EngineWorker
from alerting.installation import install_alerting
from alerting.roster import ShiftDraft, create_shift
from alerting.rules import RuleDraft, RuleLanguage, create_rule
from config.alerting_defaults import AlertingDefaults, load_alerting_defaults
from core.claims import enqueue
from core.database.models.alerting import Alert, Severity
from core.database.models.collecting import Document, DocumentBody, Evidence, Source
from core.database.models.duty import Layer
from core.database.models.operations import Queue
from core.database.models.organisation import Organisation, Person
from core.indexing import load_documents
from crawlers.evidence.archive import Operator
from crawlers.evidence.raw_responses import RawPage, SentRequest, keep_all, sealed
from crawlers.evidence.work import EvidenceWorker
from webui.console import Console

_numbers = itertools.count(1)
HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Post:
    """What one collected text says; times are hours before now."""

    title: str = "工地欠薪三个月，工友相约讨说法"
    text: str = "项目部说月底一定结，今天又说等通知。"
    hours_ago: float = 1.0
    source: str = "河湾论坛"
    platform: str = "论坛"
    level: str = "public"
    topics: tuple[str, ...] = ("wage_arrears",)
    polarity: str | None = "negative"
    relevant: bool | None = True
    regions: tuple[str, ...] = ()
    story_id: int | None = None
    reposts: int | None = None
    url: str | None = None


@dataclass
class Content:
    """Puts documents where the pages look for them: the database and the index."""

    console: Console
    defaults: AlertingDefaults = field(
        default_factory=lambda: replace(load_alerting_defaults(), rules=())
    )

    @property
    def now(self) -> dt.datetime:
        return self.console.clock.now()

    def post(self, post: Post) -> int:
        return self.posts([post])[0]

    def posts(self, posts: list[Post]) -> list[int]:
        with self.console.sessions.begin() as session:
            ids = []
            for post in posts:
                source = session.scalar(select(Source).where(Source.name == post.source))
                if source is None:
                    source = Source(
                        name=post.source, kind="feed", platform=post.platform, level=post.level
                    )
                    session.add(source)
                    session.flush()
                ids.append(self._add(session, post, source.id))
            enqueue(session, Queue.EVALUATE, ids, self.now)
        with self.console.sessions() as session:
            self.console.reader.index(load_documents(session, ids))
        self.console.reader.refresh()
        return ids

    def _add(self, session, post: Post, source_id: int) -> int:  # type: ignore[no-untyped-def]
        number = next(_numbers)
        published = self.now - post.hours_ago * HOUR
        document = Document(
            source_id=source_id,
            canonical_url=post.url or f"https://forum.example/{number}",
            content_hash=hashlib.sha256(str(number).encode()).digest(),
            platform=post.platform,
            level=post.level,
            published_at=published,
            ingested_at=max(published, self.now - dt.timedelta(days=20)),
            analysed_at=self.now,
            collected_by="crawl",
            topics=list(post.topics),
            regions=list(post.regions),
            polarity=post.polarity,
            relevant=post.relevant,
            relevance=0.9,
            reposts=post.reposts,
            story_id=post.story_id,
        )
        session.add(document)
        session.flush()
        session.add(
            DocumentBody(
                document_id=document.id,
                ingested_at=document.ingested_at,
                title=post.title,
                text=post.text,
                annotations={
                    "topics": [{"code": code, "score": 0.8} for code in post.topics],
                    "polarity": {"label": post.polarity, "scores": {str(post.polarity): 0.93}},
                    "keywords": ["欠薪"],
                    "models": {"topics": "linear-1"},
                },
            )
        )
        return int(document.id)

    def install_duty(self, login: str) -> None:
        """Give the union its roster, with one person on every layer."""
        with self.console.sessions.begin() as session:
            organisation = session.scalars(
                select(Organisation.id).order_by(Organisation.id)
            ).first()
            person = session.scalars(select(Person.id).where(Person.login == login)).one()
            assert organisation is not None
            install_alerting(
                session,
                self.defaults,
                now=self.now,
                language=RuleLanguage(),
                organisation_id=organisation,
            )
            for layer in (Layer.FIRST, Layer.LEADER):
                draft = ShiftDraft(layer, person, self.now - 24 * HOUR, self.now + 120 * HOUR)
                create_shift(session, draft, person_id=None, now=self.now)

    def rule(
        self, name: str = "欠薪聚集", expression: str = "讨说法", severity: Severity = Severity.RED
    ) -> int:
        draft = RuleDraft(
            name=name,
            kind="keyword",
            severity=severity,
            purpose="劳动关系风险预警",
            expression=expression,
            advice="联系项目所在地工会核实，按时限报送。",
        )
        with self.console.sessions.begin() as session:
            return create_rule(
                session, draft, person_id=None, now=self.now, language=RuleLanguage()
            )

    def evaluate(self) -> None:
        """Let the engine look at everything that waits."""
        engine = EngineWorker(
            self.console.sessions,
            self.console.clock,
            owner="engine-tests",
            version="test",
            defaults=self.defaults,
        )
        while engine.step():
            pass

    def keep_page(
        self, document_id: int, body: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        """Keep what a site answered for a document, as a crawler would have."""
        with self.console.sessions.begin() as session:
            document = session.get_one(Document, document_id)
            asked = SentRequest("GET", document.canonical_url, {"User-Agent": "Zhisheng/test"})
            page = RawPage(
                document.canonical_url, 200, headers or {}, body, document.ingested_at, asked
            )
            keep_all(session, [sealed(self.console.keyring, page, document_id=document_id)])

    def take_evidence(self) -> int:
        """Take what was asked for; gives the id of the newest piece."""
        worker = EvidenceWorker(
            self.console.sessions,
            self.console.clock,
            self.console.keyring,
            owner="evidence-tests",
            operator=Operator("Zhisheng/test", "test@example.org"),
        )
        while worker.step():
            pass
        with self.console.sessions() as session:
            return session.scalars(select(Evidence.id).order_by(Evidence.id.desc())).first() or 0

    def alert(self) -> Alert:
        with self.console.sessions() as session:
            return session.scalars(select(Alert).order_by(Alert.id)).one()
