"""Finds platforms and employers that everybody knows by their short names."""

from __future__ import annotations

import re
from importlib import resources

import daachorse
import rjieba
import yaml

from core.matching_text import matching_text
from nlp.annotations import EntityType

_SIGN = re.compile(
    r"骑手|外卖|平台|司机|快递|小哥|员工|主播|直播|站点|配送|众包|网点|加盟|单价|派件|抽成|接单|客服|罚|招|总部|app|裁|公司|送餐|跑单|网约车|打车|物流|速运|仓|师傅|工资|欠|薪|押金|保证金|公会|封号|派单|送|职工|运营|电商|工会|约谈|商家|入驻|兼职|上班|入职|压价|运费|货主|社保"
)
_NEAR = 14
_NEIGHBOURS = 4

Named = tuple[int, int, EntityType, str]


class KnownNames:
    """Read-only after construction; threads may share it."""

    def __init__(self, segmentation: rjieba.Jieba) -> None:
        self._segmentation = segmentation
        folder = resources.files("nlp").joinpath("data")
        data = yaml.safe_load(folder.joinpath("platforms.yaml").read_text(encoding="utf-8"))
        self._names: dict[str, tuple[EntityType, str]] = {}
        for name, forms in data["plain"].items():
            for form in (name, *forms):
                self._names[matching_text(str(form))] = (EntityType.PLATFORM, str(name))
        employers = folder.joinpath("known_employers.txt").read_text(encoding="utf-8")
        for line in employers.splitlines():
            for name in () if line.startswith("#") else line.split():
                self._names.setdefault(matching_text(name), (EntityType.EMPLOYER, name))
        self._careful = frozenset(matching_text(name) for name in data["careful"])
        self._listed = list(self._names)
        self._automaton = daachorse.CharwiseDoubleArrayAhoCorasick(
            self._listed, daachorse.MATCH_KIND_LEFTMOST_LONGEST
        )

    def find(self, text: str) -> list[Named]:
        hits = self._automaton.find(text)
        found: list[Named] = []
        for start, end, index in hits:
            name = self._listed[index]
            if (
                name[0].isascii()
                and text[start - 1 : start].isascii()
                and text[start - 1 : start].isalnum()
            ):
                continue
            if name.endswith("银行") and text.startswith("业", end):
                continue
            if name not in self._careful or self._is_meant(text, start, end, len(hits)):
                kind, canonical = self._names[name]
                found.append((start, end, kind, canonical))
        return found

    def _is_meant(self, text: str, start: int, end: int, hits: int) -> bool:
        """Tell 「滴滴司机」 from 「水滴滴在地板上」."""
        around = text[max(0, start - _NEAR) : start] + text[end : end + _NEAR]
        if hits == 1 and not _SIGN.search(around):
            return False
        first = max(0, start - _NEIGHBOURS)
        borders = {first}
        place = first
        for word in self._segmentation.cut(text[first : end + _NEIGHBOURS]):
            place += len(word)
            borders.add(place)
        return start in borders and end in borders
