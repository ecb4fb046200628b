"""Finds home addresses in a folded text: from the street, village or estate on, down to the door.

What lies above the street (province, city, county) stays readable: it says where the matter is, not where a person lives.
"""

from __future__ import annotations

import re

Span = tuple[int, int]

_N = r"(?:\d{1,4}|[一二三四五六七八九十]{1,3}|[a-z]\d{0,2})"
_NAME = r"[\u4e00-\u9fff\da-z]"
_LIVES = re.compile(
    r"(?:住在|家住|住址|现住|居住于|居住在|居住|家庭地址|家庭住址|户籍地址|户籍所在地|户籍|租住在|租住于|租住|我家在|我家住|家在|家里在|老家在|老家是|家住在|住于|暂住|住我们|我住|我们住|业主是|身份证地址|收货地址|收件地址|家门口|(?<=[,。;\s])住)(?:地址|地)?(?:是|为|在|于|:|:\s)?\s?"
)
_OF_A_FIRM = re.compile(
    r"(?:公司|单位|办公|厂|店|企业|工厂|工地|注册|经营|医院|学校|局|机构)(?:的)?(?:地址|住所)?(?:是|为|在|于|位于|:)?[^,。;]{0,2}$|(?:公司|单位|店|工厂|企业|办公)[^,。;]{0,3}(?:在|位于|设在|地址)[^,。;]{0,12}$|(?:软件园|工业区|园区|孵化器|产业园|科技园|工业园|大厦|写字楼|商务|广场|中心|门面|商铺|麻将馆|餐馆|饭店|基地)[^,。;]{0,6}$"
)
_DOOR = r"(?:\d{1,2}(?:层|楼))?(?:\d{1,5}|[一二三四五六七八九十]{1,4})(?:室|号房|房|号(?!楼|机|岗|车))|\d{1,2}-\d{3,4}(?!\d)|\d{3,4}(?![\d年元万个名人米平栋号多余户㎡m.%])"
_FLAT = re.compile(
    rf"(?<![同每这那哪整])(?<!\d){_N}(?:号楼|栋|幢|座|#楼?|号院|号)(?:[,\s-]?{_N}(?:号楼|栋|幢|座|号院))?(?:[,\s-]?{_N}(?:单元|门|梯))?(?:[,\s-]?(?:{_DOOR}))?"
)
_FULL_FLAT = re.compile(rf"(?:栋|幢|号楼|座|#|院|号).*(?:{_DOOR})$")
_HOUSE = re.compile(
    rf"{_NAME}{{1,12}}?(?:村|屯|寨|社区|湾|庄|营)(?:民委员会)?[\u4e00-\u9fff]{{0,4}}?(?:{_N}(?:组|社|队|屯)(?:{_N}号)?|[\u4e00-\u9fff]{{1,4}}[组社队屯庄]{_N}号)"
)
_STREET_NUMBER = re.compile(
    rf"{_NAME}{{2,10}}?(?:路|街|巷|弄|胡同|大道|里)(?:{_N}弄)?{_N}号(?:院|楼)?(?:{_FLAT.pattern})?"
)
_CLAUSE_END = re.compile(r"[,。;!?\n]")
_START = re.compile(
    r"(?:[^\u4e00-\u9fff\da-z]|住在|家住|住址|地址|居住于|居住在|居住|位于|租住在|我家在|户籍|老家|业主|买了|买的|现住|租住|家在|住|是|为|在|于|到|去|的|至|送|我|们|您|你|举报|投诉|购买|买|现实名|关于|将|把|中|过|年|月|日|时|督促|明确|如|业主|反映|说|因)"
)
_ADMINISTRATIVE = re.compile(
    r"[\u4e00-\u9fffa-z\d]{1,8}?(?:省|自治区|市|自治州|地区|盟)|[\u4e00-\u9fffa-z\d]{1,6}?(?:县|区|旗)"
)
_NO_COUNTY = ("小区", "社区", "园区", "校区", "厂区", "宿舍区", "新区")
_BUILDING_WORDS = ("栋", "幢", "号楼", "座", "#", "号院", "单元")
_LIVING_WORDS = ("住", "家在", "户籍", "老家", "地址", "业主是")
_LONGEST_BEFORE = 22


def home_addresses(text: str) -> list[Span]:
    has_building = any(word in text for word in _BUILDING_WORDS)
    has_living = any(word in text for word in _LIVING_WORDS)
    found: list[Span] = []
    for match in _FLAT.finditer(text) if has_building else ():
        if "号" in match[0] and not re.search(r"栋|幢|号楼|座|#|院|单元|室", match[0]):
            continue
        before = text[max(0, match.start() - _LONGEST_BEFORE) : match.start()]
        lives = _last(_LIVES, before)
        if lives >= 0 and _CLAUSE_END.search(before, lives):
            lives = -1
        has_door = bool(_FULL_FLAT.search(match[0])) and bool(
            re.search(r"栋|幢|号楼|座|#|单元", match[0])
        )
        if (has_door and not _OF_A_FIRM.search(before)) or lives >= 0:
            found.append((_beginning(text, match.start()), match.end()))
    for match in _LIVES.finditer(text) if has_living else ():
        span = _lived_in(text, match.end())
        if span is not None:
            found.append(span)
    return _merged(found)


def _lived_in(text: str, start: int) -> Span | None:
    """Give the address that follows words of living somewhere; without a number there is none."""
    stop = _CLAUSE_END.search(text, start)
    piece = text[start : min(start + 60, stop.start() if stop else len(text))]
    for pattern in (_HOUSE, _STREET_NUMBER):
        match = pattern.search(piece)
        if match is not None:
            begin = start + _below_county(piece[: match.end()])
            return begin, start + match.end()
    return None


def _beginning(text: str, start: int) -> int:
    before = text[max(0, start - _LONGEST_BEFORE) : start]
    cut = _last(_START, before)
    first = start - len(before) + max(cut, 0)
    return first + _below_county(text[first:start])


def _below_county(address: str) -> int:
    """Count the characters of province, city and county at the head of an address."""
    place = 0
    while match := _ADMINISTRATIVE.match(address[place:]):
        if address[place : place + match.end()].endswith(_NO_COUNTY):
            break
        place += match.end()
    return place


def _last(pattern: re.Pattern[str], text: str) -> int:
    return max((match.end() for match in pattern.finditer(text)), default=-1)


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged
