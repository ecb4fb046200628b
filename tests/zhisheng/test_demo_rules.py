"""The demo's synonym groups and the rules that use them."""

from sqlalchemy import delete, select

from alerting.rulebook import load
from core.clock import FakeClock
from core.database.models.alerting import Rule, RuleVersion
from core.database.sessions import Sessions
from core.synonym_groups import list_groups
from zhisheng.demo.rules import DRAFTS, install_rules
from zhisheng.expressions import language_names


def test_rules_with_groups_are_made_once_and_stay_as_people_leave_them(
    sessions: Sessions, clock: FakeClock
) -> None:
    with sessions.begin() as session:
        install_rules(session, 1, clock.now())
        assert load(session, language_names()).unusable == {}
        used = {row.name for row in list_groups(session) if row.uses}
        assert used == {"骑手", "平台规则", "加班"}
        session.execute(delete(RuleVersion))
        session.execute(delete(Rule).where(Rule.name == DRAFTS[0].name))
        install_rules(session, 1, clock.now())
        assert session.scalars(select(Rule.name)).all() == [DRAFTS[1].name]
