import datetime as dt

import pytest
from sqlalchemy import select

from core.clock import FakeClock
from core.database.models.collecting import Document
from core.database.models.understanding import Story, StoryKey, StoryRelation, StorySketch
from core.database.sessions import Sessions
from tests.zhisheng.collected import Collected, collect
from zhisheng.stories import StoryPlace, join_stories
from zhisheng.story_tables import forget_old
from zhisheng.understanding import load_bodies, text_input

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
TEXT = (
    "河湾市一家食品厂的四十多名工人到区劳动监察大队反映，厂方自六月起只发生活费，至今欠薪约一百二十万元。"
    "厂长称订单减少、货款未回，承诺月底前先付一半。监察大队已立案，并约谈了企业负责人，要求十日内提出支付计划。"
)
REPRINT = f"转自：河湾晚报\n{TEXT}\n责任编辑：周文"
REWRITE = (
    TEXT[:60]
    + "工人们说，再拖下去连回家的车票都买不起，希望有关部门早点给个准信，别再让大家白跑一趟。"
)
OTHER = "社区食堂本周上新了三款低盐套餐，七十岁以上老人凭证可享八折，取餐时间为每天十一点到十三点。"


def joined(sessions: Sessions, *texts: Collected) -> list[StoryPlace | None]:
    """Store texts and join them in one batch, in this order of ids."""
    with sessions.begin() as session:
        ids = collect(session, *texts)
    return placed(sessions, ids)


def placed(sessions: Sessions, ids: list[int]) -> list[StoryPlace | None]:
    with sessions.begin() as session:
        rows = [
            (document, text_input(document, body)) for document, body in load_bodies(session, ids)
        ]
        places = join_stories(session, rows, None)
        for document, _ in rows:
            if place := places.get(document.id):
                document.story_id = place.story_id
                document.story_relation = place.relation.value
                document.story_parent_id = place.parent_id
    return [places.get(id_) for id_ in ids]


def relation(place: StoryPlace | None) -> StoryRelation:
    assert place is not None
    return place.relation


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_a_story_gathers_its_copies(
    sessions: Sessions, clock: FakeClock, in_one_batch: bool
) -> None:
    now = clock.now()
    texts = [
        Collected(text=text, at=now + number * HOUR)
        for number, text in enumerate([TEXT, TEXT.replace("，", " "), REPRINT, REWRITE, OTHER])
    ]
    groups = [texts] if in_one_batch else [[text] for text in texts]
    places = [place for group in groups for place in joined(sessions, *group)]
    assert [relation(place) for place in places] == [
        "first",
        "exact",
        "reprint",
        "rewrite",
        "first",
    ]
    assert len({place.story_id for place in places[:4] if place}) == 1
    with sessions() as session:
        sizes = session.scalars(select(Story.documents).order_by(Story.id)).all()
        assert sizes == [4, 1]


def test_the_earliest_publication_is_first_even_when_it_arrives_late(
    sessions: Sessions, clock: FakeClock
) -> None:
    now = clock.now()
    [copy] = joined(sessions, Collected(text=REPRINT, at=now))
    [first] = joined(sessions, Collected(text=TEXT, title="原稿", at=now - DAY, arrived=now + HOUR))
    assert copy is not None
    assert first is not None
    assert (first.story_id, relation(first)) == (copy.story_id, "first")
    with sessions() as session:
        story = session.scalars(select(Story)).one()
        documents = session.scalars(select(Document).order_by(Document.id)).all()
        assert (story.title, story.first_published_at) == ("原稿", now - DAY)
        assert (documents[0].story_relation, documents[0].story_parent_id) == (
            "reprint",
            documents[1].id,
        )


def test_a_reprint_comes_from_the_source_it_names(sessions: Sessions, clock: FakeClock) -> None:
    now = clock.now()
    with sessions.begin() as session:
        ids = collect(
            session,
            Collected(text=TEXT, at=now, source="河湾论坛"),
            Collected(text=TEXT, at=now + HOUR, outlet="河湾晚报", source="晚报网"),
            Collected(text=REPRINT, at=now + 2 * HOUR, source="转载站"),
        )
    assert [place and place.parent_id for place in placed(sessions, ids[:2])] == [None, ids[0]]
    assert [place and place.parent_id for place in placed(sessions, ids[2:])] == [ids[1]]


def test_an_edited_page_is_a_version_of_itself(sessions: Sessions, clock: FakeClock) -> None:
    now = clock.now()
    page = "https://news.example/1"
    places = joined(
        sessions,
        Collected(text=TEXT, at=now, url=page),
        Collected(text=TEXT + "目前首笔款项已经到账。", at=now, url=page, arrived=now + HOUR),
    )
    assert [relation(place) for place in places] == ["first", "version"]


def test_joining_again_changes_nothing(sessions: Sessions, clock: FakeClock) -> None:
    now = clock.now()
    with sessions.begin() as session:
        ids = collect(session, *(Collected(text=t, at=now) for t in (TEXT, REPRINT, OTHER)))
    before = placed(sessions, ids)
    again = placed(sessions, ids)
    assert [(p.story_id, p.relation, p.parent_id) for p in before if p] == [
        (p.story_id, p.relation, p.parent_id) for p in again if p
    ]
    assert not any(place.is_new for place in again if place)
    with sessions() as session:
        assert session.scalars(select(Story.documents).order_by(Story.id)).all() == [2, 1]


def test_a_month_later_the_same_words_are_another_story(
    sessions: Sessions, clock: FakeClock
) -> None:
    now = clock.now()
    places = [
        place
        for at in (now, now + 13 * DAY, now + 26 * DAY, now + 50 * DAY)
        for place in joined(sessions, Collected(text=TEXT, at=at))
    ]
    assert [relation(place) for place in places] == ["first", "exact", "exact", "first"]


def test_what_nothing_new_can_belong_to_is_forgotten(sessions: Sessions, clock: FakeClock) -> None:
    now = clock.now()
    joined(sessions, Collected(text=TEXT, at=now - 60 * DAY), Collected(text=OTHER, at=now))
    with sessions.begin() as session:
        assert forget_old(session, now) == 1
        assert len(session.scalars(select(StorySketch)).all()) == 1
        owners = set(session.scalars(select(StoryKey.document_id)))
        assert owners == set(session.scalars(select(StorySketch.document_id)))


def test_a_text_without_letters_has_no_story(sessions: Sessions, clock: FakeClock) -> None:
    assert joined(sessions, Collected(text="……！", at=clock.now())) == [None]
