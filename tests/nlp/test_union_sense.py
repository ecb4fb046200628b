import pytest

from nlp.annotations import TextInput
from nlp.pipeline import Pipeline


@pytest.mark.parametrize(
    "text",
    [
        "区总工会法律援助中心帮我要回了工伤待遇",
        "工会主席陪我跑了四趟仲裁院",
        "我们厂的公会一年到头就组织两次拔河比赛",
        "全总紧急拨款慰问受灾职工",
        "小公司能不能自己成立工会？",
    ],
)
def test_our_union_is_recognised(pipeline: Pipeline, text: str) -> None:
    assert pipeline.analyse([TextInput("", text)])[0].our_union.label


@pytest.mark.parametrize(
    "text",
    [
        "美国编剧工会与制片方谈判破裂，好莱坞停拍",
        "英国铁路工会宣布下周继续罢工四十八小时",
        "公会战最后一天了，咱们公会还差三个人没打",
        "总工程师在论坛上介绍了大桥的设计",
        "员工会不会被裁，谁也说不准",
        "打工会让人成长吗",
        "学生会换届选举公告",
        "商会组织企业家考察",
        "分工会议明天上午召开",
    ],
)
def test_other_bodies_and_chance_characters_are_not(pipeline: Pipeline, text: str) -> None:
    assert not pipeline.analyse([TextInput("", text)])[0].our_union.label
