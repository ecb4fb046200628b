"""A summary is made of a text's own sentences, and holds no private name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.annotations import TextInput
from nlp.pipeline import Pipeline
from nlp.sentences import joined, sentences, shortened
from nlp.summary import LONGEST, extract, summary

NEWS = (
    "云溪日报讯（记者 某某）十一月十八日，河湾市安置房工地四十六名木工到区劳动监察大队反映，总包单位拖欠工资约八十六万元。"
    "据了解，该项目去年开工。监察大队当天立案，要求总包单位三日内提交支付计划。"
    "多名工人说，家里等着这笔钱过年。编辑：某某 审核：某某。"
)
ALPHABET = "工资欠老板我们三0123456789，。！？；：…、\n\r #@[]（）“” abc你\U0001f600"
TEXTS = st.text(st.sampled_from(ALPHABET), max_size=600)


def test_a_short_text_is_its_own_summary() -> None:
    text = "老板欠我们三个月工资。求关注！"
    assert extract(text) == text


def test_news_are_told_by_who_did_what_without_the_dateline_and_the_imprint() -> None:
    found = extract(NEWS, ("工资", "拖欠", "木工", "监察", "总包"))
    assert found.startswith("十一月十八日，河湾市安置房工地四十六名木工")
    assert "编辑" not in found


def test_lines_without_marks_are_sentences() -> None:
    assert sentences("第一行\n\n 第二行 \r\n第三句。第四句？！”") == [
        "第一行", "第二行", "第三句。", "第四句？！”",
    ]  # fmt: skip
    assert joined(["第一行", "第二句。", "第三句"]) == "第一行 第二句。第三句"


@pytest.mark.parametrize(
    ("sentence", "length", "kept"),
    [
        ("厂里欠薪，我们讨薪，老板跑了", 10, "厂里欠薪，我们讨薪"),
        ("没有停顿的一句话", 4, "没有停顿"),
        ("短句", 9, "短句"),
    ],
)
def test_a_long_sentence_is_cut_at_a_pause(sentence: str, length: int, kept: str) -> None:
    assert shortened(sentence, length) == kept


@given(TEXTS, st.lists(st.sampled_from(["工资", "老板", "我们"]), max_size=8))
def test_every_part_stands_in_the_text_word_for_word(text: str, keywords: list[str]) -> None:
    found = extract(text, keywords)
    assert len(found) <= LONGEST
    assert bool(found) == bool(sentences(text))
    # Without the space that may part them, it is at most two pieces of the text, in its order.
    assert _is_covered(found, text)


def _is_covered(summary: str, text: str) -> bool:
    if summary in text:
        return True
    splits = (place for place in range(1, len(summary)))
    return any(
        summary[:place].rstrip() in text and summary[place:].lstrip() in text for place in splits
    )


def test_a_private_name_does_not_come_back_in_a_summary(pipeline: Pipeline) -> None:
    (found,) = pipeline.analyse([TextInput("", "我叫王小花，被厂里辞退了。要求补偿。")])
    assert "王小花" not in found.summary
    assert "被厂里辞退了。" in found.summary


def test_a_text_that_is_only_a_title_is_told_by_its_title() -> None:
    assert summary(TextInput("建筑工人讨薪成功", "")) == "建筑工人讨薪成功"
