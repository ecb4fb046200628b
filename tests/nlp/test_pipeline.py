"""The promises of the whole analysis: pure, in order, whatever the text."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigurationError
from nlp.annotations import Polarity, TextInput
from nlp.batch import Batch
from nlp.pipeline import Pipeline, check_order, default_pipeline
from nlp.step import AnalysisStep, Resources
from nlp.steps import STEPS

ARREARS = "某工地拖欠工资三个月，三百名农民工在长沙市岳麓区讨薪"
ODD_TEXTS = [
    "",
    " ",
    "😀",
    "\ud800",
    "\ud83d 工资 \udc00",
    "\x00",
    "[怒][怒]@某人 http://example.com/a",
    "。" * 50,
]


class Maker:
    name: ClassVar[str] = "maker"
    requires: ClassVar[frozenset[str]] = frozenset()
    assigns: ClassVar[frozenset[str]] = frozenset({"normalised"})

    def __init__(self, _resources: Resources | None = None) -> None:
        pass

    def annotate(self, batch: Batch) -> None:
        batch.normalised = [item.text for item in batch.texts]


class Taker(Maker):
    name: ClassVar[str] = "taker"
    requires: ClassVar[frozenset[str]] = frozenset({"normalised"})
    assigns: ClassVar[frozenset[str]] = frozenset({"words"})


class Stranger(Maker):
    name: ClassVar[str] = "stranger"
    assigns: ClassVar[frozenset[str]] = frozenset({"weather"})


@pytest.mark.parametrize(
    ("steps", "named"),
    [
        ([Taker(), Maker()], ("taker", "maker")),
        ([Taker()], ("taker", "normalised")),
        ([Maker(), Maker()], ("maker", "normalised")),
        ([Stranger()], ("stranger", "weather")),
        ([Maker(), Taker()], ("relevant",)),
    ],
)
def test_wrong_order_is_refused_and_both_are_named(
    steps: list[AnalysisStep], named: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        check_order(steps)
    assert all(word in str(refused.value) for word in named)


def test_every_listed_step_declares_what_it_does() -> None:
    for name in STEPS:
        step = STEPS.load(name)
        assert step.name == name
        assert step.assigns


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_texts_are_analysed(pipeline: Pipeline, text: str) -> None:
    (found,) = pipeline.analyse([TextInput(text, text)])
    assert sum(found.polarity.scores.values()) == pytest.approx(1, abs=1e-4)
    assert found.regions == ()


def test_very_long_text_is_analysed(pipeline: Pipeline) -> None:
    (found,) = pipeline.analyse([TextInput("", "拖欠工资不发，" * 15_000)])
    assert found.relevant.label


@pytest.mark.parametrize(
    "sign",
    [
        "1",
        "一",
        " ",
        "转自 ",
        "有限公司",
        "农民工共计",
        "栋1",
        "1,",
        "2026年",
        "，",
        "“",
        "http://a",
        "@a",
    ],
)
def test_the_same_sign_over_and_over_takes_no_longer_than_a_long_text(
    pipeline: Pipeline, sign: str
) -> None:
    text = (sign * 100_000)[:100_000]
    started = time.process_time()
    pipeline.analyse([TextInput("工地欠薪", f"来源：{text}")])
    assert time.process_time() - started < 3


def test_nothing_to_analyse_gives_nothing(pipeline: Pipeline) -> None:
    assert pipeline.analyse([]) == []


def test_wage_arrears_post_is_understood(pipeline: Pipeline) -> None:
    (found,) = pipeline.analyse([TextInput("", ARREARS)])
    assert found.relevant.label
    assert [topic.code for topic in found.topics][:2] == ["wage_arrears", "migrant_workers"]
    assert found.polarity.label is Polarity.NEGATIVE
    assert [place.adcode for place in found.regions] == ["430104"]
    assert set(found.keywords) & {"拖欠工资", "讨薪"}


@pytest.mark.parametrize(
    "text",
    [
        "周末带孩子看了动画片，全场笑声不断",
        "总工程师介绍跨海大桥的抗风设计",
        "英国铁路公司的员工宣布罢工，伦敦多条线路停运",
        "尊敬的领导您好，我是小区业主，物业乱收停车费，电梯坏了半年没人修，开发商和物业公司互相推诿，请领导重视。",
    ],
)
def test_other_matters_are_not_relevant_and_have_no_topics(pipeline: Pipeline, text: str) -> None:
    (found,) = pipeline.analyse([TextInput("", text)])
    assert not found.relevant.label
    assert found.topics == ()


def test_text_about_our_union_is_relevant(pipeline: Pipeline) -> None:
    (found,) = pipeline.analyse([TextInput("", "市总工会慰问快递员")])
    assert found.our_union.label
    assert found.relevant.label


def test_traditional_and_full_width_text_gives_the_same(pipeline: Pipeline) -> None:
    one, other = pipeline.analyse(
        [TextInput("", "工廠拖欠工資ＡＢＣ，老闆失聯"), TextInput("", "工厂拖欠工资abc，老板失联")]
    )
    # The summary alone quotes the text as it is written.
    assert replace(one, summary="") == replace(other, summary="")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=80), min_size=1, max_size=12))
def test_result_depends_on_the_text_alone(texts: list[str]) -> None:
    pipeline = _shared()
    inputs = [TextInput("", text) for text in texts]
    together = pipeline.analyse(inputs)
    assert together == [pipeline.analyse([item])[0] for item in inputs]


def test_threads_get_what_one_thread_gets(pipeline: Pipeline) -> None:
    inputs = [TextInput("", f"{ARREARS}{number}") for number in range(200)]
    expected = pipeline.analyse(inputs)
    with ThreadPoolExecutor(4) as pool:
        assert all(found == expected for found in pool.map(pipeline.analyse, [inputs] * 8))


def test_json_has_the_promised_shape(pipeline: Pipeline) -> None:
    found = pipeline.analyse([TextInput("标题", ARREARS)])[0].to_json("7")
    assert list(found) == [
        "id", "relevant", "our_union", "topics", "polarity", "emotion", "offensive", "kind", "entities",
        "regions", "facts", "keywords", "summary", "fingerprint", "models",
    ]  # fmt: skip
    assert found["id"] == "7"
    assert isinstance(found["fingerprint"], str)
    assert len(found["fingerprint"]) == 16
    assert set(pipeline.models) >= {"relevance", "our_union", "topics", "polarity", "kind"}


_made: list[Pipeline] = []


def _shared() -> Pipeline:
    if not _made:
        _made.append(default_pipeline())
    return _made[0]
