"""Whether the system itself is well, and what an administrator can do about it."""

import datetime as dt

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core import audit, claims, heartbeats
from core.clock import FakeClock
from core.database.models.operations import Heartbeat, OperatorNotice, Queue, WorkItem
from core.database.sessions import Sessions
from tests.webui.conftest import post, sign_in
from zhisheng.status import status

FRAGMENT = {"HX-Request": "true"}
ROLES = ("web", "crawl", "understand", "index", "engine", "send", "publish")


def beat(sessions: Sessions, now: dt.datetime, *roles: str) -> None:
    with sessions.begin() as session:
        for role in roles:
            row = Heartbeat(role=role, owner=f"{role}:1", started_at=now, version="0.1.0")
            heartbeats.beat(session, row, now)


def bury(sessions: Sessions, now: dt.datetime) -> int:
    with sessions.begin() as session:
        item = WorkItem(
            queue=Queue.ANALYSE.value, subject_id=77, due_at=now, dead_at=now, last_error="正文为空"
        )
        session.add(item)
        session.flush()
        return item.id


def health(client: FlaskClient) -> str:
    return client.get("/system", headers=FRAGMENT).get_data(as_text=True)


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    sign_in(client, "admin")
    return client


def test_silent_process_is_called_out_until_it_beats(
    admin: FlaskClient, sessions: Sessions, clock: FakeClock
) -> None:
    beat(sessions, clock.now(), *ROLES[:-1])
    assert "没有在运行：发布。" in health(admin)
    beat(sessions, clock.now(), "publish")
    assert "没有在运行" not in health(admin)
    clock.advance(heartbeats.ALIVE_WITHIN + dt.timedelta(seconds=1))
    assert "没有在运行：控制台、采集" in health(admin)
    assert "心跳中断" in health(admin)


def test_dead_work_can_be_tried_again(
    admin: FlaskClient, sessions: Sessions, clock: FakeClock
) -> None:
    item = bury(sessions, clock.now())
    assert "正文为空" in health(admin)
    assert post(admin, f"/system/work/{item}/retry").status_code == 303
    with sessions() as session:
        row = session.get_one(WorkItem, item)
        assert row.dead_at is None
        assert row.due_at == clock.now()
        assert audit.verify(session) is None
    assert post(admin, f"/system/work/{item}/retry").status_code == 409


def test_dead_work_can_be_taken_off_the_list_but_live_work_cannot(
    admin: FlaskClient, sessions: Sessions, clock: FakeClock
) -> None:
    item = bury(sessions, clock.now())
    assert post(admin, f"/system/work/{item}/clear").status_code == 303
    with sessions.begin() as session:
        assert session.scalars(select(WorkItem)).all() == []
        live = WorkItem(queue=Queue.INDEX.value, subject_id=5, due_at=clock.now())
        session.add(live)
        session.flush()
        number = live.id
    assert post(admin, f"/system/work/{number}/clear").status_code == 409


def test_lag_of_the_index_is_called_out(
    admin: FlaskClient, sessions: Sessions, clock: FakeClock
) -> None:
    with sessions.begin() as session:
        claims.enqueue(session, Queue.INDEX, [5], clock.now())
    assert "索引延迟" not in health(admin)
    clock.advance(dt.timedelta(minutes=7))
    assert "索引延迟 7 分钟" in health(admin)
    with sessions() as session:
        documents = status(session, clock.now(), demo=False)["documents"]
    assert isinstance(documents, dict)
    assert documents["lag_s"] == 420.0


def test_notice_is_shown_until_somebody_clears_it(
    admin: FlaskClient, sessions: Sessions, clock: FakeClock
) -> None:
    now = clock.now()
    with sessions.begin() as session:
        notice = OperatorNotice(key="disk", text="磁盘快满了。", raised_at=now, last_seen_at=now)
        session.add(notice)
        session.flush()
        number = notice.id
    assert "磁盘快满了" in health(admin)
    assert post(admin, f"/system/notices/{number}/clear").status_code == 303
    assert "磁盘快满了" not in health(admin)
    assert post(admin, f"/system/notices/{number}/clear").status_code == 409


def test_empty_installation_is_told_its_next_steps(admin: FlaskClient) -> None:
    page = admin.get("/system").get_data(as_text=True)
    for step in ("添加值班员", "设置通知渠道", "排好值班表", "启用数据源", "核对预警规则"):
        assert step in page


@pytest.mark.parametrize("login", ["zhoulan", "auditor"])
def test_who_may_only_look_changes_nothing(
    client: FlaskClient, sessions: Sessions, clock: FakeClock, login: str
) -> None:
    item = bury(sessions, clock.now())
    sign_in(client, login)
    page = health(client)
    assert "正文为空" in page
    assert "重试" not in page
    assert post(client, f"/system/work/{item}/clear").status_code == 403
    assert post(client, "/system/deliveries/1/retry").status_code == 403
