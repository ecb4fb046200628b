"""A change of a rule or of a synonym group is at work in the very next step, and costs what it changes."""

import datetime as dt

import pytest
from sqlalchemy import select, update

from alerting import rulebook
from alerting.rulebook import Rulebook
from alerting.rules import (
    RuleDraft,
    RuleLanguage,
    create_rule,
    disable_rule,
    edit_rule,
    enable_rule,
)
from core.database.models.alerting import Match, Rule
from core.database.models.understanding import SynonymGroup
from tests.alerting.world import World

SECOND = dt.timedelta(seconds=1)


def draft(name: str, expression: str) -> RuleDraft:
    return RuleDraft(
        name=name,
        kind="keyword",
        severity=1,
        purpose="劳动关系风险预警",
        expression=expression,
        group_by="rule",
    )


def write(world: World, name: str, expression: str) -> int:
    with world.sessions.begin() as session:
        return create_rule(
            session,
            draft(name, expression),
            person_id=None,
            now=world.now,
            language=RuleLanguage.load(session),
        )


def edit(world: World, rule_id: int, name: str, expression: str) -> None:
    with world.sessions.begin() as session:
        edit_rule(
            session,
            rule_id,
            draft(name, expression),
            person_id=None,
            now=world.now,
            language=RuleLanguage.load(session),
            as_of_version=session.get_one(Rule, rule_id).version,
        )


def set_words(world: World, *words: str) -> None:
    with world.sessions.begin() as session:
        session.execute(
            update(SynonymGroup).values(
                words=list(words), version=SynonymGroup.version + 1, changed_at=world.now
            )
        )


@pytest.fixture
def group(world: World) -> str:
    with world.sessions.begin() as session:
        session.add(SynonymGroup(name="欠薪词", words=["欠薪"], changed_at=world.now))
    return "{欠薪词}"


def test_the_next_step_uses_what_was_written_edited_and_switched(world: World, group: str) -> None:
    engine = world.engine()

    def found(title: str) -> set[int]:
        document_id = world.post(title)
        world.clock.advance(SECOND)
        engine.step()
        with world.sessions() as session:
            return set(
                session.scalars(select(Match.rule_id).where(Match.document_id == document_id))
            )

    first = write(world, "一", f"工地 {group}")
    second = write(world, "二", "讨薪")
    assert found("工地欠薪") == {first}
    assert found("工地讨薪") == {second}
    set_words(world, "欠薪", "讨薪")
    assert found("工地讨薪") == {first, second}
    edit(world, second, "二", "讨薪 -工地")
    assert found("工地讨薪") == {first}
    third = write(world, "三", "工地 讨薪")
    assert found("工地讨薪") == {first, third}
    with world.sessions.begin() as session:
        disable_rule(session, first, person_id=world.people["admin"], now=world.now)
    assert found("工地讨薪") == {third}
    with world.sessions.begin() as session:
        enable_rule(session, first, person_id=world.people["admin"], now=world.now)
        disable_rule(session, third, person_id=world.people["admin"], now=world.now)
    assert found("工地讨薪") == {first}
    set_words(world, "拖欠")
    assert found("工地讨薪") == set()
    assert found("工地拖欠") == {first}


def load(world: World, former: Rulebook | None = None) -> Rulebook:
    with world.sessions() as session:
        return rulebook.load(session, former=former)


def test_only_what_changed_is_read_again(world: World, group: str) -> None:
    plain = [write(world, f"规则{number}", f"词{number} 工地") for number in range(20)]
    grouped = write(world, "词组", f"{group} NEAR/5 工地")
    book = load(world)
    assert list(book.rules) == [*plain, grouped]

    edit(world, plain[3], "规则3", "新词 工地")
    edited = load(world, book)
    assert {id_ for id_ in book.rules if edited.rules[id_] is not book.rules[id_]} == {plain[3]}

    set_words(world, "讨薪")
    again = load(world, edited)
    assert {id_ for id_ in book.rules if again.rules[id_] is not edited.rules[id_]} == {grouped}
    assert again.rules == load(world).rules


def test_a_rule_that_could_not_be_read_is_tried_again(world: World, group: str) -> None:
    rule_id = write(world, "词组", group)
    set_words(world)
    broken = load(world)
    assert list(broken.unusable) == [rule_id]
    set_words(world, "讨薪")
    assert list(load(world, broken).rules) == [rule_id]


def test_rules_without_an_expression_concern_every_document(world: World) -> None:
    always = world.rule("阈值", None, window_minutes=30)
    worded = write(world, "词", "工地")
    write(world, "别的", "车间")
    book = load(world)
    assert [rule.id for rule in book.concerned([worded])] == [always, worded]
