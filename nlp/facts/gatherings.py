"""Calls to gather: words that call people to a place or a time for a common demand.

Reports of the past, warnings, denials, and gatherings for training, outings or meetings are no calls.
"""

from __future__ import annotations

import re

from nlp.annotations import Gathering

_N = r"(?:\d{1,2}|[一二两三四五六七八九十]{1,3})"
_DAY = rf"(?:今天|今晚|今早|明天|明早|明晚|明日|后天|大后天|(?:本|这|下)?个?(?:周|星期|礼拜)[一二三四五六日天末]|下周|(?:(?:本|这个?|下个?)月|{_N}月)?{_N}[日号](?!门|楼|线|院|车间|机)|{_N}月份?|月底|元旦|国庆|五一|春节后|节后)"
_TIME = re.compile(
    rf"{_DAY}(?:\([^)]{{1,4}}\))?的?(?:凌晨|早上|早晨|早|上午|中午|下午|傍晚|晚上|晚)?(?:(?:\d{{1,2}}:\d{{2}}|{_N}(?:点|时)(?:半|整|{_N}分|一刻)?)(?:钟)?)?"
)
_SITE = (
    r"劳动监察大队|监察大队|劳动监察|仲裁院|信访办|派出所|公安局|大门口?|门口|门前|楼下|楼前|大厅|广场|政府|人社局|劳动局|信访局|法院|仲裁委|项目部|工地|售楼部"
    r"|厂区|总部|办公室|办公楼|车间|公司|厂里|工会|\d+号门|路口|站点|集散中心|公园|体育馆|停车场|会议室"
)
_DOOR = r"大门口|门口|门前|楼下|楼前|大厅|广场|\d+号门|大门|路口"
_WORDS = r"[^,。;!?\n\s:、在到去来往于至堵讨]{0,12}?"
_PLACES = (
    re.compile(
        rf"(?:在|到|去|来|往|于|至|齐聚|围堵|堵)(?!现在|时候|起来|底)(?P<place>{_WORDS}(?:{_SITE}){{1,3}}(?:{_DOOR})?)"
    ),
    # Without 「在」 or 「到」 only a door, a square or the like is a place to meet.
    re.compile(rf"(?P<place>{_WORDS}(?:(?:{_SITE}){{0,2}}(?:{_DOOR})|(?:{_SITE})(?=见|集合)))"),
)
_ACT = re.compile(
    r"集合|聚集|集会|上访|讨薪|讨要|讨个?说法|讨个?公道|要个?说法|维权|拉横幅|堵(?:门|路|大门|住|老板|他|公司)|罢工|罢运|罢课|停工|停运|停止接单|集体(?:停|下线|请假|上访|讨)|静坐|抗议|游行|要工资|要钱|要血汗钱|示威|请愿|碰头|闹"
)
_MEET = re.compile(r"(?:门口|楼下|项目部|公司|工地|大厅|广场|政府|局|院)见(?!面)")
_STRIFE = re.compile(
    r"上访|讨|说法|不给钱|还钱|给钱|公道|维权|横幅|堵|罢|停工|停运|停止接单|静坐|抗议|游行|要工资|要钱|血汗|示威|请愿|欠|拖欠|工资|谈判|集体下线|闹|补偿|裁"
)
_CALLING = re.compile(
    r"大家|各位|兄弟|工友们|同事们|姐妹|全体|所有|一起|一块|号召|呼吁|咱们?|不见不散|速来|都来|都去|务必|准时|通知|必到|愿意的|想要.{0,10}的|有种|走起|约起来|请.{0,8}(?:到|来|去)|集合"
)
_URGING = re.compile(
    r"号召|呼吁|不见不散|速来|一起去|一块去|都去|都来|走起|务必|准时|大家.{0,6}(?:去|到|来)|集合"
)
_REPORTED = re.compile(
    r"[余多\d]名(?:工人|员工|职工|农民工|司机|骑手|业主|群众|家长)|工人们(?:在|到|聚)"
)
_ADDRESSED = re.compile(r"大家|各位|兄弟|工友们|姐妹|号召|呼吁|咱们?|我们")
_NOT = re.compile(
    r"为什么|如何看待|哪些|怎么看|是不是|不要|切勿|请勿|勿|别(?!的|人)|严禁|禁止|不会|不能|不想|不敢|不去|没有|没人|未|拒绝|避免|防止|劝|制止|依法处置|不信谣|不实|谣|不得|不参与|是否|该不该|要不要"
)
_PAST = re.compile(
    r"昨[天日晚]|前[天日]|上(?:个)?(?:周|月|星期)|去年|前年|曾|当天|当日|日前|近日|此前|据(?:报道|悉|了解)|报道|记者|警方|已经?(?:去|在|到|被|有)|后被|现场有|发生了?|[去来过集]过|了(?:一次|两次|好几次)|近[年期]"
)
_BENIGN = re.compile(
    r"培训|春游|秋游|旅游|团建|婚礼|比赛|运动会|体检|演练|演出|晚会|会议|开会|早会|班车|考试|面试|招聘|讲座|参观|年会|聚餐|志愿|军训|旅行|出发|爬山|开庭|跑步|球|相亲|演唱会|上课|做操"
)
_SENTENCE = re.compile(r"[^。!?;\n]+")
_LONGEST, _AROUND = 100, 40


def gathering(text: str, original: str) -> Gathering | None:
    """Find the call; ``original`` has the words as they stand, at the same offsets."""
    if _act(text) is None:
        return None
    for sentence in _SENTENCE.finditer(text):
        said, begin = sentence[0], sentence.start()
        act = _act(said)
        if act is None:
            continue
        if len(said) > _LONGEST:
            # Without a full stop only what stands around the deed is the call.
            first = max(0, act.start() - _AROUND)
            said, begin = said[first : act.end() + _AROUND], begin + first
        if _NOT.search(said) or _PAST.search(said) or _BENIGN.search(said):
            continue
        is_report = _REPORTED.search(said) and not _ADDRESSED.search(said)
        if is_report or not _STRIFE.search(said):
            continue
        act_at = act.start() - (begin - sentence.start())
        time, place = _time(said, act_at), _place(said, act_at)
        if not (place and _URGING.search(said) if time is None else place or _CALLING.search(said)):
            continue
        return Gathering(
            text=original[begin : begin + len(said)].strip(),
            time=None if time is None else original[begin + time.start() : begin + time.end()],
            place=None if place is None else original[begin + place[0] : begin + place[1]],
        )
    return None


def _act(said: str) -> re.Match[str] | None:
    return _ACT.search(said) or (_MEET.search(said) if "见" in said else None)


def _place(said: str, act: int) -> tuple[int, int] | None:
    """Give the place that stands nearest before the deed, else the first after it."""
    without_times = _TIME.sub(lambda found: "," * len(found[0]), said)
    for pattern in _PLACES:
        spans = [match.span("place") for match in pattern.finditer(without_times)]
        before = [span for span in spans if span[0] < act]
        if spans:
            return before[-1] if before else spans[0]
    return None


def _time(said: str, act: int) -> re.Match[str] | None:
    times = list(_TIME.finditer(said))
    before = [match for match in times if match.start() < act]
    return before[-1] if before else (times[0] if times else None)
