"""Longer texts put together from shorter ones, for learning only: most labelled texts are short titles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import yaml

from nlp.annotations import Kind, Polarity
from nlp.training.labels import LABELS, LabelledText

CIVIC_FILE = "civic_sentences.yaml"
CIVIC, POOL = "civic", "pool"
CIVIC_POSTS = 900
LETTERS = 300
JOINED = 400
SEED = 905
POOL_POSTS = 3_000
POOL_TITLES = 2_000
GREETED = 0.5

# What a title about labour nearly always says in one way or another; titles with it are never used unread.
_LABOUR = re.compile(
    r"工资|薪|社保|劳动|员工|职工|工人|民工|务工|就业|招聘|求职|失业|裁员|辞|离职|加班|上班|下班|工伤|职业|职场|打工|退休|养老金|公积金|产假|骑手|外卖|快递|网约车"
    r"|司机|主播|工会|罢工|停工|岗|实习|毕业生|应届|工作|劳模|工匠|技能|35岁|休假|放假|调休|年假|高温|矿|爆炸|坍塌|事故|老师|教师|医生|护士|老板|同事|领导"
    r"|编制|考公|国考|事业单位|福利|收入|奖金|津贴|补贴|生育|孕|骚扰|歧视|pua|996|打卡|跳槽|面试|简历|程序员|保洁|保安|中暑|猝死|复工|返乡|企业|公司|厂"
)
_CIVIC = re.compile(
    r"业主|物业|小区|开发商|交房|楼盘|房产|房价|买房|购房|学区|居民|村民|拆迁|投诉|举报|消费|法院|判决|教育局|学校|家长|幼儿园|孩子|交通|公交|地铁|堵车|停车|噪音|扰民"
    r"|环保|污染|垃圾|医院|医保|患者|疫苗|诈骗|骗|银行|贷款|路灯|道路|公园|街道|社区|村|城管|摊|电梯|供暖|停水|停电|燃气|落户|户口|补课|考试|录取|景区|游客|退款|快餐|超市"
)


def civic_posts(random: np.random.Generator, count: int = CIVIC_POSTS) -> list[LabelledText]:
    """Compose letters and posts of one or two themes that have nothing to do with labour."""
    data = yaml.safe_load((LABELS / CIVIC_FILE).read_text(encoding="utf-8"))
    themes = list(data["themes"].values())
    posts: list[LabelledText] = []
    for _ in range(count):
        chosen = random.permutation(len(themes))[: int(random.integers(1, 3))]
        sentences = [sentence for place in chosen for sentence in themes[place]]
        picked = random.permutation(len(sentences))[: int(random.integers(1, 7))]
        parts = [sentences[place] for place in picked]
        if random.random() < GREETED:
            parts.insert(0, str(random.choice(data["openings"])))
        if random.random() < GREETED:
            parts.append(str(random.choice(data["closings"])))
        posts.append(_irrelevant("".join(parts), CIVIC))
    return posts


def letters(
    texts: Sequence[LabelledText], random: np.random.Generator, count: int = LETTERS
) -> list[tuple[int, LabelledText]]:
    """Wrap relevant texts as letters, so that neither greeting nor thanks tells the classes apart.

    Each comes with the place of the text it was made from.
    """
    data = yaml.safe_load((LABELS / CIVIC_FILE).read_text(encoding="utf-8"))
    relevant = [place for place, item in enumerate(texts) if item.is_relevant]
    made: list[tuple[int, LabelledText]] = []
    for place in random.choice(relevant, count).tolist():
        opening, closing = random.choice(data["openings"]), random.choice(data["closings"])
        made.append((place, replace(texts[place], text=f"{opening}{texts[place].text}{closing}")))
    return made


def joined(
    texts: Sequence[LabelledText],
    folds: Sequence[int],
    random: np.random.Generator,
    count: int = JOINED,
) -> list[tuple[int, LabelledText]]:
    """Join irrelevant texts of one fold to long ones, and relevant ones of one main topic and polarity."""
    groups: dict[tuple[int, str, Polarity | None], list[int]] = {}
    for place, item in enumerate(texts):
        topic = item.topics[0] if item.topics else ""
        polarity = item.polarity if item.is_relevant else None
        groups.setdefault((folds[place], topic, polarity), []).append(place)
    usable = [places for places in groups.values() if len(places) > 1]
    irrelevant = [places for (_, topic, _), places in groups.items() if not topic]
    made: list[tuple[int, LabelledText]] = []
    for number in range(count):
        pool = irrelevant if number % 2 else usable
        places = pool[int(random.integers(len(pool)))]
        picked = random.permutation(places)[: int(random.integers(2, 6))].tolist()
        topics = dict.fromkeys(code for place in picked for code in texts[place].topics)
        text = "。".join(texts[place].text for place in picked)
        made.append((picked[0], replace(texts[picked[0]], text=text, topics=tuple(topics)[:3])))
    return made


def pool_posts(
    titles: Iterable[str], random: np.random.Generator, count: int = POOL_POSTS
) -> list[LabelledText]:
    """Join unlabelled titles without any word of labour, most of them on civic matters, to posts and letters."""
    data = yaml.safe_load((LABELS / CIVIC_FILE).read_text(encoding="utf-8"))
    free = sorted({title for title in titles if not _LABOUR.search(title)})
    civic = [title for title in free if _CIVIC.search(title)]
    posts: list[LabelledText] = []
    for number in range(count):
        pool = free if number % 4 == 0 else civic
        size = int(random.integers(1, 11))
        parts = [pool[place] for place in random.integers(0, len(pool), size).tolist()]
        text = "，".join(parts) + "。"
        if random.random() < GREETED:
            text = f"{random.choice(data['openings'])}{text}{random.choice(data['closings'])}"
        posts.append(_irrelevant(text, POOL))
    # A stream holds far more of other matters than the labelled titles, which were picked for reading.
    return posts + [
        _irrelevant(free[place], POOL) for place in random.integers(0, len(free), POOL_TITLES)
    ]


def _irrelevant(text: str, origin: str) -> LabelledText:
    return LabelledText(
        text=text,
        is_relevant=False,
        is_our_union=False,
        topics=(),
        polarity=Polarity.NEUTRAL,
        kind=Kind.OPINION,
        origin=origin,
    )
