"""Finds the names of private persons in a folded text.

A name counts where the words around it make it one: 「我叫」, 「联系人：」, a relative, a fellow worker, an age, a telephone number, a
list of names, a signature. Officials and public figures keep their names, and so does a surname alone (「王先生」「刘某」).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

import daachorse
import rjieba

from nlp.name_shapes import GOES_ON, LONG, STEADY, TITLE_AFTER, TITLE_BEFORE, NameShapes, Span


class _Hint(Enum):
    SAID = "says that a name follows"
    ROLE = "a private role; a name may follow"
    SELF = "「我是」; a name may follow"
    BEHIND = "a name may stand before"
    DEED = "what somebody did; a name may stand before"


_HINTS = {
    _Hint.SAID: "我叫 的叫 他叫 她叫 名叫 我名叫 名字叫 名字是 姓名 联系人 署名 反映人 举报人 投诉人 申请人 申诉人 求助人 上访人 诉求人 来信人 反馈人 落款 收件人 收款人 户名 身份证姓名 实名举报人 当事人 受害人 受害者"
    " 被害人 遇难者 死者 伤者 患者 原告 被告 被告人 委托人 家属 亲属 户主 签名 签字 证明人 敬礼",
    _Hint.ROLE: "丈夫 老公 妻子 老婆 爱人 儿子 女儿 父亲 母亲 爸爸 妈妈 哥哥 弟弟 姐姐 妹妹 我妹夫 我姐夫 我哥哥 我弟弟 我姐姐 我妹妹 我爸爸 我妈妈 我爸 我妈 我哥 我弟 我姐 我妹 大哥 大姐 二哥 公公 婆婆 岳父 岳母 女婿 儿媳 侄子 侄女 外甥 叔叔 舅舅 姑姑 表哥"
    " 表弟 堂哥 堂弟 妹夫 姐夫 男友 女友 男朋友 女朋友 未婚妻 前夫 前妻 小舅子 老乡 同乡 工友 同事 员工 职工 工人 农民工 民工 女工 男工 临时工 合同工 务工者 务工人员 司机 骑手 外卖员 外卖小哥 快递员 快递小哥 送餐员 保安"
    " 保洁员 保洁 环卫工 环卫工人 服务员 护士 教师 老师 医生 包工头 工头 老板 老板娘 经理 项目经理 项目负责人 监理 教练 幼师 保姆 月嫂 护工 站长 村干部 出借人 自然人 销售 客服 客服主管 小区业主 实际控制人 工人代表 农民工代表 职工代表 员工代表 村民代表 班组长 组长 班长 队长 带班 厂长 店长 车间主任 主管 负责人 承包人 承包商 分包人 包工 股东 法人 法人代表 法定代表人 业主 居民 村民 市民 住户"
    " 租客 学生 同学 网友 男子 女子 老人 矿工 焊工 木工 电工 瓦工 钢筋工 技工 技师 会计 财务 人事 主播 男孩 女孩 青年 小伙 病人 本人 楼主 邻居 乘客 顾客 旅客 客户 群众 家长 孩子 工长 施工员 监工 安全员 材料员 中介 房东 债务人 债权人 实名举报 举报 投诉 控告 起诉 找到",
    _Hint.SELF: "我是 俺是",
    _Hint.BEHIND: "等 先生 女士 同学 师傅 大爷 大妈 阿姨 老人 夫妇 夫妻 父子 母子 一家 ,男 ,女 (男 (女 (化名 的妻子 的丈夫 的儿子 的女儿 的父亲 的母亲 的家属 的家人 的老公 的老婆 家属 岁 身份证 电话 手机 联系电话 *** 1",
    _Hint.DEED: "欠我 欠了我 拖欠 欠薪 打伤 殴打 辱骂 骂我 打我 恶意 跑路 失联 拒不 受伤 去世 身亡 死亡 遇难 摔伤 承包 不给我 卷款 逃匿 找我 带我 说工资 借了我 骗",
}  # fmt: skip
_DEEDS_TO = frozenset(("举报", "投诉", "控告", "起诉", "找到", "实名举报"))
_BETWEEN = re.compile(r"[\s:,\"'“”「（(]{0,3}(?:(?:名叫|叫做|叫|是|为|姓名|名字)[\s:]{0,2})?")
_AGE_BEFORE = re.compile(r"[,( ]{1,2}(?:今年|现年|时年)?\d{1,2}$|(?:今年|现年|时年)\d{1,2}$")
_NUMBER_BEFORE = re.compile(r"[\s:,(]{0,3}(?:(?:联系)?(?:电话|手机)(?:号码?)?|tel)?[\s:,(]{0,3}$")
_AND_OTHERS = re.compile(
    r"等(?:\d{1,4}|[一二两三四五六七八九十百几数多]{1,3})?(?:余|多)?(?:人|名|位|个)"
)
_LINE_OF_NAME = re.compile(
    r"(?:[\n。!;,\s]|敬礼)\s*([\u4e00-\u9fff]{2,4})\s*(?:\d{4}[年./-]\d{1,2}[月./-]\d{0,2}日?)?\s*$"
)
_STOP = re.compile(r"[。!?;\n]")
_SENTENCE = 150
_ITEM = re.compile(r"(?<=、)[\u4e00-\u9fff]{2,4}(?=、)")
_WORKERS_LIST = re.compile(r"工|欠|薪|员工|村民|讨|拖|干活|上班|受伤|遇难|死")
_PUBLIC_LIST = re.compile(
    r"会议|出席|主演|演唱|导演|电影|嘉宾|演员|领导|书记|歌手|参赛|获奖|冠军|明星"
)
_OWN_GRIEVANCE = re.compile(r"我|本人|俺")
_PLAINT = re.compile(
    r"欠|工资|打工|受伤|摔|工伤|干活|上班|工地|维权|讨薪|包工|工友|血汗|车间|辞退|劳动|工厂|工程款|举报|控告|投诉|诈骗|被骗|起诉|报案|赔|殴打|被打|非法|强占|骗取|开庭"
)
_PUBLIC = re.compile(
    r"演员|歌手|导演|主演|电影|明星|粉丝|综艺|专辑|演唱会|球员|主席|总理|总统|总书记|院士"
)


class PersonalNames:
    """Read-only after construction; threads may share it."""

    def __init__(self, segmentation: rjieba.Jieba) -> None:
        self._shapes = NameShapes(segmentation)
        self._segmentation = segmentation
        hints: dict[str, tuple[_Hint, ...]] = {}
        for hint, words in _HINTS.items():
            for word in words.split():
                hints[word] = (*hints.get(word, ()), hint)
        # 「赵大勇的妻子李翠花」 has a name on either side.
        relatives = [word for word in hints if word.startswith("的")]
        hints |= dict.fromkeys(relatives, (_Hint.BEHIND, _Hint.ROLE))
        self._hints = list(hints.values())
        self._automaton = daachorse.CharwiseDoubleArrayAhoCorasick(
            list(hints), daachorse.MATCH_KIND_LEFTMOST_LONGEST
        )

    def find(self, text: str) -> list[Span]:
        """List the spans of private names, in order, without overlaps."""
        found: set[Span] = set()
        for start, end, index in self._automaton.find(text):
            for hint in self._hints[index]:
                span = self._at_hint(text, start, end, hint)
                if span is not None:
                    found.add(span)
        if "、" in text:
            found.update(self._listed(text))
        if _OWN_GRIEVANCE.search(text) and _PLAINT.search(text) and not _PUBLIC.search(text):
            found.update(self._bare(text))
        signature = self._signature(text)
        if signature is not None:
            found.add(signature)
        if not found:
            return []
        found.update(self._again(text, {text[start:end] for start, end in found}))
        return _without_overlaps(found)

    def _at_hint(self, text: str, start: int, end: int, hint: _Hint) -> Span | None:
        if hint is _Hint.BEHIND:
            return self._shapes.before(text, self._name_end(text, start, end))
        if hint is _Hint.DEED:
            span = self._shapes.before(text, start)
            return span if span is not None and _starts(text, span[0]) else None
        return self._ahead(text, start, end, hint)

    def _ahead(self, text: str, start: int, end: int, hint: _Hint) -> Span | None:
        between = _BETWEEN.match(text, end)
        begin = between.end() if between else end
        parted = text[end:begin]
        # 「老师傅」 is no teacher called 傅; after a break a role stands alone.
        if text.startswith("傅", end) or (hint is _Hint.ROLE and parted[:1] in tuple(" \n,")):
            return None
        if not parted and text[start:end] == "敬礼":
            return None
        is_said = hint is _Hint.SAID or "叫" in parted
        name_end = self._shapes.end_of(text, begin, is_said=is_said)
        if name_end is None or TITLE_AFTER.match(text, name_end):
            return None
        if text[start:end] in _DEEDS_TO and name_end - begin < LONG:
            return None  # What is reported is as often a thing: 「投诉武广新城」.
        if hint is _Hint.SELF:
            fits = STEADY.match(text, name_end) or text.startswith(("在", "来自"), name_end)
        else:
            fits = is_said or not TITLE_BEFORE.search(text[max(0, start - 4) : start])
        return (begin, name_end) if fits else None

    def _name_end(self, text: str, start: int, end: int) -> int:
        """Give where a name before the hint would end; -1 where the hint itself does not fit."""
        word = text[start:end]
        if word == "等":
            return start if _AND_OTHERS.match(text, start) else -1
        if word == "岁":
            age = _AGE_BEFORE.search(text, max(0, start - 8), start)
            return age.start() if age else -1
        if word in ("1", "***", "电话", "手机", "联系电话", "身份证"):
            if word == "1" and not re.match(r"1[3-9]\d{9}(?!\d)", text[start : start + 12]):
                return -1
            number = _NUMBER_BEFORE.search(text, max(0, start - 12), start)
            return number.start() if number else start
        return start

    def _listed(self, text: str) -> Iterator[Span]:
        """Give the names of 「张三、李四、王五」 where the sentence is about workers."""
        for match in _ITEM.finditer(text):
            start, end = match.span()
            if not self._shapes.is_name(match[0]):
                continue
            begin = max(0, start - _SENTENCE)
            before = _STOP.split(text[begin:start])[-1]
            after = _STOP.split(text[end : end + _SENTENCE], maxsplit=1)[0]
            sentence = f"{before}{match[0]}{after}"
            if not _WORKERS_LIST.search(sentence) or _PUBLIC_LIST.search(sentence):
                continue
            first = self._shapes.before(text, start - 1)
            last = self._shapes.end_of(text, end + 1, is_said=False)
            if first is None and last is None:
                continue
            yield start, end
            if first is not None:
                yield first
            if last is not None:
                yield end + 1, last

    def _bare(self, text: str) -> Iterator[Span]:
        """Give names of three characters that nothing announces, in the story of somebody's own grievance."""
        end = 0
        for word, tag in self._segmentation.tag(text):
            start, end = end, end + len(word)
            if len(word) != LONG or not tag.startswith("nr") or word[0] not in self._shapes.common:
                continue
            if not GOES_ON.match(text, end) or not (
                _starts(text, start) or self._shapes.is_sure(word)
            ):
                continue
            if self._segmentation.has_word(word) or not self._shapes.is_name(word):
                continue
            if TITLE_AFTER.match(text, end) or TITLE_BEFORE.search(text[max(0, start - 8) : start]):
                continue
            yield start, end

    def _signature(self, text: str) -> Span | None:
        match = _LINE_OF_NAME.search(text, max(0, len(text) - 40))
        if match is None or not self._shapes.is_name(match[1]):
            return None
        is_alone = "\n" in text[match.start() : match.start(1)] or "敬礼" in match[0]
        return match.span(1) if is_alone else None

    def _again(self, text: str, names: set[str]) -> Iterator[Span]:
        """Find the known names elsewhere; short ones only where they are no word."""
        for name in names:
            if len(name) >= LONG or not self._segmentation.has_word(name):
                for match in re.finditer(re.escape(name), text):
                    yield match.span()


def _starts(text: str, place: int) -> bool:
    return place == 0 or text[place - 1] in ",。;:!?、 \n(被由给找向和与跟是叫对让"


def _without_overlaps(spans: set[Span]) -> list[Span]:
    kept: list[Span] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept
