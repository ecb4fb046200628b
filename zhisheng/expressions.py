"""What expressions may name in this installation: places, sources, synonym groups."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from alerting.rules import RuleLanguage
from core.expression import Field
from core.expression.names import expression_names
from zhisheng.pipelines import known_regions


def language_names() -> dict[Field, Mapping[str, str]]:
    """Give the Chinese names that expressions may use for stored values."""
    return expression_names(known_regions().values())


def rule_language(session: Session) -> RuleLanguage:
    return RuleLanguage.load(session, language_names())
