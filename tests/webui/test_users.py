"""People, organisations, roles."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core import audit
from core.database.models.operations import AuditEntry
from core.database.models.organisation import Organisation, Person
from core.database.sessions import Sessions
from tests.webui.conftest import Member, post, sign_in


@pytest.fixture
def manager(client: FlaskClient) -> FlaskClient:
    sign_in(client, "admin")
    return client


def form(people: dict[str, Member], sessions: Sessions, **changes: object) -> dict[str, object]:
    assert people
    with sessions() as session:
        organisation = session.scalars(select(Organisation.id).order_by(Organisation.id)).first()
    fields: dict[str, object] = {
        "login": "newcomer",
        "name": "新同事",
        "roles": ["duty"],
        "organisation_id": str(organisation),
        "channels": ["console"],
    }
    return fields | changes


def one_time_password(text: str) -> str:
    found = re.search(r'id="one-time-password"[^>]*>([^<]+)<', text)
    assert found is not None
    return found[1]


def test_new_person_signs_in_with_the_one_time_password_and_must_change_it(
    manager: FlaskClient, console_app: Flask, people: dict[str, Member], sessions: Sessions
) -> None:
    answer = post(manager, "/users/new", form(people, sessions))
    password = one_time_password(answer.get_data(as_text=True))
    fresh = console_app.test_client()
    assert sign_in(fresh, "newcomer", password=password).status_code == 303
    assert fresh.get("/roster").headers["Location"] == "/profile/password"
    changed = {
        "current": password,
        "password": "新同事-自己-的口令-77",
        "again": "新同事-自己-的口令-77",
    }
    assert post(fresh, "/profile/password", changed).status_code == 303
    assert fresh.get("/roster").status_code == 200


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"login": "WANGMIN"}, "已经有登录名为"),
        ({"login": "新 人"}, "登录名要用字母"),
        ({"roles": []}, "请至少选一个角色"),
        ({"roles": ["root"]}, "请至少选一个角色"),
        ({"roles": ["auditor", "administrator"]}, "审计管理员不能同时是"),
        ({"email": "nowhere"}, "要填电子邮箱"),
        ({"organisation_id": "999"}, "请选择所属工会组织"),
    ],
)
def test_faulty_person_is_not_saved_and_what_was_typed_stays(
    manager: FlaskClient,
    people: dict[str, Member],
    sessions: Sessions,
    changes: dict[str, object],
    sentence: str,
) -> None:
    answer = post(manager, "/users/new", form(people, sessions, **changes))
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert sentence in text
    assert 'value="新同事"' in text
    with sessions() as session:
        assert len(session.scalars(select(Person.id)).all()) == len(people)


def test_changed_roles_end_the_sessions_of_their_holder(
    manager: FlaskClient, console_app: Flask, people: dict[str, Member], sessions: Sessions
) -> None:
    other = console_app.test_client()
    sign_in(other, "wangmin")
    fields = form(people, sessions, login="wangmin", name="王敏", roles=["analyst"])
    assert post(manager, f"/users/{people['wangmin'].id}", fields).status_code == 303
    assert other.get("/profile").status_code == 302
    with sessions() as session:
        assert session.get_one(Person, people["wangmin"].id).roles == ["analyst"]
        assert audit.verify(session) is None


def test_disabled_person_is_out_at_once_and_comes_back_when_enabled(
    manager: FlaskClient, console_app: Flask, people: dict[str, Member]
) -> None:
    other = console_app.test_client()
    sign_in(other, "wangmin")
    assert post(manager, f"/users/{people['wangmin'].id}/disable").status_code == 303
    assert other.get("/profile").status_code == 302
    assert sign_in(other, "wangmin").status_code == 422
    assert post(manager, f"/users/{people['wangmin'].id}/enable").status_code == 303
    assert sign_in(console_app.test_client(), "wangmin").status_code == 303


def test_last_security_manager_can_be_neither_disabled_nor_demoted(
    manager: FlaskClient, people: dict[str, Member], sessions: Sessions
) -> None:
    path = f"/users/{people['admin'].id}"
    refused = post(manager, f"{path}/disable")
    assert refused.status_code == 422
    assert "最后一位安全管理员" in refused.get_data(as_text=True)
    fields = form(people, sessions, login="admin", name="何平", roles=["administrator"])
    assert post(manager, path, fields).status_code == 422


def test_reset_password_ends_sessions_and_is_audited(
    manager: FlaskClient, console_app: Flask, people: dict[str, Member], sessions: Sessions
) -> None:
    other = console_app.test_client()
    sign_in(other, "wangmin")
    answer = post(manager, f"/users/{people['wangmin'].id}/reset-password")
    password = one_time_password(answer.get_data(as_text=True))
    assert other.get("/profile").status_code == 302
    assert sign_in(console_app.test_client(), "wangmin", password=password).status_code == 303
    with sessions() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "user.reset_password")
        ).one()
        assert entry.actor == f"person:{people['admin'].id}"
        assert password not in str(entry.detail)


def test_people_are_found_by_name_and_wildcards_mean_themselves(manager: FlaskClient) -> None:
    fragment = {"HX-Request": "true"}
    found = manager.get("/users?q=王敏", headers=fragment).get_data(as_text=True)
    assert "共 1 人" in found
    assert "<html" not in found
    assert "没有符合条件的人员" in manager.get("/users?q=%25", headers=fragment).get_data(
        as_text=True
    )


def test_organisations_form_a_tree_without_circles(
    manager: FlaskClient, sessions: Sessions
) -> None:
    with sessions() as session:
        top = session.scalars(select(Organisation.id)).one()
    fields = {"name": "河东区总工会", "level": "county", "parent_id": str(top)}
    assert post(manager, "/users/organisations", fields).status_code == 303
    again = post(manager, "/users/organisations", fields)
    assert again.status_code == 422
    with sessions() as session:
        below = session.scalars(select(Organisation.id).where(Organisation.parent_id == top)).one()
    circle = {"name": "测试市总工会", "level": "city", "parent_id": str(below)}
    refused = post(manager, f"/users/organisations/{top}", circle)
    assert "上级不能是它自己或它的下级" in refused.get_data(as_text=True)


@pytest.mark.parametrize("login", ["sunyue", "auditor", "outsider"])
def test_others_may_not_manage_people(
    client: FlaskClient, people: dict[str, Member], sessions: Sessions, login: str
) -> None:
    sign_in(client, login)
    assert post(client, "/users/new", form(people, sessions)).status_code == 403
    assert post(client, f"/users/{people['wangmin'].id}/disable").status_code == 403
    assert post(client, f"/users/{people['admin'].id}/reset-password").status_code == 403
    with sessions() as session:
        assert session.get_one(Person, people["wangmin"].id).is_active
