"""What people may write for the codes that documents carry: one list for console, rules and search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from config.regions import Region
from config.topics import load_topics
from core.expression.syntax import Field
from core.expression.value_names import ValueNames

LEVEL_LABELS = {
    "national": "中央级",
    "provincial": "省级",
    "city": "市县级",
    "commercial": "商业平台",
    "public": "公众发布",
}
_SHORTEST = 2


def expression_names(regions: Iterable[Region]) -> dict[Field, Mapping[str, str]]:
    """Map, by field, names to codes; the codes themselves may be written too."""
    topics = load_topics()
    names = {
        Field.REGION: place_names(regions),
        Field.TOPIC: {topic.label: topic.code for topic in topics}
        | {topic.code: topic.code for topic in topics},
        Field.LEVEL: {label: code for code, label in LEVEL_LABELS.items()}
        | {code: code for code in LEVEL_LABELS},
    }
    return {field: ValueNames(known) for field, known in names.items()}


def place_names(regions: Iterable[Region]) -> dict[str, str]:
    """Map place names to adcodes; 南京 stands for 南京市 where no other place is called so for short.

    Of two places with one full name, the first in the order given wins.
    """
    regions = tuple(regions)
    names: dict[str, str] = {}
    for region in regions:
        names.setdefault(region.name, region.adcode)
    shorts = Counter(_short(region.name) for region in regions)
    for region in regions:
        short = _short(region.name)
        if len(short) >= _SHORTEST and shorts[short] == 1:
            names.setdefault(short, region.adcode)
    return names


def _short(name: str) -> str:
    return name[:-1] if name[-1:] in {"省", "市", "县", "区"} else name
