"""The amount of money that is owed, withheld, lost or asked for, in yuan.

What a text states is taken as it stands: 「每人8000元」 is 8000, however many they are. Of several amounts the one
bound to a verb of owing counts, of several such the largest. Wages, prices, fines and capital are not owed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp.facts.clauses import Clauses
from nlp.numerals import Number

_TAIL = re.compile(
    r" ?[多余来几]{0,2}(?P<unit>[万亿])? ?(?P<yuan>元|圆|块|rmb|大洋)?(?P<small>(?<=块)[一二两三四五六七八九](?=[,。;!?\s]|$))?"
)
_SIGN = re.compile(r"(?:[¥$]|rmb|人民币) ?$")
_OWED = re.compile(
    r"欠|克扣|拖着?(?:没|不)|少(?:发|给|缴|交)|(?:没|未|不)(?:有|予|能)?(?:发|给|付|结|支付|退|还|兑现|到账|到手|拿到|领到|结清|报销)|卷走|卷款|骗|讨|追(?:回|讨|偿)"
    r"|要(?:回|债|账)|差(?:我|我们|着|了)?(?=[\d一二两三四五六七八九十百千万几])|还差|赔|补偿|补发|血汗钱|尚有|结清|垫(?:付|资)|(?<![社医]保)(?<![险税金])(?:被扣|扣(?:发|了|我|掉|工资|钱|押|罚|下|走|着|光))|不予|白干|跑路|跑了|失联|索要|追薪|白条|欠条|押着"
    r"|退(?:还|回)|压(?:着|了)?(?:我们)?(?:工资|钱)"
)
_LABOUR_MONEY = re.compile(
    r"工资|薪|工钱|工程款|劳务费|加班费|补偿|赔偿|公积金|社保|押金|保证金|提成|奖金|绩效|血汗钱|人工费|生活费|材料款|货款|运费|报酬|稿费"
)
_OTHER = re.compile(
    r"(?:月薪|底薪|时薪|日薪|年薪|(?<![\d一二三四五六七八九十个])月工资|基本工资|日工资|工资标准|工资(?:是|为|才|只有|大概|大约|一般|每月|到手)|房租|租金|水电|门票|车票|票价|罚款|罚|处罚|注册资[本金]|营业额"
    r"|经济损失|产值|产量|投资|总价|造价|房价|售价|单价|价格|慰问金|补贴标准|补贴|奖励|分红|市值|融资|营收|利润|年收入|月收入|收入|挣|赚|学费|培训费|物业费|首付|贷款|每(?:个?月|天|人|单|年|小时|斤|张)"
    r"|一(?:个月|天|单|年|小时|张|斤|车)|捐|发放|发了|拨付|花了?|保额|到手|起薪|月入|待遇|工价)[^,。;!?]{0,8}$"
)
_EACH = re.compile(
    r" ?(?:/|每|一)(?:月|天|日|单|小时|个?月|斤|张|人|年|平|件|个|次|车|吨|趟|kg|米|份|顿|碗|瓶|盒)|(?:左右)?的?(?:月薪|底薪|工资待遇|门票|罚款|罚单|红包|补贴|奖励|慰问|手机|衣服|东西)"
)
_NOT_MONEY = re.compile(
    r" ?(?:多|余|几|来)?(?:美元|美金|日元|港|欧|韩|英镑|卢布|台币|泰铢|刀|名|人|个|位|号|户|平|公里|千米|米|吨|斤|次|辆|件|台|家|倍|字|步|里|年|天|岁|小时|分|点|日|月|张|只|条|头|亩|株|册|万|元|职|员|农|工人|民|群|网|吨|%|％|ml|kg|km|[a-z\d:./-])"
)
_OWED_BESIDE = re.compile(
    r"(?:欠(?:我们?|了|薪|着)*|差(?:我们?|了|着)*|少发了?|扣了?我?|日结|克扣了?)(?:将近|大概|大约|约|近|共)?$"
)
_LEAST_BARE, _BESIDE = 100, 8
_WITHHELD = re.compile(r"(?:都|也|还|一直|至今)?(?:没|未|不给|不发)")
_ROUND = frozenset("万亿千百kw")
_TOTAL = re.compile(r"(?:共计|合计|总计|一共|总共|累计|总额|共)[^,。;!?\d]{0,10}$")
_LEAST, _MOST = 10, 10**13
_NEAR = 14
_UNITS = {None: 1, "万": 10_000, "亿": 100_000_000}


def amount_yuan(text: str, numbers: Sequence[Number], clauses: Clauses) -> int | None:
    found: list[tuple[int, float]] = []
    for item in numbers:
        tail = _TAIL.match(text, item.end)
        if tail is None or not (tail["yuan"] or item.value >= _LEAST):
            continue
        is_plain = bool(tail["yuan"]) or bool(
            _SIGN.search(text, max(0, item.start - 4), item.start)
        )
        # Without its unit only a round number reads as money: 「欠我8千」, 「3万6未结清」.
        is_round = bool(tail["unit"]) or not _ROUND.isdisjoint(item.text)
        # A bare number beside the verb is money too: 「还差4200没发」.
        is_owed = bool(_OWED_BESIDE.search(text, max(0, item.start - _BESIDE), item.start))
        is_said = is_plain or is_round or (is_owed and item.value >= _LEAST_BARE)
        if not is_said or (not is_plain and _NOT_MONEY.match(text, tail.end())):
            continue
        value = item.value * _UNITS[tail["unit"]]
        if _LEAST <= value < _MOST:
            rank = _rank(text, item.start, tail.end(), clauses, is_plain=is_plain)
            found.append((rank, value))
    best = max((rank for rank, _ in found), default=0)
    return round(max(value for rank, value in found if rank == best)) if best else None


def _rank(text: str, start: int, end: int, clauses: Clauses, *, is_plain: bool) -> int:
    """Rank an amount: 4 a total that is owed, 3 owed in its clause, 2 in its sentence, 1 labour money, 0 other."""
    near = clauses.before(start, 0)
    is_withheld = bool(_WITHHELD.match(text, end))
    if not is_withheld and (_EACH.match(text, end) or _is_other(near)):
        return 0
    total = 4 if _TOTAL.search(near) else 0
    if _OWED.search(near) or _OWED.search(clauses.after(end, 0)[:_NEAR]):
        return total or 3
    wider = clauses.before(start, 2)
    if _OWED.search(wider) and (is_plain or _LABOUR_MONEY.search(wider)):
        return total or 2
    follows = is_plain and _LABOUR_MONEY.search(near) and _OWED.search(clauses.after(end, 2))
    return 1 if follows else 0


def _is_other(near: str) -> bool:
    """Tell a wage, price or fine from a sum that is owed: 「月薪5000元」, but 「拖欠月薪5000元」."""
    other = _OTHER.search(near)
    if other is None:
        return False
    owing = [match.start() for match in _OWED.finditer(near)]
    if owing and _TOTAL.search(near):
        return False
    return not owing or owing[-1] < other.start() - 6
