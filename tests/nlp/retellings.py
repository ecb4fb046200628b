"""Texts as others pass them on: mistyped, cut, with additions, under another title, in another order."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

Text = tuple[str, str]

_ADDED = (
    "（来源：河湾日报　记者：周文　责任编辑：李敏）",
    "本文转自网络，版权归原作者所有，如有侵权请联系删除。",
    "欢迎关注我们的公众号，了解更多本地资讯，点击下方阅读原文。",
    "免责声明：本文仅代表作者个人观点，与本网站无关，请读者仅作参考，并请自行核实相关内容。",
    "打开APP看更多精彩内容 举报/反馈",
    "转发微博，求扩散，大家帮忙看看！",
)
_HEADS = ("转自：工友之家\n", "【转载】", "", "据河湾晚报消息，", "网友投稿：")
LEAST_LEFT = 24
"""Less than this is no retelling any more."""

_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;\n]*")


class Retelling:
    """Draws from its own generator: the same seed retells alike."""

    def __init__(self, seed: int, letters: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 (draws test texts)
        self._letters = letters
        self.kinds: dict[str, Callable[[Text], Text]] = {
            "typos": lambda text: (text[0], self.mistyped(text[1], 0.02)),
            "many typos": lambda text: (text[0], self.mistyped(text[1], 0.05)),
            "three quarters": lambda text: (text[0], self.cut(text[1], 0.75)),
            "half": lambda text: (text[0], self.cut(text[1], 0.5)),
            "additions": lambda text: (text[0], self.with_additions(text[1])),
            "new title": lambda text: (f"网友反映：{text[1][:8]}引热议", text[1]),
            "new order": lambda text: (text[0], self.shuffled(text[1])),
            "all together": lambda text: (
                f"快讯 {text[0][:6]}",
                self.with_additions(self.mistyped(self.cut(text[1], 0.6), 0.02)),
            ),
        }

    def mistyped(self, text: str, share: float) -> str:
        """Replace, drop or double Chinese characters."""
        return "".join(
            self._wrong(sign)
            if "\u4e00" <= sign <= "\u9fff" and self._random.random() < share
            else sign
            for sign in text
        )

    def _wrong(self, sign: str) -> str:
        return self._random.choice((self._random.choice(self._letters),) * 3 + ("", sign * 2))

    def cut(self, text: str, share: float) -> str:
        sentences = _SENTENCE.findall(text)
        if len(sentences) < 3:
            return text[: max(LEAST_LEFT, int(len(text) * share))]
        kept = self._random.sample(range(len(sentences)), max(1, round(len(sentences) * share)))
        left = "".join(sentences[place] for place in sorted(kept))
        return left if len(left) >= LEAST_LEFT else text[: int(LEAST_LEFT * 1.2)]

    def with_additions(self, text: str) -> str:
        added = self._random.sample(_ADDED, self._random.choice((1, 2)))
        return "\n".join((self._random.choice(_HEADS) + text, *added))

    def shuffled(self, text: str) -> str:
        sentences = _SENTENCE.findall(text)
        self._random.shuffle(sentences)
        return "".join(sentences)
