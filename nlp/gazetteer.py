"""Finds administrative divisions in a text by full and short names and decides which one is meant.

A name that several places share, or that is also an ordinary word, counts only beside a place above it;
what stays ambiguous is left out. Forms such as 「A市」 name nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from importlib import resources

import daachorse

from config.regions import Region, RegionLevel, ancestors, by_adcode
from core.matching_text import matching_text
from nlp.annotations import RegionMention
from nlp.lexicons import load_segmentation

LONGEST_TEXT = 5_000
MOST_REGIONS = 10

_PEOPLES = (
    "蒙古族|回族|藏族|维吾尔族|维吾尔|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克族|哈萨克|傣族|黎族"
    "|傈僳族|佤族|畲族|拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜族|柯尔克孜|土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族"
    "|锡伯族|锡伯|阿昌族|普米族|塔吉克族|塔吉克|怒族|鄂温克族|德昂族|保安族|裕固族|独龙族|鄂伦春族|各族|蒙古"
)
_SUFFIX = re.compile(
    rf"(?:(?:{_PEOPLES})*自治[区州县旗]|特别行政区|地区|新区|矿区|林区|[省市县区盟旗])$"
)
_PROVINCE_SUFFIX = re.compile(r"(?:(?:壮族|回族|维吾尔)?自治区|特别行政区|[省市])$")
# 「南京路」 is a road, 「韶关社区」 a quarter, 「兰州拉面」 a dish and 「西安交大」 a university, wherever they are.
_OTHER_THING = re.compile(
    r"[东西南北中]?[一二三四五六]?(?:路(?!上?段?(?:工地|途))|街|道(?!路)|巷)|大[道街]|社区|新?村|屯|寨|小区|花园|花苑|家园|苑|大厦|广场|宾馆|(?:大)?(?:饭店|酒店|酒楼)"
    r"|(?:[东西南北]?(?:交通|工业|科技|理工|师范|农业|医科|财经|政法|外国语|民族|海洋|邮电|电子科技|建筑|中医药|林业|体育|艺术|职业)?(?:大学|学院)|交大|理工|师大|财大|医大|农大|工大|科大|邮电|师范|医科大)"
    r"|拉面|牛肉面|米粉|米线|火锅|小面|热干面|烤鸭|小吃|凉皮|肉夹馍|板鸭|臭豆腐|炒饭|炒面|螺蛳粉|烧烤|麻辣烫|鸡饭|鸡煲|鸭血|啤酒|白药|菜馆|菜系|羊肉|泡馍|糍粑|月饼|包子|煎饼|麻花|灌汤|醋(?!厂)|茶叶|春天|扑克|国安|恒大|泰达|鲁能|绿地|申花|时间|人寿|牌"
)
_NEIGHBOURS = 4
# Beside these even a name that is an ordinary word too means the city: 「中山一工厂」, 「在大理打工」.
_CITY_CUE = re.compile(
    r"一(?:[个名家]|工地|工厂|公司|企业|男子|女子|小区|学校|医院|煤矿|酒店|幼儿园|饭店|电子厂|鞋厂)|某|街头|警方|市民|打工|务工|上班|干活|工地|工厂|人社局|劳动局|总工会|火车站|高铁站|机场|古城|古镇|本地|当地|这边"
)
_NEVER_ALONE = frozenset(["朝阳", "海西", "兴安", "阿里", "平安"])
_SHORTEST = 2
_SHORT_FULL = 3
# Of these every city has one: without a place above them they name nothing.
_ANY = frozenset(
    [
        "城区",
        "老城区",
        "郊区",
        "矿区",
        "新区",
        "东区",
        "西区",
        "南区",
        "北区",
        "中区",
        "城中区",
        "城东区",
        "城西区",
        "城北区",
        "城南区",
        "开发区",
        "市中区",
        "市北区",
        "市南区",
        "新城区",
        "城关区",
        "桥东区",
        "桥西区",
        "东城区",
        "西城区",
        "江北区",
    ]
)
_LEVELS = tuple(RegionLevel)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One place that a name may mean; a doubtful one needs a place above it in the same text."""

    adcode: str
    _: KW_ONLY
    is_full: bool
    is_doubtful: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A place named in a folded text; ``adcode`` is None where it stays open which one of that name is meant."""

    start: int
    end: int
    adcode: str | None


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    readings: tuple[_Reading, ...]


class Gazetteer:
    """Read-only after construction; threads may share it."""

    def __init__(self, regions: Iterable[Region]) -> None:
        self._regions = by_adcode(regions)
        self._segmentation = load_segmentation()
        self._above = {code: ancestors(code, self._regions) for code in self._regions}
        ordinary, blocked = _words("ordinary_places.txt"), _words("not_places.txt")
        districts = _words("known_districts.txt") - ordinary
        readings: dict[str, list[_Reading]] = {word: [] for word in blocked}
        for region in self._regions.values():
            _add_names(readings, region, ordinary, districts)
        names = list(readings)
        self._readings = [tuple(readings[name]) for name in names]
        self._automaton = daachorse.CharwiseDoubleArrayAhoCorasick(
            names, daachorse.MATCH_KIND_LEFTMOST_LONGEST
        )

    def find(self, text: str) -> tuple[RegionMention, ...]:
        """List the places a folded text names, the most exact of each line only, in reading order."""
        return self.regions(self.places(text))

    def places(self, text: str) -> list[Place]:
        """Give every mention with its place, in reading order."""
        text = text[:LONGEST_TEXT]
        found = self._found(text)
        if not found:
            return []
        certain = {
            only.adcode
            for item in found
            if len(item.readings) == 1 and not (only := item.readings[0]).is_doubtful
        }
        chosen: set[str] = set()
        last: str | None = None
        places: list[Place] = []
        for position, item in enumerate(found):
            beside = _beside(found, position)
            adcode = self._choose(item, certain | chosen, last if beside else None)
            if adcode is None and _CITY_CUE.match(text, item.end):
                adcode = self._city(item, text)
            if adcode is not None:
                chosen.add(adcode)
                last = adcode
            if adcode is not None or all(reading.is_full for reading in item.readings):
                places.append(Place(item.start, item.end, adcode))
        return [
            place for place in places if place.adcode or text[place.start : place.end] not in _ANY
        ]

    def regions(self, places: Iterable[Place]) -> tuple[RegionMention, ...]:
        chosen = dict.fromkeys(place.adcode for place in places if place.adcode is not None)
        covered = {above for code in chosen for above in self._above[code]}
        kept = [code for code in chosen if code not in covered][:MOST_REGIONS]
        return tuple(RegionMention(code, self._regions[code].name) for code in kept)

    def _city(self, item: _Found, text: str) -> str | None:
        cities = [
            reading.adcode
            for reading in item.readings
            if self._regions[reading.adcode].level is RegionLevel.CITY
        ]
        is_plain = text[item.start : item.end] not in _NEVER_ALONE
        return cities[0] if is_plain and len(cities) == 1 else None

    def _found(self, text: str) -> list[_Found]:
        found: list[_Found] = []
        for start, end, index in self._automaton.find(text):
            readings = self._readings[index]
            if not readings:
                continue
            is_full = all(reading.is_full for reading in readings)
            if text.startswith("域", end) or (not is_full and _OTHER_THING.match(text, end)):
                continue  # 「梅溪湖区域」
            follows = bool(found) and found[-1].end == start
            is_short = not is_full or end - start <= _SHORT_FULL
            if is_short and not follows and not self._is_word(text, start, end):
                continue
            found.append(_Found(start, end, readings))
        return found

    def _is_word(self, text: str, start: int, end: int) -> bool:
        """Tell whether a short name stands between word borders: not in 「以太原子」."""
        first = max(0, start - _NEIGHBOURS)
        borders, place = {first, start if start == 0 else -1}, first
        for word in self._segmentation.cut(text[first : end + _NEIGHBOURS]):
            place += len(word)
            borders.add(place)
        return start in borders

    def _choose(self, item: _Found, known: set[str], beside: str | None) -> str | None:
        for around in ({beside} - {None}, known):
            inside = [
                reading.adcode
                for reading in item.readings
                if around.intersection(self._above[reading.adcode])
            ]
            if len(inside) == 1:
                return inside[0]
        safe = [reading for reading in item.readings if not reading.is_doubtful]
        if len(safe) > 1:
            # 「吉林」 and 「阿克苏」 alone mean the wider place of that name.
            highest = min(_LEVELS.index(self._regions[r.adcode].level) for r in safe)
            safe = [r for r in safe if _LEVELS.index(self._regions[r.adcode].level) == highest]
        return safe[0].adcode if len(safe) == 1 else None


def _beside(found: Sequence[_Found], place: int) -> bool:
    return place > 0 and found[place].start - found[place - 1].end <= 1


def _add_names(
    readings: dict[str, list[_Reading]],
    region: Region,
    ordinary: frozenset[str],
    districts: frozenset[str],
) -> None:
    full = matching_text(region.name)
    is_province = region.level is RegionLevel.PROVINCE
    short = (_PROVINCE_SUFFIX if is_province else _SUFFIX).sub("", full)
    is_doubtful = full in ordinary or len(full) <= _SHORTEST
    readings.setdefault(full, []).append(
        _Reading(region.adcode, is_full=True, is_doubtful=is_doubtful)
    )
    if short == full or len(short) < _SHORTEST:
        return
    if full.endswith("自治州"):
        readings.setdefault(f"{short}州", []).append(
            _Reading(region.adcode, is_full=True, is_doubtful=False)
        )
    is_city = region.level is not RegionLevel.COUNTY or full.endswith("市")
    is_doubtful = short in ordinary or not (is_city or short in districts)
    readings.setdefault(short, []).append(
        _Reading(region.adcode, is_full=False, is_doubtful=is_doubtful)
    )


def _words(name: str) -> frozenset[str]:
    text = resources.files("nlp").joinpath(f"data/{name}").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split())
