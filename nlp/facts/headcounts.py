"""How many workers a matter concerns.

A number counts where it numbers workers, or people who speak of their own grievance; ages, floors, ranks, crowds,
whole populations, vacancies and casualties do not. Of several the one bound to the grievance, else the largest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp.facts.clauses import Clauses
from nlp.numerals import Number

_WORKERS = (
    r"农民工|民工|务工人员|工友|工人|员工|职工|同事|骑手|外卖员|快递员|环卫工|保洁员?|保安|司机|教师|老师|护士|医生|矿工|工程师|店员|服务员|主播|劳动者|兄弟|姐妹|姐们|同志"
    r"|打工人|临时工|合同工|派遣工|女工|实习生|学徒|师傅|主管|工作人员|雇员|船员|厨师|焊工|瓦工|木工|钢筋工|泥瓦工|班组成员|业务员|乘务员|讲师|老乡|同乡|哥们|伙计|弟兄|作业人员|施工人员|从业人员"
)
_COUNTED = re.compile(
    rf"(?P<measure>[多余来几名个位号口人]{{0,3}})(?P<between>[^,。;!?\n\d:]{{0,8}}?)(?P<noun>{_WORKERS})"
)
_LISTED = re.compile(
    rf"(?:{_WORKERS})(?:们|队伍|代表)?(?:等|共计|共|有|约|近|一共|总共|达|合计|计|就有|大概|大约|超过|逾|超|已有)*+$"
    r"|(?:裁员?|辞退|开除|解雇|优化|遣散|劝退)(?:约|近|了|共|掉|超过|超|逾|将近|总共)*+$"
)
_LISTED_TAIL = re.compile(
    r"[多余来几]{0,2}(?:人|名|号人|位|个(?!月|半|小时|星期|礼拜|季|工作日|多))"
)
_PEOPLE = re.compile(
    r"[多余来几名个位号口]{0,3}子?(?P<noun>人|兄弟)(?![民次均才大物事生格家]|的(?:活|量|工作|工资|岗))"
)
_OURS = re.compile(
    r"我们|咱们?|一行|等|班组|全厂|全公司|全班|全体|厂里|工地|公司|工资|欠薪|被欠|被裁|讨薪|员工|职工|工人|集体|涉及|同事|项目部|队里|一起|民工|工钱|欠了|拖欠"
)
_GRIEVANCE = re.compile(
    r"欠|拖|讨|没发|未发|不发|停发|没着落|没有着落|停工|罢工|停止接单|被困|裁|辞退|开除|堵|维权|工资|社保|断缴|说法|要钱|没饭吃|上访|投诉|举报|仲裁|中毒|失业|血汗|集体|请假|解雇|下岗|降薪|被迫|强制|不给|跑路|聚集|拉横幅|抗议|示威|停运|被埋|血汗|涉及"
)
_PLAINT = re.compile(
    r"欠|拖|讨|(?:没|未|不)(?:有)?(?:发|给|拿|领|付|结)|停工|罢工|裁|辞退|开除|被困|被埋|堵|维权|说法|要钱|没饭吃|上访|找老板|要工资|聚集|集体|中毒|失业|下岗|强制|被迫"
)
_OTHER = re.compile(
    r"(?:招聘|招收|招募|招录|录用|录取|急招|招|培训|表彰|围观|观看|参加|参与|报名|全国|全省|全市|全县|我国|中国|其中|粉丝|观众|点赞|阅读|转发|评选|选出|慰问|帮助|每|服务|惠及|月薪|年薪|日薪|时薪)[^,。;!?]{0,6}$"
)
_STRONG = re.compile(r"我们|咱|涉及|共|拖欠|被欠|欠薪|被裁|全公司|全厂|全班|讨薪|被拖欠|集体")
_HURT = re.compile(r"^[^,。;!?]{0,6}(?:死|遇难|身亡|受伤|重伤|轻伤|丧生|失联|失踪|遇害|伤)")
_NOT_BETWEEN = re.compile(r"月|年|天|元|块|万|钱|楼|车间|岁|小时|点|分|期|栋|层|班|工资|薪|[a-z]")
_CROWD = re.compile(r"^(?:围观|观看|点赞|参加|报名|转发|阅读|次|份|在线|关注|乘车)")
_ROUND = re.compile(r"[十百千万\d]")
_HOURS = frozenset(("996", "955", "965", "995", "997", "007", "7107", "886", "12345", "12333"))
# 「一名工人」 introduces somebody; it numbers nobody.
_LEAST, _MOST = 2, 1_000_000
_NEAR = 14


def headcount(text: str, numbers: Sequence[Number], clauses: Clauses) -> int | None:
    if not numbers or not (_GRIEVANCE.search(text) or "我们" in text or "咱" in text):
        return None
    best = (0, 0)
    for item in numbers:
        if item.text in _HOURS or item.value != int(item.value):
            continue
        if not _LEAST <= item.value < _MOST:
            continue
        rank = _rank(text, item, clauses)
        if rank:
            best = max(best, (rank, int(item.value)))
    return best[1] or None


def _rank(text: str, item: Number, clauses: Clauses) -> int:
    """Rank a number of people: 3 bound to the grievance, 2 and 1 workers or people of ours, 0 others."""
    counted = _COUNTED.match(text, item.end)
    if counted is not None and _NOT_BETWEEN.search(counted["between"]):
        counted = None
    if counted is not None and not counted["measure"]:
        # 「上千员工」 counts; 「一工人」, 「60后老员工」 and 「996的员工」 do not.
        is_count = _ROUND.search(item.text) and not counted["between"]
        counted = counted if is_count else None
    tail = counted
    if tail is None and _LISTED.search(text, max(0, item.start - _NEAR), item.start):
        tail = _LISTED_TAIL.match(text, item.end)
    is_bound = tail is not None
    tail = tail or _PEOPLE.match(text, item.end)
    if tail is None:
        return 0
    before = clauses.before(item.start, 0)
    start, end = clauses.sentence(item.start, tail.end())
    sentence = text[start:end]
    if before.endswith("有") and not _GRIEVANCE.search(sentence):
        return 0  # 「单位有1000多职工」
    if _is_other(text, tail.end(), before):
        return 0
    is_strong = bool(_STRONG.search(before))
    if is_bound:
        return 3 if is_strong or _GRIEVANCE.search(clauses.after(tail.end(), 0)) else 2
    # 「5个人」 alone numbers anybody.
    if not (_OURS.search(sentence) and _PLAINT.search(sentence)):
        return 0
    return 3 if is_strong else 1


def _is_other(text: str, end: int, before: str) -> bool:
    after = text[end : end + _NEAR]
    if _HURT.match(after) or _CROWD.match(after):
        return True
    return bool(_OTHER.search(before)) and not _GRIEVANCE.search(before[-4:])
