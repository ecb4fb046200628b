"""What expressions may name in this installation: places, sources, synonym groups."""

from sqlalchemy.orm import Session

from alerting.rules import RuleLanguage
from config.topics import load_topics
from core.expression import Field
from zhisheng.pipelines import known_regions


def region_names() -> dict[str, str]:
    """Map each place name to its adcode; on a clash the first in the order of codes wins."""
    names: dict[str, str] = {}
    for adcode, region in known_regions().items():
        names.setdefault(region.name, adcode)
        # 南京 for 南京市; a one-character rest such as 赵 (赵县) is left out.
        short = region.name.rstrip("省市县区")
        if len(short) >= 2:  # noqa: PLR2004 (characters of a place name)
            names.setdefault(short, adcode)
    return names


def language_names() -> dict[Field, dict[str, str]]:
    """Give the Chinese names that expressions may use for stored values."""
    topics = {topic.label: topic.code for topic in load_topics()} | {
        topic.code: topic.code for topic in load_topics()
    }
    return {Field.REGION: region_names(), Field.TOPIC: topics}


def rule_language(session: Session) -> RuleLanguage:
    return RuleLanguage.load(session, language_names())
