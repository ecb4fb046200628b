"""What visits leave in the database: threads over several visits, answers, ranks, and what counts as news."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from sqlalchemy import select

from core.clock import FakeClock
from core.crypto.author_hash import AuthorHasher
from core.database.models.collecting import Document, Engagement, Source
from core.database.models.operations import WorkItem
from core.database.sessions import Sessions
from crawlers.intake import AnswerState, CollectedDocument
from crawlers.source import Harvest, PageLink
from crawlers.sources import ensure_import_source
from crawlers.visiting.harvest_storage import brings_news, cursor_after, store_harvest

URL = "https://liuyan.example.com/t/7"
MESSAGE = CollectedDocument(
    "拖欠工资三个月", "工地三个月没发工资。", URL, answer_state=AnswerState.PENDING
)
REPLY = CollectedDocument(
    "", "已责成支付。", URL, kind="official_reply", anchor="reply", thread_url=URL
)
TOPICS = [
    CollectedDocument(title, "", f"https://hot.example.com/{title}", kind="trending", rank=rank)
    for rank, title in enumerate(["讨薪", "天气", "停电"], start=1)
]


class Visits:
    """One visit after the other to one source, each in a transaction of its own."""

    def __init__(self, sessions: Sessions, hasher: AuthorHasher, clock: FakeClock) -> None:
        self.sessions, self.hasher, self.clock = sessions, hasher, clock

    def bring(self, harvest: Harvest, *, hint: PageLink | None = None) -> list[Document]:
        self.clock.advance(dt.timedelta(minutes=10))
        now = self.clock.now()
        with self.sessions.begin() as session:
            source = ensure_import_source(session, "留言板", now=now)
            stored = store_harvest(session, source, harvest, now=now, hasher=self.hasher, hint=hint)
            source.cursor = cursor_after(session, source, harvest, stored, now)
        with self.sessions() as session:
            return [session.get_one(Document, id_) for id_ in stored.ids]

    def ranks(self, document: Document) -> list[int | None]:
        with self.sessions() as session:
            rows = select(Engagement).where(Engagement.document_id == document.id)
            return [row.rank for row in session.scalars(rows.order_by(Engagement.seen_at))]


def listing(*ranked: int) -> Harvest:
    """Make the list of topics by their numbers, in this order."""
    documents = (replace(TOPICS[n - 1], rank=rank) for rank, n in enumerate(ranked, start=1))
    return Harvest(documents=tuple(documents), is_ranking=True)


def test_answers_threads_and_ranks_over_several_visits(
    sessions: Sessions, hasher: AuthorHasher, clock: FakeClock
) -> None:
    visits = Visits(sessions, hasher, clock)
    (pending,) = visits.bring(Harvest((MESSAGE,)), hint=PageLink(URL, outlet="河湾市人社局"))
    assert (pending.answer_state, pending.outlet) == ("pending", "河湾市人社局")

    answered_at = clock.now() - dt.timedelta(hours=1)
    edited = replace(MESSAGE, text="工地四个月没发工资。")
    visits.bring(Harvest((edited,)))
    replied = replace(edited, answer_state=AnswerState.REPLIED, answered_at=answered_at)
    opening, _ = visits.bring(Harvest((replied, REPLY), is_thread=True))
    with sessions() as session:
        rows = session.scalars(select(Document).where(Document.canonical_url == URL)).all()
        assert [(row.answer_state, row.answered_at) for row in rows] == [
            ("replied", answered_at)
        ] * 2
        assert len(session.scalars(select(WorkItem.subject_id)).all()) == 3

    (again,) = visits.bring(Harvest((edited,)))
    assert (again.id, again.answer_state, again.answered_at) == (opening.id, "replied", answered_at)
    (late,) = visits.bring(Harvest((replace(REPLY, text="补充答复。", anchor="reply-2"),)))
    assert late.thread_id == pending.id

    wages, weather, _ = visits.bring(listing(1, 2, 3))
    visits.bring(listing(2, 1))
    visits.bring(listing(2, 1))
    visits.bring(listing(1))
    visits.bring(listing(3, 2, 1))
    assert visits.ranks(wages) == [1, 2, 1, 3]
    assert visits.ranks(weather) == [2, 1, None, 2]

    known = Harvest(links=(PageLink("https://a.example.com/1"),))
    with sessions() as session:
        source = session.scalars(select(Source)).one()
        assert not brings_news(session, source.id, listing(1, 2))
        assert not brings_news(session, source.id, Harvest((MESSAGE, REPLY)))
        assert brings_news(session, source.id, Harvest((replace(REPLY, anchor="x"),)))
        assert brings_news(session, source.id, known)
        assert not brings_news(session, source.id, Harvest())
