import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from core import claims
from core.clock import FakeClock
from core.database.models.collecting import Document, DocumentBody, Source
from core.database.models.operations import Queue, WorkItem
from core.database.sessions import Sessions
from core.expression import parse
from core.indexing import IndexWorker, all_documents
from core.search import SearchQuery
from core.search.tantivy_engine import TantivySearch


def add_documents(sessions: Sessions, clock: FakeClock, *titles: str) -> list[int]:
    with sessions.begin() as session:
        source = session.scalar(select(Source)) or Source(
            name="河湾新闻", kind="feed", platform="新闻网站", level="city"
        )
        session.add(source)
        session.flush()
        ids = []
        for number, title in enumerate(titles):
            document = Document(
                source_id=source.id,
                canonical_url=f"http://news.example/{title}",
                content_hash=bytes([number]) * 32,
                platform="新闻网站",
                level="city",
                published_at=clock.now() - dt.timedelta(minutes=number),
                ingested_at=clock.now(),
                analysed_at=clock.now(),
                collected_by="test",
            )
            session.add(document)
            session.flush()
            session.add(
                DocumentBody(
                    document_id=document.id,
                    ingested_at=clock.now(),
                    title=title,
                    text=f"{title}的正文",
                )
            )
            ids.append(document.id)
        claims.enqueue(session, Queue.INDEX, ids, clock.now())
    return ids


def worker(sessions: Sessions, clock: FakeClock, folder: Path, owner: str = "a") -> IndexWorker:
    return IndexWorker(
        sessions=sessions,
        clock=clock,
        open_writer=lambda: TantivySearch(folder),
        owner=owner,
        version="1",
        is_exclusive=True,
    )


def found(folder: Path, expression: str) -> tuple[int, ...]:
    engine = TantivySearch(folder)
    try:
        engine.refresh()
        return engine.search(SearchQuery(expression=parse(expression))).ids
    finally:
        engine.close()


def test_changed_documents_become_searchable_and_are_marked(
    sessions: Sessions, clock: FakeClock, tmp_path: Path
) -> None:
    ids = add_documents(sessions, clock, "工地欠薪", "天气晴好")
    indexer = worker(sessions, clock, tmp_path)
    assert indexer.step() == 2
    assert indexer.step() == 0
    indexer.close()
    assert found(tmp_path, "欠薪") == (ids[0],)
    with sessions() as session:
        assert session.scalars(select(Document.indexed_revision)).all() == [1, 1]
        assert session.scalars(select(WorkItem)).all() == []


def test_a_document_changed_while_it_was_indexed_is_indexed_again(
    sessions: Sessions, clock: FakeClock, tmp_path: Path
) -> None:
    (document_id,) = add_documents(sessions, clock, "工地欠薪")

    def change_and_open() -> TantivySearch:
        with sessions.begin() as session:
            session.execute(update(Document).values(revision=2))
            session.execute(update(DocumentBody).values(title="工资已发放"))
            claims.enqueue(session, Queue.INDEX, [document_id], clock.now())
        return TantivySearch(tmp_path)

    # The writer is opened between the reading of the rows and the write.
    indexer = IndexWorker(
        sessions=sessions,
        clock=clock,
        open_writer=change_and_open,
        owner="a",
        version="1",
        is_exclusive=True,
    )
    assert indexer.step() == 1
    with sessions() as session:
        assert session.scalars(select(Document.indexed_revision)).all() == [None]
    assert indexer.step() == 1
    indexer.close()
    assert found(tmp_path, "工资已发放") == (document_id,)
    assert found(tmp_path, "标题:欠薪") == ()


def test_a_standby_indexes_only_after_the_leader_is_gone(
    sessions: Sessions, clock: FakeClock, tmp_path: Path
) -> None:
    add_documents(sessions, clock, "甲")
    leader, standby = worker(sessions, clock, tmp_path, "a"), worker(sessions, clock, tmp_path, "b")
    assert leader.step() == 1
    add_documents(sessions, clock, "乙")
    assert standby.step() == 0
    leader.close()
    clock.advance(dt.timedelta(seconds=5))
    assert standby.step() == 1
    standby.close()


def test_a_deleted_document_leaves_the_index(
    sessions: Sessions, clock: FakeClock, tmp_path: Path
) -> None:
    ids = add_documents(sessions, clock, "工地欠薪", "工地讨薪")
    indexer = worker(sessions, clock, tmp_path)
    indexer.step()
    with sessions.begin() as session:
        session.execute(text("delete from document where id = :id"), {"id": ids[0]})
        claims.enqueue(session, Queue.UNINDEX, [ids[0]], clock.now())
    assert indexer.step() == 1
    indexer.close()
    assert found(tmp_path, "工地") == (ids[1],)


@pytest.mark.parametrize("page", [1, 2, 50])
def test_a_rebuild_walks_every_document_once(
    sessions: Sessions, clock: FakeClock, page: int
) -> None:
    ids = add_documents(sessions, clock, "甲", "乙", "丙")
    assert [document.id for document in all_documents(sessions, page=page)] == ids


def test_a_rebuild_leaves_out_what_is_not_analysed_yet(
    sessions: Sessions, clock: FakeClock
) -> None:
    masked, raw = add_documents(sessions, clock, "甲", "乙")
    with sessions.begin() as session:
        session.execute(update(Document).where(Document.id == raw).values(analysed_at=None))
    assert [document.id for document in all_documents(sessions)] == [masked]
