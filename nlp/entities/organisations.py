"""Finds organisations by the word in which their names end, and where the name begins by segmentation.

What only describes an organisation (「物业公司」, 「一家电子厂」, 「某集团」) is no name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import daachorse
import rjieba
import yaml

from nlp.annotations import EntityType

Tagged = tuple[str, str]

_KINDS = {
    "legal": EntityType.EMPLOYER,
    "works": EntityType.EMPLOYER,
    "houses": EntityType.EMPLOYER,
    "union": EntityType.UNION,
    "government": EntityType.GOVERNMENT,
}
_LONGEST_NAME = 26
# Hardly any name holds these, and less is left to be cut into words.
_BREAK = re.compile(
    r"[了在是我你他她它们被把让这那哪没不就都也还说吗呢吧啊]|(?<!美)的|西地省|(?<![a-z0-9])[a-z]\d{0,2}[省市县区镇州村]|[^\u4e00-\u9fffa-z0-9·&()\-]|--"
)
_BRACKET = re.compile(r"\(([\u4e00-\u9fff]{2,6})\)$")
_ANONYMOUS = re.compile(
    r"某|第[一二三\d]家|x{2,}|\*|×|(?<![a-z])[a-z]\d?(?:省|市|县|区|镇|公司)|西地省"
)
_STRONG = re.compile(r"(?:有限|责任|股份)公司$|集团$|集团公司$")
# A place alone names these: 「湖南大学」, 「河湾银行」; 「长沙酒店」 is any hotel there.
_NAMED_BY_PLACE = re.compile(r"(?:大学|学院|银行|中学|电视台|公交集团|医院|出版社|报社|项目部)$")
_ADMINISTRATIVE = re.compile(r"(?:[省市县区旗州镇乡盟街]|国家|街道|地区|开发区|新区|园区)$")
_GLUED = re.compile(r"[向到去在请给从被由和与跟找][省市县区镇乡州]")
_NO_ADMINISTRATION = frozenset(
    [
        "全市",
        "全省",
        "全县",
        "全区",
        "我市",
        "我省",
        "我县",
        "我区",
        "本市",
        "本省",
        "本县",
        "本区",
        "各市",
        "各省",
        "各县",
        "各区",
        "该市",
        "该县",
        "该区",
        "外省",
        "省市",
        "辖区",
        "城区",
        "小区",
        "社区",
        "厂区",
        "校区",
        "市区",
        "郊区",
        "景区",
        "都市",
        "城市",
        "上市",
        "股市",
        "超市",
        "门市",
        "夜市",
        "菜市",
        "区区",
        "地区",
    ]
)
_LEFT_OUT = re.compile(r"中[铁交建冶水电核化远粮]")
_ANY_DIVISION = frozenset(["街道", "镇街", "乡镇", "镇", "乡", "开发区", "园区", "村", "社区"])
_LOCAL_BODY = re.compile(r"派出所|街道办|镇政府|乡政府|办事处|法院|分局|管委会|仲裁|中队")
_BARE_IS_NOTHING = frozenset(
    [
        "中院",
        "海关",
        "办事处",
        "管委会",
        "管理委员会",
        "执法大队",
        "监察大队",
        "人民政府",
        "规划局",
        "气象局",
        "仲裁委员会",
        "残联",
        "妇联",
        "团委",
        "监委",
        "公安机关",
        "调解委员会",
    ]
)
_NEVER_IN_A_NAME = "prucdywfoe"
_NUMBERED = re.compile(r"^(?:第.+|[一二三四五六七八九十]+|\d+)$")
_PRAISE = frozenset(
    [
        "黑",
        "黑心",
        "血汗",
        "无良",
        "垃圾",
        "大型",
        "中型",
        "小型",
        "知名",
        "本地",
        "当地",
        "大",
        "小",
        "老",
        "新",
        "原",
        "前",
        "涉事",
        "涉案",
        "私人",
        "正规",
        "国有",
        "民营",
        "上市",
        "家",
        "个",
        "所",
        "间",
        "相关",
        "有关",
    ]
)
_BEFORE_A_NAME = frozenset("找向在被给让去到跟和与对从由问告请求逼催")
_NOT_BEFORE = {"厂": ("家", "商", "址"), "矿": ("石",), "行": ("卡", "费", "间", "账", "利")}
_MEASURES = ("家", "条", "所", "个", "间", "座", "多", "余")
_NAMING = frozenset("新大小老中前原上下分总母子工")
_TRADES = frozenset(
    [
        "司机",
        "货车司机",
        "网约车司机",
        "出租车司机",
        "外卖骑手",
        "网约送餐员",
        "家政服务员",
        "护工",
        "骑手",
        "快递员",
        "外卖员",
        "护士",
        "医生",
        "老师",
        "保安",
        "保洁",
        "工人",
        "职工",
        "农民工",
        "师傅",
        "女工",
    ]
)
_ZONES = frozenset(["经济", "经济技术", "高新", "高新技术", "产业", "保税", "综合", "工业"])
_LEAST_CORE = 2
_SHORT = 2


@dataclass(frozen=True, slots=True)
class Organisation:
    """``core`` is the part that tells it from others of its trade; empty where a place and a trade name it."""

    start: int
    end: int
    type: EntityType
    core: str
    suffix: str


class Organisations:
    """Read-only after construction; threads may share it."""

    def __init__(self, segmentation: rjieba.Jieba) -> None:
        self._segmentation = segmentation
        words = _data("organisation_words.yaml")
        self._generic = frozenset(words["generic"])
        self._stops = frozenset(words["stops"])
        self._union_stops = self._stops - _TRADES
        # In a registered name 「保安」 is its trade, not a man of it.
        self._firm_stops = self._stops - {word for word in self._generic if len(word) > 1}
        suffixes = {
            suffix: kind
            for kind, listed in _data("organisation_suffixes.yaml").items()
            for suffix in listed
        }
        self._suffixes = list(suffixes)
        self._kinds = list(suffixes.values())
        self._automaton = daachorse.CharwiseDoubleArrayAhoCorasick(
            self._suffixes, daachorse.MATCH_KIND_LEFTMOST_LONGEST
        )

    def find(self, text: str, places: Mapping[int, int]) -> list[Organisation]:
        """List organisations in reading order; of names one inside the other the longest.

        ``places`` gives for the end of each place its start.
        """
        found: list[Organisation] = []
        for start, end, index in self._automaton.find(text):
            kind = self._kinds[index]
            one = self._named(text, start, end, kind, places)
            if one is None:
                continue
            if found and one.suffix == "项目部" and found[-1].end == start:
                continue  # The firm is the employer, not its 「项目部」.
            while found and found[-1].start >= one.start:
                found.pop()
            if found and found[-1].end > one.start:
                continue
            if found and _continues(found[-1], one):
                last = found.pop()
                one = Organisation(last.start, one.end, one.type, last.core, one.suffix)
            found.append(one)
        return found

    def _named(
        self, text: str, start: int, end: int, kind: str, places: Mapping[int, int]
    ) -> Organisation | None:
        suffix = text[start:end]
        if text.startswith("门", end) and suffix.endswith("部"):
            return None  # 「教育部门」
        if text[end : end + 1] in _NOT_BEFORE.get(suffix[-1], ()):
            return None  # 「生产厂家」, 「铁矿石」, 「银行卡」
        first = max(0, start - _LONGEST_NAME)
        breaks = [match.end() for match in _BREAK.finditer(text, first, start)]
        first = breaks[-1] if breaks else first
        bracket = _BRACKET.search(text, first, start)
        tagged = self._tagged(text, first, bracket.start() if bracket else start, places)
        if kind == "government":
            taken = self._administrative(tagged, suffix)
        elif suffix == "总工会":
            taken = self._administrative(tagged, suffix) or self._name(tagged, self._union_stops)
        elif kind == "union":
            taken = self._name(tagged, self._union_stops)
        else:
            is_strong = bool(_STRONG.search(suffix))
            taken = self._name(tagged, self._firm_stops if is_strong else self._stops)
        prefix = "".join(word for word, _ in taken)
        if bracket and taken:
            prefix += bracket[0]
        if prefix and _LEFT_OUT.fullmatch(
            text[max(0, start - len(prefix) - 1) : start - len(prefix) + 1]
        ):
            prefix = "中" + prefix  # 「中铁」 and its like are cut in two.
        if _ANONYMOUS.search(prefix) or (suffix == "厂" and prefix.endswith("大")):
            return None
        # In a registered name the 「新」 of 「新明」 names, before 「工厂」 it only describes.
        is_registered = bool(_STRONG.search(suffix))
        core = "".join(
            word
            for word, tag in taken
            if not self._is_generic(word, tag) or (is_registered and word in _NAMING)
        )
        if not self._is_named(kind, suffix, taken, core):
            return None
        return Organisation(start - len(prefix), end, _KINDS[kind], core, suffix)

    def _tagged(self, text: str, first: int, last: int, places: Mapping[int, int]) -> list[Tagged]:
        """Cut ``text[first:last]`` into tagged words; places are one word each."""
        words: list[Tagged] = []
        end = last
        while end > first:
            place = max(
                (at for at in places if first < at <= end and places[at] >= first), default=0
            )
            if not place:
                return [*self._segmentation.tag(text[first:end]), *words]
            between = self._segmentation.tag(text[place:end]) if place < end else []
            words = [(text[places[place] : place], "ns"), *between, *words]
            end = places[place]
        return words

    def _name(self, tagged: Sequence[Tagged], stops: frozenset[str]) -> list[Tagged]:
        """Take the words at the end that may belong to a name."""
        taken: list[Tagged] = []
        for word, tag in reversed(tagged):
            if word in stops or not self._may_belong(word, tag):
                break
            if tag == "m" and taken and taken[0][0].startswith(_MEASURES):
                del taken[0]  # 「21家影院」
                break
            taken.insert(0, (word, tag))
        while taken and self._is_praise(taken):
            del taken[0]
        if taken:
            taken[0] = (self._without_verb(taken[0][0]), taken[0][1])
        return taken

    def _without_verb(self, word: str) -> str:
        """Cut 「找」 from 「找恒达」, which the segmentation made up itself."""
        is_made_up = len(word) > _SHORT and not self._segmentation.has_word(word)
        return word[1:] if is_made_up and word[0] in _BEFORE_A_NAME else word

    def _is_praise(self, taken: Sequence[Tagged]) -> bool:
        """Tell whether the first word only describes: 「大型」, but not the 「新」 of 「新明」."""
        (word, tag), rest = taken[0], taken[1:]
        if tag == "m" and not _NUMBERED.match(word):
            return True
        has_core = sum(len(w) for w, t in rest if not self._is_generic(w, t)) >= _LEAST_CORE
        return word in _PRAISE and (has_core or len(word) > 1)

    def _may_belong(self, word: str, tag: str) -> bool:
        if word in self._generic or word in _TRADES or tag.startswith(("n", "j", "l", "b", "s")):
            return True
        if not tag or tag[:1] in _NEVER_IN_A_NAME or tag == "t":
            return False
        if tag.startswith("v") and tag != "vn":
            return len(word) == 1 or not self._segmentation.has_word(word)
        return tag != "m" or (word != "一" and bool(_NUMBERED.match(word)))

    def _administrative(self, tagged: Sequence[Tagged], suffix: str) -> list[Tagged]:
        """Take places and divisions, and the unknown word before a division: 「河湾」 of 「河湾市」."""
        taken: list[Tagged] = []
        may_be_local = bool(_LOCAL_BODY.search(suffix))
        for word, tag in reversed(tagged):
            if (
                word in self._stops
                or word in _NO_ADMINISTRATION
                or not tag
                or tag[:1] in _NEVER_IN_A_NAME
            ):
                break
            if _GLUED.fullmatch(word):
                taken.insert(0, (word[1:], tag))  # 「向省」 holds the word before.
                break
            is_division = bool(_ADMINISTRATIVE.search(word)) or (bool(taken) and word in _ZONES)
            if not (is_division or tag == "ns" or may_be_local):
                break
            if may_be_local and not is_division and tag not in ("n", "ns", "nz", "nr", "nrt", "nt"):
                break
            taken.insert(0, (word, tag))
            # One unknown word may stand before 「市」, none before a place that is known.
            may_be_local = is_division and len(word) <= _SHORT and tag != "ns"
        return taken

    def _is_generic(self, word: str, tag: str) -> bool:
        return (
            word in self._generic
            or tag == "ns"
            or (len(word) == 1 and word in "省市县区镇乡州村街")
        )

    def _is_named(self, kind: str, suffix: str, taken: Sequence[Tagged], core: str) -> bool:
        if kind == "government":
            return bool(taken) or suffix not in _BARE_IS_NOTHING
        has_place = any(tag == "ns" or _ADMINISTRATIVE.search(word) for word, tag in taken)
        if kind == "union":
            is_any = "".join(word for word, _ in taken) in _ANY_DIVISION
            named = suffix == "总工会" or len(core) >= _LEAST_CORE or has_place
            return named and not is_any
        if len(core) >= _LEAST_CORE or not has_place:
            return len(core) >= _LEAST_CORE
        is_described = len(taken) > 1
        if kind == "houses":
            by_place = bool(_NAMED_BY_PLACE.search(suffix))
            return by_place or (is_described and suffix.endswith("学"))
        return is_described and bool(_STRONG.search(suffix))


def _continues(last: Organisation, one: Organisation) -> bool:
    """「河湾市公安局」 and 「清溪派出所」 without a sign between them are one body."""
    both = last.type is one.type is EntityType.GOVERNMENT
    return both and last.end == one.start


def _data(name: str) -> dict[str, list[str]]:
    text = resources.files("nlp").joinpath(f"data/{name}").read_text(encoding="utf-8")
    data: dict[str, list[str]] = yaml.safe_load(text)
    return data
