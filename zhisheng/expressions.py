"""What expressions may name in this installation: places, sources, synonym groups."""

from sqlalchemy.orm import Session

from alerting.rules import RuleLanguage
from config.regions import load_regions
from core.expression import Field


def region_names() -> dict[str, str]:
    """Map each place name to its adcode, provinces before cities before counties on a clash."""
    names: dict[str, str] = {}
    for region in load_regions().all():
        for name in (region.name, region.short_name):
            names.setdefault(name, region.adcode)
    return names


def rule_language(session: Session) -> RuleLanguage:
    return RuleLanguage.load(session, {Field.REGION: region_names()})
