"""How long a matter has lasted, in days: a month is 30, a quarter 90, half a year 180, a year 365.

A duration counts beside what is withheld, stopped or left without an answer, not as a term, an age or a leave.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from nlp.facts.clauses import Clauses
from nlp.numerals import NUMBER, Number, number

_LENGTHS = {
    "天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30, "季度": 90, "年": 365,
}  # fmt: skip
_HALF_MONTH, _HALF_YEAR = 15, 180
_NEAR_BEFORE, _NEAR_AFTER = 16, 14
_TAIL = re.compile(
    r"(?P<vague>[多余来几])?(?P<whole>个)?[多来]?(?P<half>半)?(?P<unit>天|周(?!年|[一二三四五六日末])|星期(?![一二三四五六日天])|礼拜(?![一二三四五六日天])|季度|年|月)"
    rf"(?P<more>[多零又余])?(?:(?P<months>{NUMBER})个月|(?P<plus>半(?!月|个)))?"
)
_HALF = re.compile(
    r"(?<![一二两三四五六七八九十\d年个多上下前后])大?半(?:个(?P<month>月)|年)(?!度|工资|终)"
)
_MATTER = re.compile(
    r"欠|拖|推迟|延迟|延后|逾期|迟发|延期|(?:拿|领|收|要|讨|见)不(?:到|回)|(?:没|未)(?:有|能|再)?(?:发|给|付|结|支付|拿到|领|缴|交|答复|回复|解决|处理|开工|复工|结果|收到|得到|兑现|着落|人管|动静)|不(?:发|给|付|结|缴|交|予)"
    r"|停(?:工|产|发|缴|业|薪)|断缴|无果|一分钱|分文|无人|讨|维权|压(?:着|了)?(?:我们)?工资|扣(?:着|押)|被困|罢工|少发|漏缴|被关|失联|耽误|没钱|没有?(?:生活费|收入|工资|工作)"
)
_OTHER_BEFORE = re.compile(
    r"(?:缴满|缴够|交满|够|缴了|交了|缴纳|一周|每周|试用期|合同|工龄|产假|年假|病假|请|休|放假|提前|每|一|满|近视|实习|有效期|保修|质保|工期|刑|判|学制|历史|成立|创办|从业|结婚|工作|上班|干|做|打工|入职|来了?|住|培训|限|于|在|签|年龄|今年|满)(?:了|的|着|有|着有|为|共|已|已经|将近|近|快)?[^,。;!?]{0,2}$"
)
_TERM_BEFORE = re.compile(
    r"(?:缴满|缴够|交满|交够|试用期|产假|年假|病假|请|放假|提前|有效期|刑|判|学制|一周|每周|毕业|每)(?:了|的|为|共|快|近)?$"
)
_OTHER_AFTER = re.compile(
    r"^(?:的?(?:假|历史|工龄|合同|试用|有期徒刑|经验|级|后|之后|前|以前|之前|内|之内|以内|一次|一休|一结|薪)|\s*(?:/|×|x))"
)
_AGE = re.compile(r"^(?:岁|月份?[\d一二三四五六七八九十]|[\d一二三四五六七八九十]+月)")
_BARE_BEFORE = re.compile(
    r"\s*(?:(?:截?至|到|直到)(?:现在|今|目前|如今)|如今|现在|目前)?(?:已经|已|都|足足|整整|长达|快|将近|近|有|了)*"
)
_SINCE = re.compile(
    r"(?:(?P<year>20\d\d|去|今|前)年)?(?P<month>1[0-2]|[1-9]|十[一二]?|[一二三四五六七八九])月(?:份|初|底|中旬)?(?:\d{1,2}[日号])?(?:开始|起|以来)?(?:一直)?,?(?:(?:到|至|直到)(?:现在|今|目前|如今)|(?:开始|起|以来)就?一?直?(?:拖欠|欠|没发|未发|没有发|未支付|不发))"
)
_MONTHS = re.compile(
    r"(?<!\d)(?P<first>1[0-2]|[1-9])月?份?(?:到|至|-|~|—)(?P<last>1[0-2]|[1-9])月份?(?:的|份|,)?(?P<pay>[^,。;!?]{0,8}工资)?"
)
_LONGEST = 365 * 40
_MOST_YEARS = 60
_ZONE = ZoneInfo("Asia/Shanghai")


def days(
    text: str, numbers: Sequence[Number], clauses: Clauses, published_at: dt.datetime | None
) -> int | None:
    best = (0, 0)
    for item in numbers:
        tail = _TAIL.match(text, item.end)
        length = _length(item, tail) if tail is not None else 0
        if tail is not None and 0 < length <= _LONGEST:
            best = max(best, (_rank(text, item.start, tail.end(), clauses), length))
    if "半" in text:
        for half in _HALF.finditer(text):
            rank = _rank(text, half.start(), half.end(), clauses)
            best = max(best, (rank, _HALF_MONTH if half["month"] else _HALF_YEAR))
    if best[0]:
        return best[1]
    if "月" not in text:
        return None
    return _listed_months(text, clauses) or _since(text, clauses, published_at)


def _length(item: Number, tail: re.Match[str]) -> int:
    unit = tail["unit"]
    # 「5月」 is a month of the calendar, 「5个月」 a length.
    if unit == "月" and not (tail["whole"] or tail["vague"]):
        return 0
    if unit == "天" and item.value == 1:
        return 0  # 「一天十小时」, 「一天到晚」
    if unit == "年" and item.value > _MOST_YEARS:
        return 0  # 「2024年」
    length = item.value * _LENGTHS[unit]
    if tail["half"]:
        length += _LENGTHS[unit] // 2
    if tail["months"]:
        length += (number(tail["months"]) or 0) * _LENGTHS["月"]
    if tail["plus"]:
        length += _HALF_YEAR
    return int(length)


def _rank(text: str, start: int, end: int, clauses: Clauses) -> int:
    before, after = clauses.before(start, 0), clauses.after(end, 0)
    if _TERM_BEFORE.search(before) or _OTHER_AFTER.match(after) or _AGE.match(text[end : end + 4]):
        return 0
    if _MATTER.search(before[-_NEAR_BEFORE:]):
        return 3
    is_other = _OTHER_BEFORE.search(before)
    if is_other is None and _MATTER.search(after[:_NEAR_AFTER]):
        return 3
    following = clauses.after(end, 1)[len(after) :]
    if _MATTER.search(following[:_NEAR_AFTER]) and "一直" not in before:
        return 2
    is_alone = _BARE_BEFORE.fullmatch(before) is not None
    return 1 if is_alone and _MATTER.search(clauses.before(start, 1)) else 0


def _listed_months(text: str, clauses: Clauses) -> int | None:
    for match in _MONTHS.finditer(text):
        first, last = int(match["first"]), int(match["last"])
        start, end = clauses.sentence(match.start(), match.end())
        sentence = text[start:end]
        if "工资" in sentence and _MATTER.search(sentence):
            return 30 * ((last - first) % 12 + 1)
    return None


def _since(text: str, clauses: Clauses, published_at: dt.datetime | None) -> int | None:
    if published_at is None:
        return None
    today = published_at.astimezone(_ZONE).date()
    for match in _SINCE.finditer(text):
        start, end = clauses.sentence(match.start(), match.end())
        month = number(match["month"])
        if month is None or not _MATTER.search(text[start:end]):
            continue
        begun = dt.date(_year(match["year"], int(month), today), int(month), 1)
        if begun < today:
            return (today - begun).days
    return None


def _year(said: str | None, month: int, today: dt.date) -> int:
    if said == "去":
        return today.year - 1
    if said == "前":
        return today.year - 2
    if said and said != "今":
        return int(said)
    return today.year if said == "今" or month <= today.month else today.year - 1
