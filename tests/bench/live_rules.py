"""Live rules as unions would write them, thousands of them, the same for the same seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence

TOPICS = (
    "工资", "欠薪", "拖欠", "讨薪", "社保", "工伤", "加班", "裁员", "赔偿", "劳动合同", "罢工", "停工",
    "仲裁", "农民工", "骑手", "试用期", "离职", "安全帽", "中暑", "女职工", "培训", "招聘", "工会",
)  # fmt: skip
PLACES = (
    "云溪", "鹿鸣", "望舒", "白鹭", "青禾", "石桥", "临江", "北港", "南屏",
    "东升", "兴安", "长宁", "永泰", "龙门", "凤台", "桃源", "安澜", "清河",
)  # fmt: skip
NAMES = (
    "顺达", "宏远", "金盛", "恒通", "华茂", "瑞丰", "天成", "万家", "德信",
    "利民", "东方", "新纪元", "昌盛", "百川", "中岳", "海韵", "嘉禾", "众合",
)  # fmt: skip
KINDS = (
    "物流", "建筑", "电子", "纺织", "食品", "家政", "置业", "科技", "环卫",
    "机械", "服饰", "传媒", "医疗", "教育", "餐饮", "外卖", "矿业", "船舶",
)  # fmt: skip
SUFFIXES = ("公司", "集团", "厂", "项目部", "有限公司", "工地")
SHARES = {"entity": 55, "uniform": 20, "near": 10, "exclusion": 10, "field": 5}


class RuleWriter:
    """Writes rules from entities that hardly any post names and words that the given posts hold."""

    def __init__(self, texts: Sequence[str], seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 (invented rules, no secret)
        counted: Counter[str] = Counter()
        for text in texts:
            counted.update({text[at : at + size] for size in (2, 3, 4) for at in range(len(text))})
        self._words = sorted(word for word in counted if len(word) > 1 and word.isalpha())
        self._common = [word for word, _ in counted.most_common(400) if len(word) > 1]
        self._common = [word for word in self._common if word.isalpha()] or list(TOPICS)

    def texts(self, number: int) -> Iterator[str]:
        for kind in self._chance.choices(list(SHARES), list(SHARES.values()), k=number):
            yield self._text(kind)

    def broad(self, number: int) -> Iterator[str]:
        """Write rules that ordinary posts meet."""
        for _ in range(number):
            first, second = self._chance.sample(self._common, 2)
            yield self._chance.choice(
                (f"{first} {second}", f"{first} ({second} OR {self._word()})", first)
            )

    def _text(self, kind: str) -> str:
        entity, topic = self._entity(), self._chance.choice(TOPICS)
        match kind:
            case "entity":
                return f"{entity} ({topic} OR {self._chance.choice(TOPICS)})"
            case "uniform":
                return f"{self._word()} {self._word()}"
            case "near":
                return f"({entity} OR {self._word()}) NEAR/{self._chance.randint(2, 12)} {topic}"
            case "exclusion":
                return f"{self._word()} {topic} -({self._chance.choice(TOPICS)} OR {entity})"
            case _:
                condition = self._chance.choice(("平台:微博", "情感:负面", "涉工:是", "评论>50"))
                return f"{condition} {entity} {topic}"

    def _entity(self) -> str:
        chosen = (self._chance.choice(part) for part in (PLACES, NAMES, KINDS, SUFFIXES))
        return "".join(chosen)

    def _word(self) -> str:
        return self._chance.choice(self._words)
