"""Synonym groups: what may be a word, and that no live rule or topic breaks under a change."""

import datetime as dt

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from config.settings import SettingsError
from config.synonym_groups import StarterGroup, load_starter_groups, parse_starter_groups
from core.clock import FakeClock
from core.database.models.alerting import Rule, RuleVersion
from core.database.models.operations import AuditEntry
from core.database.models.organisation import Organisation, Person
from core.database.models.understanding import StandingTopic, SynonymGroup
from core.database.sessions import Sessions
from core.errors import ConflictError, InvalidOptionsError
from core.expression import parse
from core.expression.references import group_references, renamed
from core.synonym_groups import (
    GroupDraft,
    GroupInUseError,
    add_starters,
    create_group,
    delete_group,
    edit_effects,
    edit_group,
    find_group,
    group_words,
    hold_groups,
    list_groups,
    missing_starters,
)
from core.synonym_uses import UseKind
from core.synonym_words import read_words

FULL = "\n".join(f"词{number}" for number in range(60))


def rule(session: Session, clock: FakeClock, expression: str, **changes: object) -> Rule:
    made = Rule(
        name=changes.pop("name", "欠薪聚集"),
        kind="keyword",
        expression=expression,
        severity=2,
        purpose="劳动关系风险预警",
        changed_at=clock.now(),
        **changes,
    )
    session.add(made)
    session.flush()
    session.add(
        RuleVersion(
            rule_id=made.id,
            version=1,
            content={"name": made.name, "expression": expression},
            changed_at=clock.now(),
        )
    )
    return made


def topic(session: Session, expression: str, excludes: str = "") -> StandingTopic:
    organisation = Organisation(name="测试市总工会", level="city")
    session.add(organisation)
    session.flush()
    owner = Person(
        organisation_id=organisation.id,
        login="sunyue",
        name="孙越",
        roles=[],
        password_hash="none",
        password_changed_at=dt.datetime(2026, 11, 21, tzinfo=dt.UTC),
    )
    session.add(owner)
    session.flush()
    made = StandingTopic(
        name="讨薪动向",
        expression=expression,
        excludes=excludes,
        purpose="劳动关系风险预警",
        owner_id=owner.id,
    )
    session.add(made)
    session.flush()
    return made


def group(
    session: Session, clock: FakeClock, name: str = "讨薪", words: str = "讨薪，要工资"
) -> int:
    return create_group(session, GroupDraft(name, words), person_id=None, now=clock.now())


def edited(
    session: Session, clock: FakeClock, group_id: int, name: str, words: str, version: int = 1
) -> list[str]:
    uses = edit_group(
        session,
        group_id,
        GroupDraft(name, words),
        person_id=7,
        now=clock.now(),
        names={},
        as_of_version=version,
    )
    return [use.name for use in uses]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("欠薪\n讨薪\n", ("欠薪", "讨薪")),
        ("欠薪,讨薪，追薪、索薪；要债", ("欠薪", "讨薪", "追薪", "索薪", "要债")),
        ('"拖欠*工资"，“没有，发工资”', ("拖欠*工资", "没有，发工资")),
        ("拖欠*工资", ("拖欠*工资",)),
        ("N+1\nｎ＋１\nn+1", ("N+1",)),
        ("  12小时  \n\n", ("12小时",)),
        ("討薪\n讨薪", ("討薪",)),
    ],
)
def test_words_come_one_by_line_or_by_comma_and_each_once(
    typed: str, words: tuple[str, ...]
) -> None:
    read = read_words(typed)
    assert read.words == words
    assert read.faults == ()
    for word in words:
        parse("{组}", groups={"组": [word]})


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("欠薪 OR 讨薪", "只写一个词"),
        ("-招聘", "不能写排除"),
        ("标题:欠薪", "不能写字段"),
        ("{工伤}", "不能再套用"),
        ('欠"薪', "不能作为检索词"),
        ("一*二*三*四", "最多写"),
        ("*", "不能作为检索词"),
        ("长" * 51, "最多 50 个字"),
    ],
)
def test_a_bad_word_is_named_with_its_line_and_the_others_stay(word: str, reason: str) -> None:
    read = read_words(f"欠薪\n{word}\n讨薪")
    assert read.words == ("欠薪", "讨薪")
    (fault,) = read.faults
    assert (fault.line, fault.word) == (2, word)
    assert reason in str(fault)


def test_repeated_words_and_useless_ones_are_told() -> None:
    notes = "".join(read_words("欠薪\n欠薪\n被欠薪了\n薪").notes)
    assert "“欠薪”写了不止一次" in notes
    assert "“被欠薪了”里已经有“欠薪”" in notes
    assert "“薪”只有一个字" in notes


def test_names_in_an_expression_are_found_but_not_in_quotes() -> None:
    found = group_references('{讨薪} NEAR/5 ｛Ａ组 ｝ "引号里的{工伤}" -{讨薪}')
    assert [one.name for one in found] == ["讨薪", "a组", "讨薪"]
    assert renamed('{讨薪} "{讨薪}" -{ 讨薪 }', "讨薪", "要钱") == '{要钱} "{讨薪}" -{要钱}'


def test_a_name_is_one_that_expressions_accept(sessions: Sessions, clock: FakeClock) -> None:
    for name in ("", "带{括号}", "两\n行", "长" * 31, "  ", "}", "讨{薪"):
        with sessions.begin() as session, pytest.raises(InvalidOptionsError) as refused:
            group(session, clock, name)
        assert "name" in refused.value.faults


def test_names_that_differ_only_in_case_or_width_are_one(
    sessions: Sessions, clock: FakeClock
) -> None:
    with sessions.begin() as session:
        group(session, clock, "ABC组")
        with pytest.raises(InvalidOptionsError, match="ABC组"):
            group(session, clock, "ａｂｃ组")


def test_every_change_is_audited_with_before_and_after(
    sessions: Sessions, clock: FakeClock
) -> None:
    with sessions.begin() as session:
        id_ = group(session, clock)
        edited(session, clock, id_, "讨薪", "讨薪\n追薪")
        delete_group(session, id_, person_id=7, now=clock.now(), as_of_version=2)
        entries = list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert [entry.action.partition(".")[2] for entry in entries] == ["created", "edited", "deleted"]
    assert entries[1].actor == "person:7"
    assert entries[1].detail == {
        "before": {"name": "讨薪", "words": ["讨薪", "要工资"]},
        "after": {"name": "讨薪", "words": ["讨薪", "追薪"]},
    }
    assert entries[2].detail["before"] == {"name": "讨薪", "words": ["讨薪", "追薪"]}


def test_the_second_of_two_editors_is_told(sessions: Sessions, clock: FakeClock) -> None:
    with sessions.begin() as session:
        id_ = group(session, clock)
        edited(session, clock, id_, "讨薪", "讨薪")
        with pytest.raises(ConflictError):
            edited(session, clock, id_, "讨薪", "要钱")
        with pytest.raises(ConflictError):
            delete_group(session, id_, person_id=None, now=clock.now(), as_of_version=1)
        assert find_group(session, id_).words == ("讨薪",)


def test_a_list_tells_what_uses_each_group(sessions: Sessions, clock: FakeClock) -> None:
    with sessions.begin() as session:
        group(session, clock)
        group(session, clock, "工伤", "工伤")
        rule(session, clock, "{讨薪} 工地")
        topic(session, "工地", excludes="{讨薪}")
        found = {row.name: [use.kind for use in row.uses] for row in list_groups(session)}
    assert found == {"工伤": [], "讨薪": [UseKind.RULE, UseKind.TOPIC]}


def test_an_edit_that_puts_a_live_rule_over_the_limit_is_refused_with_the_reason(
    sessions: Sessions, clock: FakeClock
) -> None:
    with sessions.begin() as session:
        id_ = group(session, clock)
        rule(session, clock, "{讨薪} NEAR/10 工地")
        rule(session, clock, "{讨薪} NEAR/10 工厂", name="停用的", is_enabled=False)
        rule(session, clock, "{讨薪} 工地", name="不受影响")
        topic(session, "{讨薪} NEAR/10 园区")
        judged = edit_effects(session, id_, GroupDraft("讨薪", FULL), names={})
        assert {one.use.name: (one.problem is None, one.forbids) for one in judged} == {
            "不受影响": (True, False),
            "停用的": (False, False),
            "欠薪聚集": (False, True),
            "讨薪动向": (False, True),
        }
        with pytest.raises(GroupInUseError) as refused:
            edited(session, clock, id_, "讨薪", FULL)
        assert {one.use.name for one in refused.value.effects} == {"欠薪聚集", "讨薪动向"}
        assert "512" in str(refused.value.effects[0].problem)
        assert find_group(session, id_).words == ("讨薪", "要工资")


def test_a_rule_that_was_unreadable_before_does_not_hinder(
    sessions: Sessions, clock: FakeClock
) -> None:
    with sessions.begin() as session:
        id_ = group(session, clock)
        rule(session, clock, "{讨薪} {没有的组}")
        assert edited(session, clock, id_, "讨薪", "追薪") == []


def test_renaming_rewrites_what_uses_the_group_as_new_versions(
    sessions: Sessions, clock: FakeClock
) -> None:
    with sessions.begin() as session:
        id_ = group(session, clock)
        made = rule(session, clock, '{讨薪} "{讨薪}" 工地', flagged_reason="误报多")
        subject = topic(session, "园区", excludes="{ 讨薪 }")
        assert edited(session, clock, id_, "要钱", "讨薪") == ["欠薪聚集", "讨薪动向"]
    with sessions.begin() as session:
        found = session.get_one(Rule, made.id)
        assert (found.expression, found.version) == ('{要钱} "{讨薪}" 工地', 2)
        assert found.flagged_reason == "误报多"
        kept = session.get_one(RuleVersion, (made.id, 2))
        assert kept.content == {"name": "欠薪聚集", "expression": '{要钱} "{讨薪}" 工地'}
        renewed = session.get_one(StandingTopic, subject.id)
        assert (renewed.excludes, renewed.version) == ("{要钱}", 2)
        parse(found.expression or "", groups=group_words(session))


def test_a_group_in_use_is_not_deleted_until_nothing_live_uses_it(
    sessions: Sessions, clock: FakeClock
) -> None:
    with sessions.begin() as session:
        id_ = group(session, clock)
        made = rule(session, clock, "{讨薪} 工地")
        with pytest.raises(GroupInUseError) as refused:
            delete_group(session, id_, person_id=None, now=clock.now(), as_of_version=1)
        assert [one.use.id for one in refused.value.effects] == [made.id]
        made.is_enabled = False
        session.flush()
        delete_group(session, id_, person_id=None, now=clock.now(), as_of_version=1)
        assert list_groups(session) == ()


def test_a_change_wakes_those_who_hold_rules(sessions: Sessions, clock: FakeClock) -> None:
    with sessions() as listening:
        connection = listening.connection().connection.driver_connection
        assert connection is not None
        listening.execute(text("LISTEN zhisheng"))
        listening.commit()
        with sessions.begin() as session:
            group(session, clock)
        heard = next(connection.notifies(timeout=5, stop_after=1))
        listening.execute(text("UNLISTEN *"))
    assert heard.payload == "rules"


def test_shipped_groups_are_added_once_and_never_touch_ours(
    sessions: Sessions, clock: FakeClock
) -> None:
    starters = load_starter_groups()
    with sessions.begin() as session:
        group(session, clock, "欠薪", "自己的词")
        assert add_starters(session, starters, person_id=None, now=clock.now()) == len(starters) - 1
        assert add_starters(session, starters, person_id=None, now=clock.now()) == 0
        assert missing_starters(session, starters) == ()
        words = group_words(session)
    assert words["欠薪"] == ["自己的词"]


@pytest.mark.parametrize(
    "starter", load_starter_groups(), ids=[starter.name for starter in load_starter_groups()]
)
def test_every_shipped_word_is_read_as_it_stands(starter: StarterGroup) -> None:
    read = read_words("\n".join(starter.words))
    assert (read.words, read.faults, read.notes) == (starter.words, (), ())


@pytest.mark.parametrize(
    "text_of_file", ["", "groups: []", "groups: [{name: 甲}]", "groups: {", "groups: [1]"]
)
def test_a_broken_file_of_groups_is_refused(text_of_file: str) -> None:
    with pytest.raises(SettingsError):
        parse_starter_groups(text_of_file)


def test_far_too_many_words_are_not_read_to_the_end() -> None:
    read = read_words(",".join(f"{number}号" for number in range(10_000)))
    assert len(read.words) == 500
    assert "没有再读" in str(read.faults[0])


def test_no_group_changes_while_an_expression_is_being_saved(
    sessions: Sessions, clock: FakeClock
) -> None:
    with sessions.begin() as saving, sessions.begin() as editing:
        hold_groups(saving)
        editing.execute(text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            group(editing, clock)
        editing.rollback()


def test_no_group_is_lost_when_a_name_is_reused(sessions: Sessions, clock: FakeClock) -> None:
    with sessions.begin() as session:
        id_ = group(session, clock)
        delete_group(session, id_, person_id=None, now=clock.now(), as_of_version=1)
        group(session, clock)
        assert session.scalars(select(SynonymGroup.name)).all() == ["讨薪"]
