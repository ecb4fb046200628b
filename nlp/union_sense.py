"""Tells a Chinese trade union from a guild, a foreign union and words that merely hold its characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

# 「员工会」「打工会」「分工会议」 hold the characters across a word border.
_UNION = re.compile(
    r"(?<![员民施复开打临美化技军罢完返停竣怠人小])工会(?!议|场|计|员们不会)|总工会|全总(?!裁|的|是|结|决|体|监|量|价|分|共|会)"
)
_SERVICE = re.compile(
    r"职工之家|职工书屋|职工服务中心|12351|工人文化宫|户外劳动者(?:服务)?(?:站|驿站)|困难职工|职工代表大会|职代会|集体协商|集体合同"
    r"|互助保障|五一劳动(?:奖章|奖状)"
)
_GUILD_MEANT = re.compile(
    r"(?:单位|公司|我们厂|厂里|厂的|企业|学校|医院|职工|工厂|车间|基层|局里|集团)的?公会"
    r"|公会(?:主席|经费|福利|会费|组织职工)|找公会(?:维权|反映|投诉)|公会.{0,12}(?:涨工资|提涨|慰问|发米|发油)"
)
_ABROAD = re.compile(
    r"美国|英国|韩国|日本|德国|法国|加拿大|澳大利亚|澳洲|意大利|西班牙|阿根廷|巴西|印度|墨西哥|南非|希腊|比利时|芬兰|瑞典|挪威|波兰|葡萄牙|荷兰"
    r"|欧洲|欧盟|好莱坞|伦敦|纽约|洛杉矶|巴黎|首尔|东京|柏林|联邦|白宫|特朗普|拜登|马斯克|特斯拉美国|波音|福特|通用汽车|三星|现代汽车|亚马逊"
    r"|编剧|演员工会|导演工会|制片人工会|摄影师工会|全美|uaw|汽车工人联合|卡车司机工会|码头工人"
)
_AT_HOME = re.compile(
    r"总工会|基层工会|街道工会|[省市区县镇乡厂院校局]工会|工会主席|中华全国|中国|我国|职工之家|会费|我们(?:单位|公司|厂)"
)


def union_evidence(texts: Sequence[str]) -> list[tuple[float, float, float]]:
    """Give for each folded text: names our union, names a union service, means something else.

    Something else is a foreign union, a guild, or words that merely hold the characters.
    """
    return [_evidence(text) for text in texts]


def evidence_words(text: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Give the words of a folded text behind each value of ``union_evidence``, where it has any."""
    named, service, abroad = _evidence(text)
    groups = (
        (named, (_UNION, _GUILD_MEANT)), (service, (_SERVICE,)), (abroad, (_ABROAD,)),
    )  # fmt: skip
    first, second, third = (
        tuple(dict.fromkeys(found[0] for one in patterns for found in one.finditer(text)))
        if value
        else ()
        for value, patterns in groups
    )
    return first, second, third


def _evidence(text: str) -> tuple[float, float, float]:
    has_service = bool(_SERVICE.search(text))
    if "工会" not in text and "公会" not in text and "全总" not in text:
        return (0.0, float(has_service), 0.0)
    is_named = bool(_UNION.search(text)) or bool(_GUILD_MEANT.search(text))
    is_abroad = bool(_ABROAD.search(text)) and not _AT_HOME.search(text)
    is_guild = "公会" in text and not is_named
    is_chance = not is_named and not has_service and "公会" not in text
    means_other = is_abroad or is_guild or is_chance
    return (float(is_named and not is_abroad), float(has_service), float(means_other))


def holds_only_by_chance(text: str) -> bool:
    """Tell whether a folded text has the characters of a union, but only across the border of two words."""
    has_characters = "工会" in text and "公会" not in text
    return has_characters and not (_UNION.search(text) or _SERVICE.search(text))


def names_foreign_union(name: str) -> bool:
    return bool(_ABROAD.search(name))


def union_words(text: str) -> list[tuple[int, int]]:
    """Give where a folded text that speaks of our unions has the word; none where it speaks of others."""
    if ("工会" not in text and "全总" not in text) or not _evidence(text)[0]:
        return []
    return [match.span() for match in _UNION.finditer(text)]
