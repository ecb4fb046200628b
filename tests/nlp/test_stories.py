"""Copies of texts: what is found of generated retellings, and what is not mistaken for one."""

import csv
import datetime as dt
import json
import os
import random
import time
from pathlib import Path

import pytest

import nlp
from nlp.stories.kinship import Relation, kinship
from nlp.stories.lookup import StoryLookup
from nlp.stories.sketch import KEYS, SAMPLE, Sketch, sketches
from nlp.stories.sources import named_source
from tests.nlp.labelled_events import labelled_events
from tests.nlp.retellings import Retelling, Text

OWN = Path(nlp.__file__).parent / "labels" / "own_posts.jsonl"
RECALL, PRECISION = 0.98, 0.99
# A text that lost two fifths, gained a tail and has misprints besides may be too little of itself.
RECALL_ALL_TOGETHER = 0.92
LEAST_LENGTH = 24
DAY = dt.timedelta(days=1)
NOTICE = (
    "【高温预警】{month}月{day}日，河湾市气象台发布高温橙色预警，预计今天最高气温将达到{degrees}℃，"
    "请户外作业单位调整作息，{start}时至{end}时停止露天作业，做好防暑降温工作。"
)
FORM = (
    "尊敬的领导：我们是{place}{firm}的工人，一共{count}人，从{month}月到现在工资没有发，合计{amount}万元，"
    "多次找项目部都说没钱，请领导帮我们讨回血汗钱，谢谢！"
)


def own_texts() -> list[Text]:
    posts = [json.loads(line)["text"] for line in OWN.read_text("utf-8").splitlines()]
    told = [(item.text.title, item.text.text) for item in labelled_events()]
    texts = [
        text for text in [*(("", post) for post in posts), *told] if len(text[1]) >= LEAST_LENGTH
    ]
    return random.Random(4).sample(texts, min(400, len(texts)))  # noqa: S311 (draws test texts)


def petitions() -> list[Text]:
    data = os.environ.get("ZHISHENG_DATA")
    if not data:
        pytest.skip("ZHISHENG_DATA is not set: no petitions to retell")
    path = Path(data) / "teddy2020_petitions" / "att3_messages.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(row["title"], row["content"]) for row in csv.DictReader(file)]
    long = [row for row in rows if len(row[1]) >= LEAST_LENGTH]
    return random.Random(5).sample(long, 300)  # noqa: S311 (draws test texts)


def found_again(texts: list[Text], copies: list[Text]) -> float:
    """Tell in how many cases a copy is placed in the story of its text, all texts being there."""
    lookup = StoryLookup(look_back=None)
    stories = [lookup.add(place, sketch).story for place, sketch in enumerate(sketches(texts))]
    kept = len(texts)
    hits = 0
    for place, sketch in enumerate(sketches(copies)):
        # A fresh look-up would be the same: what is added under another number finds its text first.
        hits += lookup.add(kept + place, sketch).story == stories[place]
    return hits / len(copies)


@pytest.mark.parametrize("pool", ["own", "petitions"])
def test_retold_texts_are_found_again(pool: str) -> None:
    texts = own_texts() if pool == "own" else petitions()
    letters = "".join(text for _, text in texts)
    retelling = Retelling(20_261, "".join(filter(str.isalpha, letters)))
    shares = {
        kind: found_again(texts, [retell(text) for text in texts])
        for kind, retell in retelling.kinds.items()
    }
    for kind, share in shares.items():
        print(f"\n{pool}: {kind} {share:.4f}", end="")  # noqa: T201 (shown with pytest -s)
    together = shares.pop("all together")
    assert min(shares.values()) >= RECALL
    assert together >= RECALL_ALL_TOGETHER


def test_different_texts_on_one_subject_are_not_copies() -> None:
    texts = own_texts()
    lookup = StoryLookup(look_back=None)
    places = [lookup.add(place, sketch) for place, sketch in enumerate(sketches(texts))]
    wrong = sum(place.relation is not Relation.FIRST for place in places)
    print(f"\nown texts taken for copies: {wrong} of {len(texts)}")  # noqa: T201 (shown with pytest -s)
    assert wrong <= (1 - PRECISION) * len(texts)


def test_forms_filled_in_anew_are_not_copies() -> None:
    draw = random.Random(3)  # noqa: S311 (draws test texts)
    notices = [
        NOTICE.format(
            month=draw.choice((6, 7, 8)),
            day=day,
            degrees=draw.randrange(35, 42),
            start=draw.randrange(10, 14),
            end=draw.randrange(15, 19),
        )
        for day in range(1, 29)
    ]
    places = ["河湾市", "临江县", "东岭区", "石桥镇", "青田县", "南浦区", "北川镇", "白沙市"]
    firms = ["宏达建筑公司", "永兴服装厂", "金鼎电子厂", "恒木家具厂", "安泰物业公司"]
    forms = [
        FORM.format(
            place=place,
            firm=firm,
            count=draw.randrange(11, 90),
            month=draw.randrange(1, 9),
            amount=draw.randrange(12, 300),
        )
        for place in places
        for firm in firms
    ]
    found = sketches([("", text) for text in [*notices, *forms]])
    pairs = [
        kinship(one, other)
        for place, one in enumerate(found)
        for other in found[:place]
        if one is not None and other is not None
    ]
    wrong = sum(kin is not None for kin in pairs)
    print(f"\nforms taken for copies: {wrong} of {len(pairs)} pairs")  # noqa: T201 (shown with pytest -s)
    assert wrong <= (1 - PRECISION) * len(pairs)


TEXT = (
    "河湾市一家食品厂的四十多名工人到区劳动监察大队反映，厂方自六月起只发生活费，至今欠薪约一百二十万元。"
    "厂长称订单减少、货款未回，承诺月底前先付一半。监察大队已立案，并约谈了企业负责人，要求十日内提出支付计划。"
)


def sketch(text: str, title: str = "") -> Sketch:
    [found] = sketches([(title, text)])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("copy", "relation"),
    [
        (TEXT.replace("，", " , ").replace("。", "\n"), Relation.EXACT),
        (f"据晚报报道，{TEXT}", Relation.REPRINT),
        (TEXT[: len(TEXT) // 2], Relation.REPRINT),
        (
            TEXT[:66]
            + "工人们说，再拖下去连回家的车票都买不起，希望有关部门早点给个准信，别让大家白跑。",
            Relation.REWRITE,
        ),
    ],
)
def test_a_copy_is_told_by_how_much_it_holds(copy: str, relation: Relation) -> None:
    found = kinship(sketch(TEXT), sketch(copy))
    assert found is not None
    assert found.relation is relation


def test_a_new_title_makes_a_reprint_and_short_texts_must_be_equal() -> None:
    retitled = kinship(sketch(TEXT, "欠薪百万"), sketch(TEXT, "厂长承诺月底付款"))
    assert retitled is not None
    assert retitled.relation is Relation.REPRINT
    assert kinship(sketch("又加班到十点"), sketch("又加班到九点")) is None
    assert kinship(sketch("又加班到十点"), sketch("又加班，到十点！")) is not None


def test_sketches_do_not_depend_on_their_batch() -> None:
    texts = own_texts()[:40]
    alone = [sketches([text])[0] for text in texts]
    for one, other in zip(alone, sketches(texts), strict=True):
        assert one is not None
        assert other is not None
        assert one.digest == other.digest
        assert one.keys.tolist() == other.keys.tolist()
        assert one.shingles.tolist() == other.shingles.tolist()


def test_a_sketch_is_small_whatever_the_text() -> None:
    found = sketch("".join(chr(0x4E00 + place % 5_000) for place in range(50_000)))
    assert len(found.keys) == KEYS
    assert len(found.shingles) == SAMPLE
    assert sketches([("", "……！")]) == [None]


def test_a_story_is_left_alone_after_its_time() -> None:
    lookup = StoryLookup()
    at = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    days = (0, 10, 30)
    places = [lookup.add(number, sketch(TEXT), at + day * DAY) for number, day in enumerate(days)]
    assert [place.story for place in places] == [0, 0, 2]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("转自：河湾晚报\n正文正文", "河湾晚报"),
        ("正文正文（来源：工人日报 编辑 李敏）", "工人日报"),
        ("据「河湾发布」消息，昨日……", "河湾发布"),
        ("工资的来源是财政拨款吗", None),
    ],
)
def test_the_source_that_a_text_names_is_read(text: str, name: str | None) -> None:
    assert named_source(text) == name


def test_looking_up_takes_no_longer_among_many() -> None:
    texts = own_texts()
    lookup = StoryLookup(look_back=None)
    letters = Retelling(1, "工人厂区路桥江河山水")
    took = []
    number = 0
    for _ in range(4):
        variants = sketches([("", letters.mistyped(text, 0.6)) for _, text in texts])
        start = time.perf_counter()
        for one in variants:
            lookup.add(number, one)
            number += 1
        took.append(time.perf_counter() - start)
    assert took[-1] < 4 * took[0]
