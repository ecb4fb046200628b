import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.annotations import TextInput
from nlp.lexicons import load_segmentation
from nlp.pipeline import Pipeline
from nlp.privacy import MASK, PrivateMatters, masked_input

STORY = (
    "我叫覃桂芳，在河湾恒达物流有限公司上班。工友赵大勇从脚手架上摔下来，赵大勇的妻子李翠花到处借钱。"
    "我家住幸福小区3栋2单元501室。人社局局长陈卫东表示会调查。联系人：钱三贵"
)
_made: list[PrivateMatters] = []


def private() -> PrivateMatters:
    if not _made:
        _made.append(PrivateMatters(load_segmentation()))
    return _made[0]


def shown(text: str, title: str = "") -> TextInput:
    item = TextInput(title, text)
    _, spans = private().find(item)
    return masked_input(item, spans)


def test_private_names_and_addresses_are_masked_and_offices_kept() -> None:
    assert shown(STORY).text == (
        "我叫＊＊＊，在河湾恒达物流有限公司上班。工友＊＊＊从脚手架上摔下来，＊＊＊的妻子＊＊＊到处借钱。"
        "我家住＊＊＊＊＊＊＊＊＊＊＊＊＊。人社局局长陈卫东表示会调查。联系人：＊＊＊"
    )


def test_a_name_known_from_the_text_is_masked_in_the_title() -> None:
    assert shown("我丈夫周铁柱在矿上出事了", title="为周铁柱讨公道").title == "为＊＊＊讨公道"


def test_province_city_and_county_stay_readable() -> None:
    kept = shown("家庭住址：湖南省长沙市岳麓区枫林路66号阳光花苑7号楼3单元402室").text
    assert kept.startswith("家庭住址：湖南省长沙市岳麓区＊")
    assert "402" not in kept


@pytest.mark.parametrize(
    "text",
    [
        "工人高温作业，员工安全第一",
        "老板姓刘，王先生和老张都认识他",
        "市长王志远到雷锋小学看望张桂梅校长",
        "受伤工人姚某已送医",
        "骑手小李说职工白天上班晚上培训",
        "公司地址：科技路88号创业大厦5楼",
    ],
)
def test_ordinary_words_offices_and_firms_stay(text: str) -> None:
    assert shown(text).text == text


def test_nothing_of_a_private_name_is_left_in_what_the_analysis_says(pipeline: Pipeline) -> None:
    found = pipeline.analyse([TextInput("覃桂芳讨薪记", STORY)])[0]
    said = json.dumps(found.to_json("1"), ensure_ascii=False)
    for name in ("覃桂芳", "赵大勇", "李翠花", "钱三贵", "501"):
        assert name not in said
    assert {span.mask for span in found.private} >= {MASK * 3}


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "我叫",
                "张建国",
                "，",
                "\n",
                "联系人：",
                "李翠花",
                "住在",
                "阳光小区",
                "3栋2单元501室",
                "、",
                "工友",
                "等人",
                "Ａ",
                "😀",
                "了",
            ]
        ),
        max_size=14,
    ),
    st.integers(min_value=0, max_value=14),
)
def test_masks_keep_every_length_and_masking_again_changes_little(
    pieces: list[str], cut: int
) -> None:
    title, text = "".join(pieces[:cut]).replace("\n", ""), "".join(pieces[cut:])
    once = shown(text, title)
    assert (len(once.title), len(once.text)) == (len(title), len(text))
    for before, after in zip(title + text, once.title + once.text, strict=True):
        assert after in (before, MASK)
    assert "我叫张建国" not in once.title
    assert "我叫张建国" not in once.text
