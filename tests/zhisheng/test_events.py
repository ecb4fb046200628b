import datetime as dt
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from core.clock import FakeClock
from core.database.models.collecting import Document
from core.database.models.understanding import Event, Story
from core.database.sessions import Sessions
from nlp.pipeline import Pipeline, default_pipeline
from tests.zhisheng.collected import Collected, collect
from zhisheng.understanding import UnderstandWorker

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
FIRST = (
    "东莞长安镇的金鼎电子厂拖欠六百名工人两个月工资，今天上午工人聚在厂门口讨薪，要求公司尽快发放拖欠工资。"
)
SECOND = (
    "金鼎电子又发不出工资了！长安这边六百多号人等着钱吃饭，老板只说再等等，劳动局能不能管一管欠薪？"
)
NEWS = (
    "东莞市长安镇人社分局通报，金鼎电子拖欠工资问题已立案调查，企业承诺本月底前向600名工人付清两个月欠薪。"
)
OTHER = "兰州城关区环卫工反映，环卫公司克扣高温补贴，夏天三个月的补贴一分没发，工人要求补发高温津贴。"
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
    from core.claims import enqueue
    from core.database.models.operations import Queue

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
