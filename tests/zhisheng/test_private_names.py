"""What is kept of a text holds no private name, and nothing is shown of it before that is so."""

import pytest
from sqlalchemy import select

from core.clock import FakeClock
from core.database.models.collecting import Document, DocumentBody
from core.database.models.operations import Queue, WorkItem
from core.database.sessions import Sessions
from core.documents import PENDING, read_document
from core.indexing import all_documents, load_documents
from nlp.pipeline import Pipeline, default_pipeline
from tests.zhisheng.collected import Collected, collect
from zhisheng.understanding import UnderstandWorker

TEXT = "我叫覃桂芳，河湾恒达物流有限公司拖欠我们三十名工人三个月工资。联系人：赵大勇"


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return default_pipeline()


def test_a_text_is_shown_only_masked(
    sessions: Sessions, clock: FakeClock, pipeline: Pipeline
) -> None:
    with sessions.begin() as session:
        (id_,) = collect(session, Collected(text=TEXT, at=clock.now(), arrived=clock.now()))
    with sessions() as session:
        before = read_document(session, id_)
    assert before is not None
    assert (before.headline, before.title, before.text) == (PENDING, "", "")
    assert list(all_documents(sessions)) == []

    assert UnderstandWorker(sessions, clock, pipeline, owner="test").step() == 1
    with sessions() as session:
        kept = session.scalars(select(DocumentBody)).one()
        (indexed,) = load_documents(session, [id_])
        shown = read_document(session, id_)
        waiting = set(session.scalars(select(WorkItem.queue)))
        employers = session.scalars(select(Document.employers)).one()
    assert shown is not None
    assert waiting == {Queue.INDEX.value, Queue.EVALUATE.value}
    assert employers == ["河湾恒达物流有限公司"]
    for text in (
        kept.title,
        kept.text,
        str(kept.annotations),
        indexed.text,
        shown.text,
        *indexed.keywords,
    ):
        assert "覃桂芳" not in text
        assert "赵大勇" not in text
    assert kept.text == TEXT.replace("覃桂芳", "＊＊＊").replace("赵大勇", "＊＊＊")
