"""The duty roster as people see and change it."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from alerting import workdays
from core.clock import FakeClock
from core.database.models.duty import Handover, Shift
from core.database.sessions import Sessions
from tests.webui.conftest import Member, post, sign_in


@pytest.fixture
def admin(client: FlaskClient, sessions: Sessions, clock: FakeClock) -> FlaskClient:
    with sessions.begin() as session:
        workdays.seed_calendar(session, clock.now())
    sign_in(client, "admin")
    return client


def shift(person_id: int, /, **changes: object) -> dict[str, object]:
    fields: dict[str, object] = {
        "layer": "first",
        "person_id": str(person_id),
        "starts_at": "2026-11-21T08:30",
        "ends_at": "2026-11-22T08:30",
    }
    return fields | changes


def page(client: FlaskClient, query: str = "") -> str:
    return client.get(f"/roster{query}").get_data(as_text=True)


def test_without_shifts_the_page_says_what_that_means(admin: FlaskClient) -> None:
    text = page(admin)
    assert "没有排班" in text
    assert "周岚" in text
    assert "未排班会导致预警无人签收" in text


def test_officer_on_duty_can_be_called_by_a_tap(
    admin: FlaskClient, people: dict[str, Member]
) -> None:
    assert post(admin, "/roster/new", shift(people["wangmin"].id)).status_code == 303
    text = page(admin)
    assert "主班：王敏" in text
    assert 'href="tel:02500000000"' in text
    assert "11-21 08:30 至 11-22 08:30" in text
    assert "王敏" in page(admin, "?span=month")
    # The card of who is on duty now stays; the table of another week is empty.
    assert "/roster/shifts/" not in page(admin, "?from=2026-12-01")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ends_at": "2026-11-21T08:00"}, "下班时间要晚于上班时间"),
        ({"starts_at": ""}, "请填写上班时间"),
        ({"layer": "nobody"}, "请选择班次"),
        ({"person_id": "999"}, "请选择一位在用的人员"),
        ({"ends_at": "2027-06-21T08:30"}, "一个班次最长 31 天"),
    ],
)
def test_impossible_shift_is_refused_in_words(
    admin: FlaskClient,
    people: dict[str, Member],
    sessions: Sessions,
    changes: dict[str, object],
    sentence: str,
) -> None:
    answer = post(admin, "/roster/new", shift(people["wangmin"].id, **changes))
    assert answer.status_code == 422
    assert sentence in answer.get_data(as_text=True)
    with sessions() as session:
        assert session.scalars(select(Shift)).all() == []


def test_shift_is_replaced_then_cancelled(
    admin: FlaskClient, people: dict[str, Member], sessions: Sessions
) -> None:
    post(admin, "/roster/new", shift(people["wangmin"].id))
    with sessions() as session:
        first = session.scalars(select(Shift.id)).one()
    other = {"person_id": str(people["sunyue"].id)}
    assert post(admin, f"/roster/shifts/{first}/replace", other).status_code == 303
    assert "主班：孙越" in page(admin)
    assert post(admin, f"/roster/shifts/{first}/cancel").status_code == 409
    with sessions() as session:
        second = session.scalars(select(Shift.id).where(Shift.cancelled_at.is_(None))).one()
    assert post(admin, f"/roster/shifts/{second}/cancel").status_code == 303
    assert "主班：孙越" not in page(admin)
    assert admin.get(f"/roster/shifts/{second}").status_code == 302


def test_handover_is_signed_by_one_and_accepted_by_another(
    client: FlaskClient, sessions: Sessions, people: dict[str, Member]
) -> None:
    sign_in(client, "wangmin")
    note = {"note": "城东欠薪预警等回电。", "to_person_id": str(people["zhoulan"].id)}
    assert post(client, "/roster/handovers", note).status_code == 303
    with sessions() as session:
        handover = session.scalars(select(Handover.id)).one()
    assert post(client, f"/roster/handovers/{handover}/accept").status_code == 409
    leader = client.application.test_client()
    sign_in(leader, "zhoulan")
    assert "城东欠薪预警等回电" in page(leader)
    assert post(leader, f"/roster/handovers/{handover}/accept").status_code == 303
    assert "已接班" in page(leader)


@pytest.mark.parametrize("login", ["wangmin", "sunyue", "outsider"])
def test_others_may_not_change_the_roster(
    client: FlaskClient, people: dict[str, Member], login: str
) -> None:
    sign_in(client, login)
    assert post(client, "/roster/new", shift(people["wangmin"].id)).status_code == 403
    assert post(client, "/roster/shifts/1/cancel").status_code == 403
