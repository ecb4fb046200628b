"""How long a matter has lasted, in days: a month is 30, a quarter 90, half a year 180, a year 365.

A duration counts beside what is withheld, stopped or left without an answer, not as a term, an age or a leave.
"""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from nlp.facts.clauses import Clauses
from nlp.numerals import NUMBER, number

_LENGTHS = {
    "天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "个月": 30, "月": 30, "季度": 90,
    "年": 365, "周年": 365,
}  # fmt: skip
_DURATION = re.compile(
    r"(?<![第\d.年月初下上])(?:"
    rf"(?P<number>{NUMBER})(?P<vague>[多余来几])?个?[多来]?(?P<half>半)?(?P<unit>天|周(?!年|[一二三四五六日末])|星期(?![一二三四五六日天])|礼拜(?![一二三四五六日天])|季度|年|(?<=个)月|(?<=个半)月|(?<=[多来])月)"
    rf"(?P<more>多|零|又|余)?(?:(?P<months>{NUMBER})个月|(?P<plus>半))?"
    r"|(?P<halves>大?半)(?:个(?P<half_month>月)|年)"
    r")"
)
_MAY_HOLD = re.compile(r"[天月年周]|星期|礼拜|季度")
_MATTER = re.compile(
    r"欠|拖|(?:没|未)(?:有|能|再)?(?:发|给|付|结|支付|拿到|领|缴|交|答复|回复|解决|处理|开工|复工|结果|收到|得到|兑现|着落|人管|动静)|不(?:发|给|付|结|缴|交|予)"
    r"|停(?:工|产|发|缴|业|薪)|断缴|无果|一分钱|分文|无人|讨|维权|压(?:着|了)?(?:我们)?工资|扣(?:着|押)|被困|罢工|少发|漏缴|被关|失联|耽误|没钱"
)
_OTHER_BEFORE = re.compile(
    r"(?:试用期|合同|工龄|产假|年假|病假|请|休|放假|提前|每|一|满|近视|实习|有效期|保修|质保|工期|刑|判|学制|历史|成立|创办|从业|结婚|工作|上班|干|做|打工|入职|来了?|住|培训|限|于|在|签|年龄|今年|满)(?:了|的|着|有|着有|为|共|已|已经|将近|近|快)?[^,。;!?]{0,2}$"
)
_OTHER_AFTER = re.compile(
    r"^(?:的?(?:假|历史|工龄|合同|试用|有期徒刑|经验|级|后|之后|前|以前|之前|内|之内|以内|一次|一休|一结|薪)|\s*(?:/|×|x))"
)
_AGE = re.compile(r"^(?:岁|月份?[\d一二三四五六七八九十]|[\d一二三四五六七八九十]+月)")
_SINCE = re.compile(
    r"(?:(?P<year>20\d\d|去|今|前)年)?(?P<month>1[0-2]|[1-9]|十[一二]?|[一二三四五六七八九])月(?:份|初|底|中旬)?(?:\d{1,2}[日号])?(?:开始|起|以来)?(?:一直)?,?(?:(?:到|至|直到)(?:现在|今|目前|如今)|(?:开始|起|以来)就?一?直?(?:拖欠|欠|没发|未发|没有发|未支付|不发))"
)
_MONTHS = re.compile(
    r"(?<!\d)(?P<first>1[0-2]|[1-9])月?份?(?:到|至|-|~|—)(?P<last>1[0-2]|[1-9])月份?(?:的|份|,)?(?P<pay>[^,。;!?]{0,8}工资)?"
)
_LONGEST = 365 * 40
_MOST_YEARS = 60
_ZONE = ZoneInfo("Asia/Shanghai")


def days(text: str, clauses: Clauses, published_at: dt.datetime | None) -> int | None:
    if not _MAY_HOLD.search(text):
        return None
    best: tuple[int, int] | None = None
    for match in _DURATION.finditer(text):
        length = _length(match)
        if not 0 < length <= _LONGEST:
            continue
        rank = _rank(match, clauses)
        if rank and (best is None or (rank, length) > best):
            best = (rank, length)
    if best is not None:
        return best[1]
    return _listed_months(text, clauses) or _since(text, clauses, published_at)


def _length(match: re.Match[str]) -> int:
    if match["halves"]:
        return 15 if match["half_month"] else 180
    value = number(match["number"])
    if value is None:
        return 0
    unit = match["unit"]
    length = value * _LENGTHS["个月" if unit == "月" else unit]
    if match["half"]:
        length += _LENGTHS["个月" if unit == "月" else unit] // 2
    if match["months"]:
        length += (number(match["months"]) or 0) * 30
    if match["plus"]:
        length += 180
    if unit == "年" and value > _MOST_YEARS:
        return 0  # 「2024年」
    return int(length)


def _rank(match: re.Match[str], clauses: Clauses) -> int:
    text = match.string
    before, after = clauses.before(match.start(), 0), clauses.after(match.end(), 0)
    if _OTHER_AFTER.match(after) or _AGE.match(text[match.end() : match.end() + 4]):
        return 0
    if _MATTER.search(before[-16:]):
        return 3
    is_other = _OTHER_BEFORE.search(before)
    if is_other is None and _MATTER.search(after[:14]):
        return 3
    following = clauses.after(match.end(), 1)[len(after) :]
    if _MATTER.search(following[:14]) and "一直" not in before:
        return 2
    if (
        is_other is None
        and not before.strip(" 已经了足整长达近快将")
        and _MATTER.search(clauses.before(match.start(), 1))
    ):
        return 1
    return 0


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
