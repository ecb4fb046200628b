"""Texts made to be costly to read, and the names and groups that make them costlier."""

from collections.abc import Iterator, Mapping, Sequence

from core.expression import Field

MANY_PLACES = {f"第{number}号市辖区": f"{number:06}" for number in range(7_000)}
NAMES: Mapping[Field, Mapping[str, str]] = {Field.REGION: MANY_PLACES, Field.TOPIC: MANY_PLACES}
GROUPS: Mapping[str, Sequence[str]] = {
    "两个": ["甲", "乙"],
    "二十": [f"词{number}" for number in range(20)],
    "一百": [f"词{number}" for number in range(100)],
    "星": ["甲*乙*丙"],
    "巨": ["甲*乙"] * 100_000,
} | {f"第{number}组": [f"词{number}", "薪"] for number in range(3_000)}

PIECES = (
    "(", ")", "-", "NOT ", "非 ", '"', '""', "“", "”", "“”", "*", '"*"', '"甲*乙"', "{", "}", "{}", ":", "：",
    "甲 ", "甲,", ",", "、", "甲|", "|", "甲:", "题:", "标题:", "标题:(", "标题:(甲)", "标题:甲,", "平台:", "平台:(", "平台:a,",
    "地区:第8号市,", "地区:第9号市辖区,", "地区:第9号 ", "情感:坏 ", "时间:1d ", "时间:(>1,", "转发:(> 1,", "转发:> ", "时间:(1d,1d) ", "时间:", "转发>1 ", "转发>", "转发>1万",
    " AND ", " OR ", " 或 ", "甲 OR ", "甲 AND ", "(甲 OR ", "(甲 ", "-(甲 ", "-(", "甲 NEAR/3 乙 ", "甲 NEAR/30 ", "NEAR/3 ",
    "甲 NEAR/30 乙 OR ", "甲 ONEAR/0 甲 ", "{两个} ", "{二十} ", "{一百} ", "{巨} ", "{星} ", "{星} NEAR/1 ", "{第9组} ", "{第9} ",
    "{两个} NEAR/9 {两个} ", "\\", '"\\', "\\*", "\u3000", "\n", "Ａ", "é", "İ", "\ud83d", "😀", "1", "a ", "与", "甲 与 ",
)  # fmt: skip

LONG = ("a", "甲", " ", "(甲", "题:甲 ")


def costly_texts(length: int = 1_000) -> Iterator[str]:
    """Yield each piece over and over, before something valid and after it, as long as is allowed."""
    for piece in PIECES:
        yield (piece * length)[:length]
        yield ("甲 " + piece * length)[: length - 2] + " 甲"
        half = (piece * length)[: length // 2]
        yield half + "甲" + ")" * (length // 2 - 1)
    yield from (piece * 1_000_000 for piece in LONG)
