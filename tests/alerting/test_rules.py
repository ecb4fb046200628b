"""Rules as people write them, and the rules that ship."""

import datetime as dt

import pytest
from sqlalchemy import select

from alerting.rule import LiveRule, Member, Subject
from alerting.rule_types import RULE_TYPES
from alerting.rules import (
    RuleDraft,
    RuleLanguage,
    create_rule,
    edit_rule,
    install_default_rules,
    list_rules,
    rule_detail,
    rule_versions,
)
from config.alerting_defaults import load_alerting_defaults
from config.purposes import PURPOSES
from core.database.models.alerting import Rule
from core.errors import ConflictError, InvalidOptionsError
from core.expression import ExpressionError, MatchDocument, Matcher
from core.options import parse_options
from tests.alerting.world import World

LANGUAGE = RuleLanguage()
T0 = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)


def draft(**changes: object) -> RuleDraft:
    values: dict[str, object] = {
        "name": "欠薪",
        "kind": "keyword",
        "severity": 1,
        "purpose": "劳动关系风险预警",
        "expression": "欠薪",
    }
    return RuleDraft(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "字" * 61}, "name"),
        ({"purpose": "盯人"}, "purpose"),
        ({"severity": 7}, "severity"),
        ({"group_by": "author"}, "group_by"),
        ({"expression": None}, "expression"),
        ({"options": {"author": "某人"}}, "author"),
        ({"kind": "threshold", "options": {"window_minutes": 0}}, "window_minutes"),
    ],
)
def test_a_faulty_rule_is_refused_field_by_field(
    world: World, changes: dict[str, object], field: str
) -> None:
    with world.sessions() as session, pytest.raises(InvalidOptionsError) as refused:
        create_rule(session, draft(**changes), person_id=None, now=world.now, language=LANGUAGE)
    assert field in refused.value.faults


@pytest.mark.parametrize(
    ("expression", "position"), [("欠薪 AND (", 8), ("NOT 欠薪", 0), ("(欠薪", 0)]
)
def test_a_syntax_error_names_its_place_in_chinese(
    world: World, expression: str, position: int
) -> None:
    with world.sessions() as session, pytest.raises(ExpressionError) as refused:
        create_rule(
            session,
            draft(expression=expression),
            person_id=None,
            now=world.now,
            language=LANGUAGE,
        )
    assert abs(refused.value.position - position) <= 1
    assert "^" in refused.value.caret(expression)
    assert "第" in str(refused.value)


def test_a_second_rule_of_the_same_name_is_refused(world: World) -> None:
    world.rule(name="欠薪")
    with world.sessions() as session, pytest.raises(InvalidOptionsError, match="已有名为「欠薪」"):
        create_rule(session, draft(), person_id=None, now=world.now, language=LANGUAGE)


def test_editing_keeps_every_version_and_refuses_a_stale_form(world: World) -> None:
    rule_id = world.rule()
    person_id = world.people["admin"]
    with world.sessions.begin() as session:
        version = edit_rule(
            session,
            rule_id,
            draft(expression="讨薪"),
            person_id=person_id,
            now=world.now,
            language=LANGUAGE,
            as_of_version=1,
        )
    assert version == 2
    with world.sessions() as session:
        kept = [item.content["expression"] for item in rule_versions(session, rule_id)]
        assert kept == ["讨薪", "欠薪"]
    with world.sessions() as session, pytest.raises(ConflictError, match="第 2 版"):
        edit_rule(
            session,
            rule_id,
            draft(),
            person_id=person_id,
            now=world.now,
            language=LANGUAGE,
            as_of_version=1,
        )


def test_editing_a_rule_opens_no_alert_again(world: World) -> None:
    rule_id = world.rule()
    document_id = world.post()
    engine = world.engine()
    engine.step()
    with world.sessions.begin() as session:
        edit_rule(
            session,
            rule_id,
            draft(expression="欠薪 OR 讨薪"),
            person_id=None,
            now=world.now,
            language=LANGUAGE,
            as_of_version=1,
        )
        from core.claims import enqueue
        from core.database.models.operations import Queue

        enqueue(session, Queue.EVALUATE, [document_id], world.now)
    engine.step()
    assert len(world.alerts()) == 1
    assert world.alert().documents == 1


def test_the_list_counts_matches_and_live_alerts(world: World) -> None:
    rule_id = world.rule()
    world.post()
    world.post()
    world.engine().step()
    with world.sessions() as session:
        row = rule_detail(session, rule_id, world.now)
        assert (row.matches_7d, row.open_alerts, row.kind_label) == (2, 1, "关键词")
        assert [item.id for item in list_rules(session, world.now)] == [rule_id]


def test_default_rules_are_installed_once_and_never_overwritten(world: World) -> None:
    defaults = load_alerting_defaults()
    with world.sessions.begin() as session:
        assert install_default_rules(session, defaults, now=world.now, language=LANGUAGE) == len(
            defaults.rules
        )
    with world.sessions.begin() as session:
        rule = session.scalars(select(Rule).where(Rule.name == "欠薪引发聚集")).one()
        rule.severity = 2
    with world.sessions.begin() as session:
        assert install_default_rules(session, defaults, now=world.now, language=LANGUAGE) == 0
        assert session.scalars(select(Rule.severity).where(Rule.name == "欠薪引发聚集")).one() == 2


def test_every_default_rule_names_a_known_purpose() -> None:
    assert {rule.purpose for rule in load_alerting_defaults().rules} <= set(PURPOSES)


LONG_REPORT = (
    "全省根治欠薪冬季专项行动部署会召开。会议要求各地畅通举报渠道，压实属地责任，"
    + "强化日常巡查和源头治理，完善工资保证金和专用账户制度。" * 3
    + "要加强应急值守，防止人员聚集等情况发生，确保社会大局稳定。"
)


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("明早八点去项目部门口讨说法", "三个月没发工资了，欠薪谁管", True),
        ("工友讨薪", "因欠薪已有三十多人在项目部门口聚集", True),
        ("雁栖工地拉横幅讨薪", "", True),
        ("全省部署根治欠薪行动", LONG_REPORT, False),
        ("老板欠薪跑路", "请问去哪里投诉", False),
        ("商场门口聚集了很多人", "促销活动排队", False),
    ],
)
def test_the_red_rule_needs_wages_and_gathering_close_together(
    title: str, text: str, *, expected: bool
) -> None:
    rule = next(r for r in load_alerting_defaults().rules if r.severity == "red")
    assert rule.expression is not None
    matcher = Matcher({1: LANGUAGE.parse(rule.expression)})
    document = MatchDocument(title=title, text=text, published_at=T0)
    assert bool(matcher.match(document, now=T0)) is expected


@pytest.mark.parametrize("name", RULE_TYPES.names())
class TestRuleTypeContract:
    def rule(self, name: str) -> LiveRule:
        rule_type = RULE_TYPES.load(name)
        return LiveRule(
            id=1,
            name="规则",
            kind=name,
            version=1,
            severity=1,
            group_by="event",
            expression=None,
            options=parse_options(rule_type.options, {}),
        )

    def test_it_describes_itself(self, name: str) -> None:
        rule_type = RULE_TYPES.load(name)
        assert rule_type.name == name
        assert rule_type.label
        assert all(spec.label for spec in rule_type.options)

    def test_it_finds_nothing_in_an_empty_window(self, name: str) -> None:
        assert RULE_TYPES.load(name).window_findings(self.rule(name), T0, []) == ()

    def test_it_finds_the_same_again(self, name: str) -> None:
        rule_type, rule = RULE_TYPES.load(name), self.rule(name)
        members = [Member(n, T0 + dt.timedelta(minutes=n), n, None) for n in range(6)]
        subject = Subject(1, T0, 1, None, (), None, (), has_expression_match=True)
        bucket = T0
        assert rule_type.window_findings(rule, bucket, members) == rule_type.window_findings(
            rule, bucket, list(reversed(members))
        )
        assert rule_type.document_findings(rule, subject) == rule_type.document_findings(
            rule, subject
        )
