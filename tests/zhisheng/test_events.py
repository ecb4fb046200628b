import datetime as dt
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from core import event_decisions
from core.claims import enqueue
from core.clock import FakeClock
from core.database.models.collecting import Document
from core.database.models.operations import AuditEntry, Queue
from core.database.models.understanding import Event, EventEntry, EventHour, Story
from core.database.sessions import Sessions
from core.errors import ConflictError, IllegalTransitionError
from core.event_decisions import Seen
from core.outbound.address_policy import AddressPolicy
from core.outbound.client import HTTPClient
from crawlers.retention import delete_expired
from nlp.pipeline import Pipeline, default_pipeline
from tests.zhisheng.collected import Collected, collect
from zhisheng.event_updates import EventWorker
from zhisheng.model_summary import EventSummariser
from zhisheng.understanding import UnderstandWorker

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
FIRST = "东莞长安镇的金鼎电子厂拖欠六百名工人两个月工资，今天上午工人聚在厂门口讨薪，要求公司尽快发放拖欠工资。"
SECOND = (
    "金鼎电子又发不出工资了！长安这边六百多号人等着钱吃饭，老板只说再等等，劳动局能不能管一管欠薪？"
)
NEWS = "东莞市长安镇人社分局通报，金鼎电子拖欠工资问题已立案调查，企业承诺本月底前向600名工人付清两个月欠薪。"
OTHER = (
    "兰州城关区环卫工反映，环卫公司克扣高温补贴，夏天三个月的补贴一分没发，工人要求补发高温津贴。"
)
IRRELEVANT = "周末和朋友去看了新上映的科幻电影，特效很好，爆米花也不错，推荐大家去看。"


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return default_pipeline()


def understand(sessions: Sessions, clock: FakeClock, pipeline: Pipeline) -> None:
    worker = UnderstandWorker(sessions, clock, pipeline, owner="test")
    while worker.step():
        pass


def events_of(sessions: Sessions, ids: Sequence[int]) -> list[int | None]:
    with sessions() as session:
        found = dict(session.execute(select(Document.id, Document.event_id)).all())
    return [found[id_] for id_ in ids]


def collected(
    sessions: Sessions, clock: FakeClock, pipeline: Pipeline, *texts: Collected
) -> list[int]:
    with sessions.begin() as session:
        ids = collect(session, *texts)
    understand(sessions, clock, pipeline)
    return ids


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_texts_on_one_matter_form_an_event(
    sessions: Sessions, clock: FakeClock, pipeline: Pipeline, in_one_batch: bool
) -> None:
    now = clock.now()
    texts = [
        Collected(text=text, at=now - 20 * HOUR + number * HOUR, arrived=now)
        for number, text in enumerate([FIRST, SECOND, NEWS, OTHER, IRRELEVANT, FIRST + "！"])
    ]
    groups = [texts] if in_one_batch else [[text] for text in texts]
    ids = [id_ for group in groups for id_ in collected(sessions, clock, pipeline, *group)]
    first, second, news, other, irrelevant, copy = events_of(sessions, ids)
    assert first is not None
    assert (second, news, copy) == (first, first, first)
    assert other not in {None, first}
    assert irrelevant is None
    with sessions() as session:
        assert len(session.scalars(select(Event)).all()) == 2


def test_analysing_again_moves_nothing(
    sessions: Sessions, clock: FakeClock, pipeline: Pipeline
) -> None:
    now = clock.now()
    texts = [Collected(text=text, at=now) for text in (FIRST, SECOND, NEWS, OTHER)]
    ids = collected(sessions, clock, pipeline, *texts)
    before = events_of(sessions, ids)
    with sessions.begin() as session:
        enqueue(session, Queue.ANALYSE, ids, now)
    understand(sessions, clock, pipeline)
    assert events_of(sessions, ids) == before
    with sessions() as session:
        assert len(session.scalars(select(Event)).all()) == 2
        assert set(session.scalars(select(Story.event_id))) == set(before)


def renew(sessions: Sessions, clock: FakeClock) -> None:
    summariser = EventSummariser(HTTPClient(AddressPolicy(), user_agent="test"), None)
    worker = EventWorker(sessions, clock, summariser, owner="test")
    while worker.step():
        pass


def test_renewing_counts_an_event_and_explains_it(
    sessions: Sessions, clock: FakeClock, pipeline: Pipeline
) -> None:
    now = clock.now()
    texts = [
        Collected(text=FIRST, at=now - 5 * HOUR, arrived=now),
        Collected(text=SECOND, at=now - 4 * HOUR, arrived=now, source="微博", platform="微博"),
        Collected(text=NEWS, title="金鼎电子欠薪被立案", at=now - 2 * HOUR, arrived=now),
        Collected(text=NEWS, at=now - HOUR, arrived=now),
    ]
    ids = collected(sessions, clock, pipeline, *texts)
    renew(sessions, clock)
    with sessions() as session:
        event = session.scalars(select(Event)).one()
        assert (event.documents, event.stories, event.sources) == (4, 3, 2)
        assert event.first_document_id == ids[0]
        assert event.title == "金鼎电子欠薪被立案"
        assert "441900" in event.regions
        assert event.hotness > 0
        assert set(event.detail) >= {"hotness", "lifecycle", "forecast", "summary", "keywords"}
        assert event.summary
        assert event.due_at == clock.now().replace(minute=0) + HOUR
        hours = session.execute(select(EventHour.hour, EventHour.documents)).all()
        assert sum(count for _, count in hours) == 4


def test_an_event_cools_down_and_rests(
    sessions: Sessions, clock: FakeClock, pipeline: Pipeline
) -> None:
    now = clock.now()
    texts = [Collected(text=text, at=now - HOUR) for text in (FIRST, SECOND, NEWS)]
    collected(sessions, clock, pipeline, *texts)
    heats = []
    for _ in range(5):
        renew(sessions, clock)
        with sessions() as session:
            event = session.scalars(select(Event)).one()
            heats.append(event.hotness)
            status = event.status
        clock.advance(5 * DAY)
    assert heats == sorted(heats, reverse=True)
    assert (heats[-1], status) == (0, "falling")
    with sessions() as session:
        assert session.scalars(select(Event.due_at)).one() is None
        assert "回落" in session.scalars(select(EventEntry.text)).all()[-1]


def seen(sessions: Sessions, event_id: int | None) -> Seen:
    with sessions() as session:
        event = session.get_one(Event, event_id)
        return Seen(event.id, event.version)


MORE = "金鼎电子讨薪的工友今天又去了长安镇人社分局，六百人的两个月工资还是没有说法。"


def test_later_documents_follow_a_merge_and_its_undoing(
    sessions: Sessions, clock: FakeClock, pipeline: Pipeline
) -> None:
    now = clock.now()
    ids = collected(sessions, clock, pipeline, *(Collected(text=x, at=now) for x in (FIRST, OTHER)))
    given, kept = events_of(sessions, ids)
    with sessions.begin() as session:
        [decision] = event_decisions.merge(
            session,
            kept=seen(sessions, kept),
            given=[seen(sessions, given)],
            actor="role:analyst",
            now=now,
        )
    renew(sessions, clock)
    [later] = collected(
        sessions, clock, pipeline, Collected(text=SECOND, at=now + HOUR, arrived=now)
    )
    assert events_of(sessions, [*ids, later]) == [kept, kept, kept]
    with sessions.begin() as session:
        event_decisions.undo(session, decision, actor="role:analyst", now=now)
    renew(sessions, clock)
    [last] = collected(
        sessions, clock, pipeline, Collected(text=MORE, at=now + 2 * HOUR, arrived=now)
    )
    assert events_of(sessions, [*ids, last]) == [given, kept, given]
    with sessions() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert actions == ["event.merged", "event.took_in", "event.undone", "event.undone"]


def test_later_documents_follow_a_split(
    sessions: Sessions, clock: FakeClock, pipeline: Pipeline
) -> None:
    now = clock.now()
    canteen = "东莞金鼎电子食堂多名工人食物中毒腹泻送医，工人要求公司赔偿误工工资和医药费，食堂已封存留样。"
    ids = collected(
        sessions, clock, pipeline, *(Collected(text=x, at=now) for x in (FIRST, SECOND, canteen))
    )
    [event_id] = set(events_of(sessions, ids[:2]))
    with sessions.begin() as session:
        document = session.get_one(Document, ids[2])
        document.event_id = event_id
        session.get_one(Story, document.story_id).event_id = event_id
        new = event_decisions.split(
            session,
            seen(sessions, event_id),
            [document.story_id or 0],
            title="金鼎电子食堂疑似食物中毒",
            actor="person:1",
            now=now,
        )
    renew(sessions, clock)
    later = collected(
        sessions,
        clock,
        pipeline,
        Collected(
            text="金鼎电子食堂食物中毒腹泻的工人要求公司赔偿医药费和误工工资，食堂封存的留样已送检。",
            at=now + HOUR,
            arrived=now,
        ),
        Collected(text=NEWS, at=now + HOUR, arrived=now),
    )
    assert events_of(sessions, [*ids, *later]) == [event_id, event_id, new, new, event_id]


def test_an_event_changed_by_somebody_else_is_not_changed_again(
    sessions: Sessions, clock: FakeClock, pipeline: Pipeline
) -> None:
    now = clock.now()
    [id_] = collected(sessions, clock, pipeline, Collected(text=FIRST, at=now))
    looked_at = seen(sessions, events_of(sessions, [id_])[0])
    with sessions.begin() as session:
        event_decisions.close(session, looked_at, "工资已付清", actor="person:1", now=now)
    with sessions.begin() as session, pytest.raises(ConflictError):
        event_decisions.rename(session, looked_at, "另一个名字", actor="person:2", now=now)


@pytest.mark.parametrize("reason", ["", "  "])
def test_silence_asks_for_a_reason_and_a_time_to_come(
    sessions: Sessions, clock: FakeClock, pipeline: Pipeline, reason: str
) -> None:
    now = clock.now()
    [id_] = collected(sessions, clock, pipeline, Collected(text=FIRST, at=now))
    looked_at = seen(sessions, events_of(sessions, [id_])[0])
    for until, why in ((now + DAY, reason), (now, "测试")):
        with sessions.begin() as session, pytest.raises(IllegalTransitionError):
            event_decisions.silence(
                session, looked_at, until=until, reason=why, actor="person:1", now=now
            )


def test_an_event_outlives_its_texts_without_quoting_them(
    sessions: Sessions, clock: FakeClock, pipeline: Pipeline
) -> None:
    now = clock.now()
    collected(sessions, clock, pipeline, *(Collected(text=x, at=now) for x in (FIRST, SECOND)))
    renew(sessions, clock)
    clock.advance(181 * DAY)
    delete_expired(sessions, now=clock.now())
    renew(sessions, clock)
    with sessions() as session:
        event = session.scalars(select(Event)).one()
        assert event.documents == 2
        assert (event.title, event.summary, event.first_document_id) == (
            "（原文已过保存期）",
            None,
            None,
        )
        assert "金鼎" not in str(event.detail)
        assert not session.scalars(select(Story)).all()
        assert session.scalars(select(EventHour.documents)).all() == [2]


def test_two_workers_begin_nothing_twice(
    sessions: Sessions, clock: FakeClock, pipeline: Pipeline
) -> None:
    now = clock.now()
    texts = [
        Collected(text=text, at=now - (number % 7) * HOUR, arrived=now, source=f"信源{number}")
        for number in range(150)
        for text in (FIRST, OTHER)
    ]
    with sessions.begin() as session:
        collect(session, *texts)
    workers = [
        UnderstandWorker(sessions, clock, pipeline, owner=f"worker {number}") for number in range(2)
    ]

    def exhaust(worker: UnderstandWorker) -> None:
        while worker.step():
            pass

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(exhaust, workers))
    renew(sessions, clock)
    with sessions() as session:
        assert session.scalars(select(Story.documents)).all() == [150, 150]
        assert session.scalars(select(Event.documents)).all() == [150, 150]
        assert session.scalar(select(func.count()).where(Document.event_id.is_(None))) == 0
