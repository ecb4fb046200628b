import pytest

from tests.quality.gate import data_folder
from tests.quality.summaries import LEAD_1, LEAD_2, OURS, longest_common, measure, rouge_l


@pytest.mark.parametrize(
    ("one", "other", "length"),
    [("", "工资", 0), ("拖欠工资", "工资", 2), ("甲乙丙丁", "丁甲丙", 2), ("同样", "同样", 2)],
)
def test_longest_common_subsequence(one: str, other: str, length: int) -> None:
    assert longest_common(one, other) == length
    assert longest_common(other, one) == length


def test_rouge_of_the_same_text_is_one() -> None:
    assert rouge_l("工资 没发", "工资没发") == (1.0, 1.0, 1.0)
    assert rouge_l("", "工资没发") == (0.0, 0.0, 0.0)


def test_our_sentences_are_nearer_to_those_of_people_than_the_first_ones_are() -> None:
    data = data_folder()
    if data is None:
        pytest.skip("ZHISHENG_DATA is not set: summaries were not compared with people's")
    found = measure(data)
    assert found[OURS].f1 > found[LEAD_1].f1 + 0.03
    assert found[OURS].f1 > found[LEAD_2].f1
