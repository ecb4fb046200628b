import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import claims
from core.clock import FakeClock
from core.crypto.author_hash import AuthorHasher
from core.database.models.collecting import Document, DocumentBody, Source, SourceHour
from core.database.models.media import Account, Metric, Publication
from core.database.models.operations import Queue, WorkItem
from core.outbound.address_policy import AddressPolicy
from crawlers import sources
from crawlers.own_comments import CommentStore, find_source, post_comments
from media_matrix.comments import CommentedPost
from media_matrix.metrics import MetricsWorker
from media_matrix.publishers.comments import CommentMark, plain_comment
from media_matrix.publishers.platform_http import Answer
from media_matrix.publishers.weibo_comments import weibo_comments
from media_matrix.publishing import PublishWorker
from media_matrix.sandbox import SandboxState
from media_matrix.sandbox.readers import add_comment
from media_matrix.sandbox.state import Fault, FaultKind
from tests.media_matrix.office import Office

HOUR = dt.timedelta(hours=1)
PHONE = "13800138000"


@dataclass
class Ear:
    """An office that listens to what is written below its posts."""

    office: Office
    sandbox: SandboxState
    worker: PublishWorker
    store: CommentStore = field(init=False)
    numbers: MetricsWorker = field(init=False)

    def __post_init__(self) -> None:
        access = self.office.access
        hasher = AuthorHasher(access.sessions, access.keyring)
        self.store = CommentStore(hasher, AddressPolicy())
        self.numbers = MetricsWorker(access, owner="metrics", comments=self.store)

    def publish(self, channel: str) -> int:
        (publication_id,) = self.office.scheduled(channel)
        self.office.run(self.worker)
        self.office.run_for(self.worker, dt.timedelta(seconds=30))
        return publication_id

    def listen(self, after: dt.timedelta = dt.timedelta()) -> None:
        self.office.clock.advance(after)
        while self.numbers.step():
            pass

    def heard(self) -> list[tuple[Document, DocumentBody]]:
        with self.office.access.sessions() as session:
            query = select(Document, DocumentBody).join(
                DocumentBody, DocumentBody.document_id == Document.id
            )
            return [(one, body) for one, body in session.execute(query.order_by(Document.id))]

    def texts(self) -> list[str]:
        return [body.text for _, body in self.heard()]

    def mark(self, publication_id: int) -> CommentMark:
        return CommentMark.read(self.office.publication(publication_id).comments_mark)

    def asked(self, platform: str, action: str) -> int:
        return sum(
            (entry.platform, entry.action) == (platform, action)
            for entry in self.sandbox.data.journal
        )

    def source(self, channel: str) -> Source:
        with self.office.access.sessions() as session:
            found = find_source(session, self.office.accounts[channel])
            assert found is not None
            return found


@pytest.fixture
def ear(office: Office, sandbox: SandboxState, worker: PublishWorker) -> Ear:
    return Ear(office, sandbox, worker)


def test_what_workers_answer_below_a_weibo_post_becomes_documents(ear: Ear) -> None:
    publication_id = ear.publish("weibo")
    ear.listen(dt.timedelta(minutes=40))
    heard = ear.heard()
    assert len(heard) == 6
    post = ear.office.publication(publication_id)
    for document, body in heard:
        assert (document.kind, document.platform, document.level) == ("comment", "微博", "public")
        assert document.canonical_url.startswith(f"{post.url}#")
        assert document.author_hash is not None
        assert body.title == ""
        assert not document.has_bad_time
    texts = ear.texts()
    assert not any("私信给我们" in text for text in texts), "our own reply is left out"
    assert any("我们六个人都愿意作证" in text for text in texts)
    assert "先别急着谢，钱到手再说。" in texts, "whom a reply names is left out"
    with ear.office.access.sessions() as session:
        queued = session.scalars(
            select(WorkItem).where(WorkItem.queue == Queue.ANALYSE.value)
        ).all()
        assert len(queued) == 6
        everything = json.dumps([post.comments_mark, post.progress, ear.source("weibo").options])
        below = post_comments(session, post.account_id, post.url or "")
    stored = everything + "".join(texts)
    assert PHONE not in stored
    assert "夜班的风" not in stored
    source = ear.source("weibo")
    assert below is not None
    assert (below.source_id, below.comments) == (source.id, 6)
    assert source.name == "示范市总工会（演练）的评论（微博）"
    assert source.legal_basis

    # Nothing new: the platform is not asked again, whatever else is read.
    asked, counts = ear.asked("weibo", "comments/show"), ear.asked("weibo", "statuses/count")
    ear.sandbox.data.comments = [
        comment
        for comment in ear.sandbox.data.comments
        if comment.created_at <= ear.office.clock.now()
    ]
    ear.listen(HOUR / 2)
    ear.listen(2 * HOUR)
    assert ear.asked("weibo", "statuses/count") == counts + 2
    assert ear.asked("weibo", "comments/show") == asked
    known = len(ear.heard())

    # One is deleted, two are written, one is liked: only what is new is added.
    shown = ear.sandbox.data.comments
    shown[0].is_deleted = True
    shown[1].likes = 99
    for text in ("工资条一直不给", "项目部换人了"):
        add_comment(ear.sandbox, "weibo", post.platform_id or "", text, ear.office.clock.now())
    ear.listen(3 * HOUR)
    heard = ear.heard()
    assert len(heard) == known + 2
    assert max(document.likes or 0 for document, _ in heard) == 99
    assert ear.mark(publication_id).taken == len(heard)
    with ear.office.access.sessions() as session:
        hours = session.scalars(select(SourceHour)).all()
        assert sum(hour.new for hour in hours) == len(heard)
        assert sum(hour.duplicates for hour in hours) > 0
        assert not any(hour.failures for hour in hours)


def test_a_storm_of_comments_is_caught_up_over_several_visits(ear: Ear) -> None:
    publication_id = ear.publish("weibo")
    ear.sandbox.data.comments.clear()
    post = ear.office.publication(publication_id)
    at = ear.office.clock.now()
    for number in range(140):
        add_comment(
            ear.sandbox, "weibo", post.platform_id or "", f"第{number}个人说",
            at + dt.timedelta(seconds=number / 10),
        )  # fmt: skip
    seen = []
    for wait in (dt.timedelta(minutes=2), dt.timedelta(minutes=5), HOUR):
        before = ear.asked("weibo", "comments/show")
        ear.listen(wait)
        assert ear.asked("weibo", "comments/show") - before <= 2 * 2
        seen.append(len(ear.heard()))
    assert seen[0] < 140
    assert len(set(ear.texts())) == len(ear.texts()) == seen[-1] == 140
    assert ear.mark(publication_id).missing is None


def test_comments_of_the_site_and_of_wechat_are_heard_and_edits_kept(ear: Ear) -> None:
    site, article = ear.publish("wordpress"), ear.publish("wechat")
    ear.listen(2 * HOUR)
    by_platform = {
        platform: [body.text for document, body in ear.heard() if document.platform == platform]
        for platform in ("工会网站", "微信公众号")
    }
    for texts in by_platform.values():
        assert len(texts) == 9
        assert not any("私信给我们" in text for text in texts)
        assert not any(PHONE in text or "<p>" in text for text in texts)
    assert ear.source("wechat").id != ear.source("wordpress").id
    url = ear.office.publication(site).url or ""
    edited = next(row for row in ear.sandbox.data.comments if row.platform == "wordpress")
    edited.text = "终于有人管了，可是钱还没到账。"
    ear.listen(12 * HOUR)
    site_documents = [row for row in ear.heard() if row[0].canonical_url.startswith(f"{url}#")]
    versions = [body.text for one, body in site_documents if str(edited.id) in one.canonical_url]
    assert versions == ["终于有人管了，谢谢工会。", "终于有人管了，可是钱还没到账。"]
    with ear.office.access.sessions() as session:
        account_id = ear.office.accounts["wordpress"]
        below = post_comments(session, account_id, url)
        assert below is not None
        assert below.comments == len(site_documents) - 1, "two versions are one comment"
    assert ear.mark(article).reason is None
    assert ear.asked("wordpress", "users/me") == 1


def test_comments_that_wechat_does_not_show_are_told_from_none(ear: Ear) -> None:
    publication_id = ear.publish("wechat")
    switches = ear.sandbox.data.switches
    for code, reason in ((88000, "88000"), (88001, "88001"), (0, "comments_hidden")):
        switches.wechat_comments_code, switches.wechat_hides_comments = code, not code
        ear.listen(dt.timedelta(days=1))
        assert ear.heard() == []
        assert ear.mark(publication_id).reason == f"wechat:{reason}"
        assert ear.source("wechat").failure_reason
    with ear.office.access.sessions() as session:
        assert len(session.scalars(select(Metric)).all()) == 3, "the numbers are kept"
    switches.wechat_hides_comments = False
    ear.listen(dt.timedelta(days=1))
    assert ear.heard()
    assert ear.mark(publication_id).reason is None
    assert ear.source("wechat").failures == 0


def test_numbers_go_on_while_comments_break_are_paused_or_cost_too_much(ear: Ear) -> None:
    publication_id = ear.publish("weibo")
    for kind in (FaultKind.HTML, FaultKind.BAD_GATEWAY, FaultKind.DROP_BEFORE):
        ear.sandbox.add_fault(Fault("weibo", kind, "read comments/show"))
    ear.listen(dt.timedelta(minutes=3))
    ear.listen(dt.timedelta(minutes=10))
    ear.listen(dt.timedelta(minutes=50))
    sessions = ear.office.access.sessions
    with sessions() as session:
        assert len(session.scalars(select(Metric)).all()) == 3
        assert sum(len(hour.failures) for hour in session.scalars(select(SourceHour))) > 0
    assert ear.heard() == []
    source, now = ear.source("weibo"), ear.office.clock.now()
    with sessions.begin() as session:
        sources.pause_source(session, source.id, now=now, actor="test")
    ear.listen(3 * HOUR)
    assert ear.heard() == []
    assert ear.office.publication(publication_id).metrics_due_at is not None
    with sessions.begin() as session:
        assert len(session.scalars(select(Metric)).all()) == 4
        sources.resume_source(session, source.id, now=now, actor="test")
    ear.listen(4 * HOUR)
    assert ear.heard(), "what was written during the pause is caught up"
    assert ear.source("weibo").due_at is None, "no crawler is sent there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaken(CommentStore):
    """While the platform is asked for comments, the lease ends and another worker gets the post."""

    clock: FakeClock

    def wants(self, session: Session, account_id: int) -> bool:
        """Let the other worker in first."""
        long_ago = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
        session.execute(update(Publication).values(lease_until=long_ago))
        taken = claims.take(
            session, Publication, owner="other", now=self.clock.now(), lease=HOUR, limit=8
        )
        assert len(taken) == 1
        session.execute(update(Publication).values(lease_until=long_ago))
        session.commit()
        return CommentStore.wants(self, session, account_id)


def test_who_lost_the_post_while_reading_writes_nothing(ear: Ear) -> None:
    publication_id = ear.publish("weibo")
    ear.office.clock.advance(dt.timedelta(minutes=10))
    overtaken = Overtaken(hasher=ear.store.hasher, policy=ear.store.policy, clock=ear.office.clock)
    MetricsWorker(ear.office.access, owner="slow", comments=overtaken).step()
    assert ear.heard() == []
    assert ear.office.publication(publication_id).comments_mark is None
    with ear.office.access.sessions() as session:
        assert session.scalars(select(Metric)).all() == []
    ear.listen(2 * HOUR)
    assert len(set(ear.texts())) == len(ear.texts()) > 0


def test_sources_of_accounts_with_one_name_are_told_apart(ear: Ear) -> None:
    with ear.office.access.sessions.begin() as session:
        for number in (11, 12):
            post = CommentedPost(number, "工会", "weibo", "新浪微博", "https://weibo.com/1/2")
            ear.store.take_in(session, post, [], ear.office.clock.now())
            ear.store.take_in(session, post, [], ear.office.clock.now())
        names = session.scalars(select(Source.name).order_by(Source.id)).all()
        assert names == ["工会的评论（微博）", "工会的评论（微博） 2"]
        assert session.scalars(select(Account)).all()


@settings(max_examples=40)
@given(st.lists(st.integers(min_value=0, max_value=170), min_size=1, max_size=6))
def test_no_comment_is_lost_however_many_come_between_visits(bursts: list[int]) -> None:
    ids: list[int] = []

    def ask(asked: Mapping[str, str]) -> Answer:
        above, up_to = int(asked.get("since_id", 0)), int(asked.get("max_id", 10**9))
        found = [number for number in reversed(ids) if above < number <= up_to]
        rows = [{"id": number, "text": str(number), "user": {"id": 1}} for number in found[:50]]
        return Answer(200, {"comments": rows, "next_cursor": found[50] if found[50:] else 0})

    mark, seen = CommentMark(), set[int]()
    for burst in [*bursts, *[0] * 24]:
        ids.extend(range(len(ids) + 1, len(ids) + burst + 1))
        page = weibo_comments(ask, mark, counted=len(ids), own="2")
        mark = CommentMark.read(json.loads(json.dumps(page.mark.stored())))
        seen |= {int(comment.platform_id) for comment in page.comments}
    assert seen == set(ids)
    assert not weibo_comments(ask, mark, counted=len(ids), own="2").was_asked


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("回复@张三丰:同意", "同意"),
        ("回复 @a-b ：@李四 你们那边呢", "@… 你们那边呢"),
        ("邮箱里没有回复@我", "邮箱里没有回复@…"),
        ("工资没发", "工资没发"),
    ],
)
def test_nobody_is_named_in_a_comment(written: str, kept: str) -> None:
    assert plain_comment(written) == kept
