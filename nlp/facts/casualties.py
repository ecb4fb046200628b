"""How many people a text says were killed or hurt or are missing; the largest number stated of each kind."""

from __future__ import annotations

import re

from nlp.annotations import Casualties
from nlp.facts.clauses import Clauses
from nlp.numerals import NUMBER, number

_PERSON = r"(?:余|多)?(?:名|个|位)?(?:多|余)?(?:人员|人|工人|矿工|员工|职工|工友|农民工|民工|作业人员|施工人员|男子|女子|工作人员|消防员|司机|骑手|村民|群众|学生|务工人员|乘客|老人|孩子|医务人员|护士|环卫工|外卖员|快递员|保安|船员|学徒|店员|口)?"
_HOW = r"(?:已|仍|还|尚|依然|目前|均|全部|当场|不幸|经抢救无效|抢救无效|送医后|因公|先后|确认|被确认|不治|溺水|中毒|不同程度|身受|受|在事故中|被|因伤势过重|医治无效|因此|遭)*"
# 「两名工人被钢筋砸中身亡」: words without another number or outcome stand between.
_GAP = r"(?:(?<=[名位人员工者男女友部机手安生客子])(?:(?![死亡伤失遇])[^,。;!?、\d一二两三四五六七八九十]){1,10}?)?"
_DEAD = r"(?:死亡|遇难|身亡|丧生|罹难|死(?![人心活板磕扛守盯撑]|不)|牺牲(?=[,。;!?人]|$)|去世|殒命|坠亡|猝死|不治)"
_HURT = r"(?:受伤|重伤|轻伤|轻微伤|负伤|烧伤|灼伤|烫伤|砸伤|骨折|伤(?![心害人感员亡了]))"
_MISSING = r"(?:失联|失踪|下落不明)"
_PATTERNS = {
    kind: (
        re.compile(rf"(?<![第\d.])(?P<number>{NUMBER}){_PERSON}{_HOW}{_GAP}{words}"),
        re.compile(
            rf"(?<![\d一二两三四五六七八九十百人名个位]){words}(?:的)?(?:人数|人员|工人|者|矿工)?(?:已?(?:上升至|升至|增至|达到|达|为|有|共|约|增加到|上升到|:))?(?P<number>{NUMBER})(?:余|多)?(?:人(?!工资|次|生)|名|位|个(?=人|工|员|[,。;!?]|$))"
        ),
    )
    for kind, words in (("dead", _DEAD), ("injured", _HURT), ("missing", _MISSING))
}
_NONE = re.compile(
    r"(?:无|没有|未)(?:造成|发生|出现|接到)?(?:任何|一)?(?:人员?)(?P<kind>伤亡|死伤|死亡|遇难|受伤|被困|失联)|零伤亡|无伤亡|未造成伤亡"
)
_MAY_HOLD = re.compile(
    r"死|亡|伤|遇难|丧生|罹难|失联|失踪|不明|牺牲(?=[,。;!?人]|$)|去世|殒命|不治|骨折"
)
_STORY = re.compile(r"电影|电视剧|小说|游戏|剧情|梦见|剧里|演习|演练")
_MOST = 100_000


def casualties(text: str, clauses: Clauses) -> Casualties | None:
    if not _MAY_HOLD.search(text):
        return None
    found = {kind: _largest(kind, patterns, text, clauses) for kind, patterns in _PATTERNS.items()}
    none = _NONE.search(text)
    if none is not None:
        kind = none.groupdict().get("kind")
        if kind not in ("被困", "失联", "受伤") and found["dead"] is None:
            found["dead"] = 0
        if kind not in ("被困", "失联", "死亡", "遇难") and found["injured"] is None:
            found["injured"] = 0
        if kind == "失联" and found["missing"] is None:
            found["missing"] = 0
    if all(value is None for value in found.values()):
        return None
    return Casualties(**found)


def _largest(
    kind: str, patterns: tuple[re.Pattern[str], ...], text: str, clauses: Clauses
) -> int | None:
    values: list[int] = []
    for pattern in patterns:
        for match in pattern.finditer(text):
            value = number(match["number"])
            if value is None or value != int(value) or not 1 <= value < _MOST:
                continue
            start, end = clauses.sentence(match.start(), match.end())
            if not _STORY.search(text, start, end) and _is_people(match, kind):
                values.append(int(value))
    return max(values, default=None)


def _is_people(match: re.Match[str], kind: str) -> bool:
    """Tell people from 「累死三回」 and 「一死了之」; a bare number goes with the other kinds, 「3死2伤」."""
    said = match[0]
    if re.search(r"[名个位人者]|工|民|司机|骑手", said.removeprefix(match["number"])):
        return True
    around = match.string[max(0, match.start() - 10) : match.end() + 10]
    others = {"dead": "[伤失]", "injured": "[死亡失]", "missing": "[死亡伤]"}[kind]
    return (
        bool(re.search(rf"{others}", around.replace(said, "", 1)))
        and bool(re.search(r"[\d一二两三四五六七八九十]", said))
        and said[-1] in "死伤联亡踪难"
    )
