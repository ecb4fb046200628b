"""How many workers a matter concerns.

A number counts where it numbers workers, or people who speak of their own grievance; ages, floors, ranks, crowds,
whole populations, vacancies and casualties do not. Of several the one bound to the grievance, else the largest.
"""

from __future__ import annotations

import re

from nlp.facts.clauses import Clauses
from nlp.numerals import NUMBER, number

_WORKERS = (
    r"农民工|民工|务工人员|工友|工人|员工|职工|同事|骑手|外卖员|快递员|环卫工|保洁员?|保安|司机|教师|老师|护士|医生|矿工|工程师|店员|服务员|主播|劳动者|兄弟|姐妹|姐们|同志"
    r"|打工人|临时工|合同工|派遣工|女工|实习生|学徒|师傅|主管|工作人员|雇员|船员|厨师|焊工|瓦工|木工|钢筋工|泥瓦工|班组成员|业务员|乘务员|讲师|作业人员|施工人员|从业人员"
)
_COUNTED = re.compile(
    rf"(?<![第\d.楼])(?P<number>{NUMBER})(?:多|余|来|几)?(?:名|个|位|号|口|人)?(?:多|余)?(?P<between>[^,。;!?\n\d:]{{0,8}}?)(?P<noun>{_WORKERS})"
)
_LISTED = re.compile(
    rf"(?:{_WORKERS})(?:们|队伍|代表)?(?:等|共计|共|有|约|近|一共|总共|达|合计|计|就有|大概|大约|超过|逾|超|已有)*(?P<number>{NUMBER})(?:多|余|来)?(?:多|余)?(?:人|名|个|号人|位)"
)
_PEOPLE = re.compile(
    rf"(?<![第\d.])(?P<number>{NUMBER})(?:多|余|来|几)?(?:名|个|位|号|口子?)?(?:多|余)?(?P<noun>人|兄弟)(?![民次均才大物事生格])"
)
_OURS = re.compile(
    r"我们|咱们?|一行|等|班组|全厂|全公司|全班|全体|厂里|工地|公司|工资|欠薪|被欠|被裁|讨薪|员工|职工|工人|集体|涉及|同事|项目部|队里|一起|民工"
)
_GRIEVANCE = re.compile(
    r"欠|拖|讨|没发|未发|不发|停发|没着落|没有着落|停工|罢工|停止接单|被困|裁|辞退|开除|堵|维权|工资|社保|断缴|说法|要钱|没饭吃|上访|投诉|举报|仲裁|中毒|失业|血汗|集体|请假|解雇|下岗|降薪|被迫|强制|不给|跑路"
)
_OTHER = re.compile(
    r"(?:招聘|招收|招募|招录|录用|录取|急招|招|培训|表彰|围观|观看|参加|参与|报名|全国|全省|全市|全县|我国|中国|其中|粉丝|观众|点赞|阅读|转发|评选|选出|慰问|帮助|每|服务|惠及|有)[^,。;!?]{0,6}$"
)
_STRONG = re.compile(r"我们|咱|涉及|共|拖欠|被欠|欠薪|被裁|全公司|全厂|全班|讨薪|被拖欠|集体")
_WE = re.compile(rf"(?:我们|咱们?)(?:一共|一行|共|这)?{NUMBER}")
_HURT = re.compile(r"^[^,。;!?]{0,6}(?:死|遇难|身亡|受伤|重伤|轻伤|丧生|失联|失踪|遇害|伤)")
_NOT_BETWEEN = re.compile(r"月|年|天|元|块|万|钱|楼|车间|岁|小时|点|分|期|栋|层|班|工资|薪|[a-z]")
_CROWD = re.compile(r"^(?:围观|观看|点赞|参加|报名|转发|阅读|次|份|在线|关注|乘车)")
_ROUND = re.compile(r"[十百千万\d]")
_MOST = 1_000_000


def headcount(text: str, clauses: Clauses) -> int | None:
    if not (_GRIEVANCE.search(text) or _WE.search(text)):
        return None
    found: list[tuple[int, int]] = []
    for pattern, is_bound in ((_COUNTED, True), (_LISTED, True), (_PEOPLE, False)):
        for match in pattern.finditer(text):
            rank = _rank(match, clauses, is_bound=is_bound)
            value = number(match["number"]) if rank else None
            if value is not None and value == int(value) and 1 <= value < _MOST:
                found.append((rank, int(value)))
    return max(found)[1] if found else None


def _rank(match: re.Match[str], clauses: Clauses, *, is_bound: bool) -> int:
    """Rank a number of people: 3 bound to the grievance, 2 and 1 workers or people of ours, 0 others."""
    before = clauses.before(match.start(), 0)
    if _is_other(match, before):
        return 0
    is_strong = bool(_STRONG.search(before))
    is_single = match["number"] in ("一", "1")
    if is_bound:
        if is_single and not is_strong:
            return 1
        return 3 if is_strong or _GRIEVANCE.search(clauses.after(match.end(), 0)) else 2
    start, end = clauses.sentence(match.start(), match.end())
    sentence = match.string[start:end]
    # 「一个人」 and 「5个人」 alone number anybody.
    if is_single or not (_OURS.search(sentence) and _GRIEVANCE.search(sentence)):
        return 0
    return 3 if is_strong else 1


def _is_other(match: re.Match[str], before: str) -> bool:
    bare, between = match["number"], match.groupdict().get("between") or ""
    after = match.string[match.end() : match.end() + 12]
    if _HURT.match(after) or _CROWD.match(after) or _NOT_BETWEEN.search(between):
        return True
    if _OTHER.search(before) and not _GRIEVANCE.search(before[-4:]):
        return True
    # 「一工人」 counts, 「三员工」 may be the end of another word.
    is_measured = match[0].removeprefix(bare)[:1] in tuple("名个位号口人多余来几")
    return not is_measured and match[0].startswith(bare) and not _ROUND.search(bare)
