"""Tells whether characters of a folded text have the shape of a Chinese personal name, and where it ends or begins."""

from __future__ import annotations

import re
from importlib import resources

import rjieba

Span = tuple[int, int]

_TITLES = "局长|市长|县长|区长|镇长|乡长|村长|省长|州长|部长|厅长|处长|科长|书记|主席|总理|总统|主任|委员|代表|院长|校长|教授|院士|律师|法官|检察官|记者|导演|将军|总书记|常委|董事长|总裁|总经理|市委|县委|省委"
TITLE_AFTER = re.compile(rf"(?:副|总)?(?:{_TITLES})")
TITLE_BEFORE = re.compile(
    rf"(?:{_TITLES}|劳模|劳动模范|工匠|发言人|奖章获得者|先进工作者|记者|院士|演员|歌手|明星|作家|诗人|运动员|冠军|主持人|烈士|英雄)(?:\s|、|,)?$"
)
STEADY = re.compile(r"[,。;:!?、\s()\"“”…*\d]|$")
GOES_ON = re.compile(
    r"[,。;:!?、\s()\"“”说在从被因的是告和与及于不也去到向把将受死摔今经遭突则还又就都已正曾来对跟给让同称自只拿找叫干住一没有等欠打骂]|$"
)
_GRAMMAR = re.compile(
    r"[某的了是在有和与及或不也就都被把给对向从到我你他她它们这那哪某说个位名多人工资家户者等吗呢吧]"
)
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_FORMS_OF_ADDRESS = frozenset(
    (
        "先生", "女士", "小姐", "师傅", "大姐", "大哥", "大爷", "大妈", "阿姨", "同学", "同志", "老板", "老师",
        "经理", "主任", "队长", "班长", "组长", "老总", "总监", "太太", "夫人", "医生", "护士", "律师", "局长",
        "主管", "校长", "教授", "书记", "处长", "科长", "村长", "会计", "司机", "工人", "师父", "员工", "厂长",
    )
)  # fmt: skip
_GRAMMATICAL_SURNAMES = frozenset("于常应连曾代解单任易管全方万")
_OF_PLACES = frozenset("园苑村镇乡街路")
_NO_GIVEN_NAME = ("ns", "t", "s", "m", "r", "d", "p", "c", "u")
_SHORT = 2
LONG = 3
_LONGEST = 4


class NameShapes:
    """Read-only after construction; threads may share it."""

    def __init__(self, segmentation: rjieba.Jieba) -> None:
        self.segmentation = segmentation
        surnames, given = _blocks("surnames.txt"), _blocks("given_characters.txt")
        self.common = frozenset("".join(surnames["common"]))
        self._surnames = self.common | frozenset("".join(surnames["rare"]))
        self._compound = frozenset(surnames["compound"])
        self._given = frozenset("".join(given["common"]))
        # The first line of the common ones: hardly ever the end of another word.
        self._sure_given = frozenset(given["common"][0])
        self._rare_given = self._given | frozenset("".join(given["rare"]))
        self._blocked = frozenset(_blocks("not_names.txt")[""]) | frozenset(
            _blocks("public_persons.txt")[""]
        )

    def end_of(self, text: str, start: int, *, is_said: bool) -> int | None:
        """Give the end of the name that starts here."""
        base = 2 if text[start : start + 2] in self._compound else 1
        if base == 1 and text[start : start + 1] not in (
            self._surnames if is_said else self.common
        ):
            return None
        window = text[start : start + base + 6]
        tagged = self.segmentation.tag(window)
        if tagged and self._is_recognised(tagged[0], base):
            end = start + len(tagged[0][0])
            if self._goes_on_as_name(tagged):
                end += 1
            is_word = end - start == _SHORT and self.segmentation.has_word(text[start:end])
            if not is_word or is_said or GOES_ON.match(text, end):
                return end
        if not is_said and _is_surname_and_word(tagged):
            return None
        borders = _borders([word for word, _ in tagged])
        for length in (base + 2, base + 1):
            name = window[:length]
            if len(name) < length or not self._may_be_name(name, base, is_said=is_said):
                continue
            is_long = length == base + _SHORT
            # The segmentation made 「孙七从」 one name: what goes on after the second character ends it.
            goes_on = is_long or tagged[0][1].startswith("nr")
            is_free = STEADY.match(text, start + length) or (
                goes_on and GOES_ON.match(text, start + length)
            )
            if length not in borders and not is_free:
                continue
            # Two characters alone are too often a word: something has to go on after them as after a name.
            if length > _SHORT or is_said or GOES_ON.match(text, start + length):
                return start + length
        return None

    def _is_recognised(self, tagged: tuple[str, str], base: int) -> bool:
        """Tell whether the segmentation itself took a word for a name that looks like one."""
        word, tag = tagged
        is_long = base < len(word) <= base + 2
        is_plain = is_long and not _GRAMMAR.search(word[base:]) and word[-1] not in _OF_PLACES
        return tag.startswith("nr") and is_plain and not self._is_blocked(word)

    def _goes_on_as_name(self, tagged: list[tuple[str, str]]) -> bool:
        """「刘来」 and 「娣」 are one name that the segmentation cut."""
        if len(tagged[0][0]) != _SHORT or len(tagged) == 1:
            return False
        word, tag = tagged[1]
        return (
            len(word) == 1
            and word in self._rare_given
            and tag in ("g", "ag", "ng", "nz", "nr", "x", "zg", "a")
        )

    def before(self, text: str, end: int) -> Span | None:
        """Give the name that ends here, if the word border before it is one."""
        window = text[max(0, end - 8) : max(end, 0)]
        offset = end - len(window)
        if not window or not "\u4e00" <= window[-1] <= "\u9fff":
            return None
        tagged = self.segmentation.tag(window)
        last = tagged[-1]
        base = 2 if last[0][:2] in self._compound else 1
        if (base == _SHORT or last[0][0] in self.common) and self._is_recognised(last, base):
            start = len(window) - len(last[0])
            is_free = start == 0 or not "\u4e00" <= window[start - 1] <= "\u9fff"
            is_word = len(last[0]) == _SHORT and self.segmentation.has_word(last[0])
            if TITLE_BEFORE.search(window[:start]) or window[:start].endswith("·"):
                return None
            return (offset + start, end) if is_free or not is_word else None
        borders = _borders([word for word, _ in tagged]) | {0}
        for length in (3, 4, 2):
            start = len(window) - length
            name = window[max(start, 0) :]
            base = 2 if name[:2] in self._compound else 1
            if (
                start < 0
                or length - base not in (1, 2)
                or (name[0] not in self.common and base == 1)
            ):
                continue
            if not self._may_be_name(name, base, is_said=False):
                continue
            is_free = start == 0 or not "\u4e00" <= window[start - 1] <= "\u9fff"
            if (is_free or start in borders) and not TITLE_BEFORE.search(window[:start]):
                return offset + start, end
        return None

    def _is_blocked(self, name: str) -> bool:
        return name[-2:] in _FORMS_OF_ADDRESS or not self._blocked.isdisjoint((name, name[:2]))

    def _may_be_name(self, name: str, base: int, *, is_said: bool) -> bool:
        given = name[base:]
        if self._is_blocked(name):
            return False
        if is_said:
            # Whatever follows 「我叫」 is a name unless its characters are grammar.
            return not _GRAMMAR.search(given) and bool(_CHINESE.fullmatch(given))
        known = self._given if len(given) == 1 else self._rare_given
        if given[-1] in _OF_PLACES or not set(given) <= known:
            return False
        has_word = self.segmentation.has_word
        begins_as_word = base == 1 and has_word(name[:_SHORT])
        if not begins_as_word and not (base == 1 and has_word(name)):
            return True
        # 「陆海峰」 begins like a word; a common given name decides.
        is_sure = len(given) == _SHORT and not has_word(name) and set(given) <= self._sure_given
        return is_sure or self._is_tagged_as_name(name)

    def _is_tagged_as_name(self, name: str) -> bool:
        tagged = self.segmentation.tag(name)
        return (tagged[0][1].startswith("nr") and len(tagged[0][0]) > 1) or len(tagged[0][0]) == 1

    def is_sure(self, name: str) -> bool:
        """Tell whether the given name is of characters that hardly end another word."""
        return name[0] in self.common and set(name[1:]) <= self._given

    def is_name(self, name: str) -> bool:
        base = 2 if name[:2] in self._compound else 1
        if base == 1 and (name[0] not in self.common or len(name) == _LONGEST):
            return False
        return self._may_be_name(name, base, is_said=False)


def _is_surname_and_word(tagged: list[tuple[str, str]]) -> bool:
    """Tell 「于东莞」 from a name: a surname that is a word too, and a place, a time or grammar."""
    if len(tagged) == 1 or tagged[0][0] not in _GRAMMATICAL_SURNAMES:
        return False
    word, tag = tagged[1]
    return len(word) == _SHORT and tag in _NO_GIVEN_NAME


def _borders(words: list[str]) -> set[int]:
    borders: set[int] = set()
    place = 0
    for word in words:
        place += len(word)
        borders.add(place)
    return borders


def _blocks(name: str) -> dict[str, list[str]]:
    """Read a word list whose blocks begin with an ASCII line; what stands before the first has no name."""
    text = resources.files("nlp").joinpath(f"data/{name}").read_text(encoding="utf-8")
    blocks: dict[str, list[str]] = {"": []}
    current = ""
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if line.isascii() and line.strip():
            current = line.strip()
            blocks[current] = []
        else:
            blocks[current] += line.split()
    return blocks
