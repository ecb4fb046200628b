"""What is asked for is grouped by its matter, with the documents that ask it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.appeals import OTHER, Appeal, AppealKind, group_appeals, load_appeal_kinds

KINDS = load_appeal_kinds()
WAGES, INSURANCE = "发放拖欠的工资", "补缴社会保险和公积金"
SENTENCES = st.sampled_from(
    [
        "求领导帮我们要回工资", "希望公司补缴社保", "请把押金退还给我", "恳请劳动监察介入",
        "要求道歉", "建议多装几台风扇", "盼回音", "",
    ]
)  # fmt: skip
APPEALS = st.lists(st.builds(Appeal, st.integers(1, 30), SENTENCES), max_size=40)


def labels(*texts: str) -> list[str]:
    appeals = [Appeal(number, text) for number, text in enumerate(texts)]
    return [group.label for group in group_appeals(appeals, KINDS)]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("恳请领导帮我们讨回血汗钱！", WAGES),
        ("希望劳动监察介入，让老板把工资结清。", WAGES),
        ("请公司把断缴的社保补上。", INSURANCE),
        ("要求公司按n+1支付经济补偿", "支付经济补偿或赔偿"),
        ("請老闆退還押金", "退还押金、罚款和不该扣的钱"),
        ("希望平台恢复配送单价", "恢复或提高单价和待遇"),
        ("请有关部门管一管", "有关部门介入查处"),
        ("盼回音", OTHER),
    ],
)
def test_an_appeal_is_named_by_what_it_wants(text: str, label: str) -> None:
    assert labels(text) == [label]


def test_groups_are_ordered_by_their_documents_and_count_each_once() -> None:
    appeals = [Appeal(1, "求补发工资"), Appeal(2, "要求发工资"), Appeal(2, "还我工资"), Appeal(3, "求补缴社保")]  # fmt: skip
    wages, insurance = group_appeals(appeals, KINDS)
    assert (wages.label, wages.documents, wages.document_ids) == (WAGES, 2, (1, 2))
    assert (insurance.label, insurance.document_ids) == (INSURANCE, (3,))


def test_the_example_is_what_most_of_the_group_say() -> None:
    texts = ("希望尽快发放工资", "请尽快发放拖欠的工资", "工钱呢，行行好")
    appeals = [Appeal(number, text) for number, text in enumerate(texts)]
    (group,) = group_appeals(appeals, KINDS)
    assert group.example.document_id in {0, 1}


def test_small_groups_are_put_together_beyond_five() -> None:
    kinds = [AppealKind(f"第{n}种", (f"甲{n}",)) for n in range(9)]
    appeals = [Appeal(n * 10 + copy, f"要甲{n}") for n in range(9) for copy in range(9 - n)]
    groups = group_appeals(appeals, kinds)
    assert [group.label for group in groups] == ["第0种", "第1种", "第2种", "第3种", OTHER]
    assert sum(group.documents for group in groups) == len(appeals)


def test_every_kind_can_be_reached() -> None:
    for kind in KINDS:
        assert kind.label in {labels(f"要求{word}")[0] for word in kind.words}


@given(APPEALS, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_no_document_is_lost(
    appeals: list[Appeal], dice: random.Random
) -> None:
    groups = group_appeals(appeals, KINDS)
    assert groups == group_appeals(sorted(appeals, key=lambda _: dice.random()), KINDS)
    assert len(groups) <= 5
    named = {id_ for group in groups for id_ in group.document_ids}
    assert named == {appeal.document_id for appeal in appeals}
    assert all(group.example.document_id in group.document_ids for group in groups)
