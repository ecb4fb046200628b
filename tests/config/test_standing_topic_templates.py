"""Ready-made standing topics: checked as a whole, and each finds what it says."""

import datetime as dt

import pytest

from config.settings import SettingsError
from config.standing_topic_templates import load_topic_templates, parse_topic_templates
from core.expression import MatchDocument, Matcher, parse
from core.standing_topics import read_topic

NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
TOPICS = {one.key: one for one in load_topic_templates()}
# What a title must be found by, and what it must not: written for this test.
FOUND = (
    ("wage_arrears", "河湾一项目部四个月工资没发，工人结伴讨薪", "剧团球员讨薪"),
    ("platform_workers", "河湾骑手说配送费又降了，平台称算法调整", "外卖小哥救人不留名"),
    ("heat", "河湾环卫工人中暑送医，高温津贴仍没发", "高温天军训的大学生"),
    ("injury", "河湾一工厂工人断指，公司不愿认定工伤", "剧组演员带着工伤赔笑，公司道歉"),
    ("women_workers", "怀孕后被公司调岗降薪，女职工申请仲裁", "一款国产假睫毛走红"),
    ("collective_bargaining", "河湾公交司机集体停运，要求补发加班费", "美国港口工人罢工进入第三天"),
    ("honours", "河湾表彰一批劳模工匠", "某艺人被称内娱劳模"),
)


@pytest.mark.parametrize("key", TOPICS)
def test_every_template_reads_alone_and_together_with_what_it_excludes(key: str) -> None:
    assert read_topic(TOPICS[key].expression, TOPICS[key].excludes, parse)


@pytest.mark.parametrize(("key", "wanted", "unwanted"), FOUND)
def test_template_finds_its_matter_and_leaves_out_what_only_sounds_like_it(
    key: str, wanted: str, unwanted: str
) -> None:
    matcher = Matcher({1: read_topic(TOPICS[key].expression, TOPICS[key].excludes, parse)})
    for title, expected in ((wanted, 1), (unwanted, 0)):
        document = MatchDocument(title=title, text="", published_at=NOW)
        assert len(matcher.match(document, now=NOW)) == expected, title


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("topics: {}", "没有 topics 列表"),
        ("topics: [{key: a}]", "第 1 个专题"),
        ("a: [", "不是正确的 YAML"),
        (
            "topics:\n"
            + "- {key: a, name: 甲, purpose: 其他维权服务, covers: 丙, expression: 丁}\n" * 2,
            "写了两次",
        ),
        ("topics: [{key: a, name: 甲, purpose: 乙, covers: 丙, expression: 丁}]", "purpose"),
    ],
)
def test_faults_of_the_file_are_named(text: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        parse_topic_templates(text)
