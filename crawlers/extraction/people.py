"""Names of people in bylines: told from outlets, offices and running text."""

from __future__ import annotations

import re

from core.matching_text import matching_text

_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
    "酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于傅皮卞齐康伍余元卜顾孟平黄和穆萧肖尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞"
    "熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓"
    "郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊惠甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁"
    "仇栾暴甘厉戎祖武符刘景詹束龙叶幸司韶黎薄印宿白怀蒲邰鄂索咸籍赖卓蔺屠蒙池乔阴闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍却璩桑桂濮"
    "牛寿通边扈燕冀浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧沃利蔚越夔隆师巩厍聂"
    "晁勾敖融冷訾辛阚简饶空曾毋沙养鞠须丰巢关蒯相查荆红游竺权盖益桓公闫付代佟阳辜揭覃仝苟岳帅缑亢况郏仉督敬伯南展税洛朴商"
    "海原逯茆信油禚亓侍兰肇代鹿楚占邸冼鄢区揣褟丘蓟涂肖门矫哈谯年笪佘阿买扎索拉格次旦罗尼洪杞闪战操晋麦侬"
    "钟岭"
)
_COMPOUND = (
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "令狐", "慕容", "司徒", "宇文", "长孙", "端木", "独孤",
    "南宫", "夏侯", "西门", "范姜", "张简", "阿布", "买买", "格桑", "扎西", "次仁", "旦增", "丹增", "洛桑", "尼玛", "央金", "卓玛",
)  # fmt: skip
_NO_NAME = re.compile(
    r"[记記]者|[编編][辑輯]|本报|本网|本刊|通讯员|作者|来源|责编|责任|新华|日报|晚报|网|报道|新闻|公司|政府|委员会|中心|时间|发布|发表|"
    r"图片|照片|摄|视频|版权|声明|原创|佚名|未知|匿名|不详|综合|整理|转载|互联网|管理员|投稿|阅读|浏览|点击|评论|关注|分享|"
    r"字号|打印|收藏|客户端|微信|微博|电视|广播|出版|正文|首页|今天|昨天|近日|日前|讯|电$|表示|介绍|了解|从|在|对|向|发现|获悉|"
    r"admin|匿名|网友|编译|翻译|校对|审核|监制|制作|策划|实习|见习|特约|首席|供稿|通讯|供图|资料|文字|如有|侵权|联系"
)
_PLACE = re.compile(r"[省市县区州镇乡村]$|^[山河湖广江海][东西南北]")
_EMPLOYER = re.compile(
    r"^[\u3400-\u9fff《》]{2,12}(?:报|社|网|台|刊|在线|新闻|客户端)》?$|^《[^《》]{2,16}》$"
)
_HAN = re.compile(r"[\u3400-\u9fff]+")
_WITH_POINT = re.compile(r"[\u3400-\u9fff]{1,8}[·•・．][\u3400-\u9fff·•・．]{1,14}")
_SPLIT = re.compile(
    r"[、，,;；/／|&＆\s\u3000\xa0]+|(?<=[\u3400-\u9fff]{2})[和与](?=[\u3400-\u9fff]{2})"
)
_ROLE = re.compile(
    r"(?:(?:本报|本网|本刊|本台|总台|实习|见习|特约|特派|首席|驻[\u4e00-\u9fff]{2,4}|全媒体?|融媒体?|职工|值班|文字|摄影|视频)?"
    r"(?:记者|通讯员|编辑|评论员|撰稿人|实习生|研究员|主持人|整理|报道)|(?:作者|文|图)(?=\s?[:：/／]))[:：/／\s]*"
)
_BRACKETS = re.compile(r"[（(\[【][^（）()\[\]【】]{0,20}[）)\]】]?")
_WORK = re.compile(r"(?:摄影)?(?:报道|報導|采写|整理|综合|撰文)$")
_CODE = re.compile(r"[_＿-]?[A-Za-z]{1,3}\d{2,}.*$|[\d_]+$")
MOST_NAMES = 6
_LONGEST_TIBETAN = 6


def is_person(name: str) -> bool:
    """Judge a name of Han characters; pen names and Latin ones are for the caller to allow."""
    if _WITH_POINT.fullmatch(name):
        return True
    name = matching_text(name)
    if not _HAN.fullmatch(name) or _NO_NAME.search(name):
        return False
    if name.startswith(_COMPOUND):
        return 2 < len(name) <= _LONGEST_TIBETAN  # noqa: PLR2004 (a compound surname and a given name)
    if len(name) == 4:  # noqa: PLR2004 (two surnames and a given name)
        return name[0] in _SURNAMES and name[1] in _SURNAMES and not _PLACE.search(name)
    return 2 <= len(name) <= 3 and name[0] in _SURNAMES  # noqa: PLR2004 (as most names)


def people(text: str) -> list[str]:
    """Give the people that a list of names begins with: it ends where something else is said."""
    text = _BRACKETS.sub(" ", _ROLE.sub(" ", text))
    names: list[str] = []
    pending = ""
    for part in _SPLIT.split(text.strip(" :：。.]】)）[【（(")):
        token = _WORK.sub("", _CODE.sub("", part.strip(" :：。.]】)）[【（(")))
        if not token:
            continue
        # Names of two characters are set with a space within: 方 敏.
        if len(token) == 1 and _HAN.fullmatch(token):
            pending += token
            if len(pending) < 2:  # noqa: PLR2004 (surname and given name)
                continue
            token, pending = pending, ""
        if not is_person(token):
            if not names and _EMPLOYER.search(token):
                continue
            break
        if token not in names:
            names.append(token)
        if len(names) == MOST_NAMES:
            break
    return names
