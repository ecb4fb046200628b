"""An explanation adds up to what the model said, and names words that a reader finds in the text."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.annotations import Annotations, Emotion, TextInput
from nlp.attribution import phrases, word_values
from nlp.explanation import Cause, Explainer, Explanation
from nlp.features import extract
from nlp.linear import Matrix
from nlp.pipeline import Pipeline, load_resources, pipeline_of
from nlp.step import Resources

ARREARS = TextInput(
    "工地欠薪三个月，工友相约讨说法",
    "项目部说月底一定结，今天又说等通知。我们二十多个人，拖欠工资四十万！[怒]@某人 https://a.example/1",
)
GIFT = TextInput("", "公司给员工发端午福利，工会慰问一线职工，大家都很开心😊")
CELEBRITY = TextInput("明星离职综艺开播", "嘉宾阵容太好笑了，周五晚上八点不见不散。" * 12)
TEXTS = [ARREARS, GIFT, CELEBRITY, TextInput("", "。"), TextInput("", "")]


@pytest.fixture(scope="module")
def resources() -> Resources:
    return load_resources()


@pytest.fixture(scope="module")
def explainer(resources: Resources) -> Explainer:
    return Explainer(resources)


@pytest.fixture(scope="module")
def same_pipeline(resources: Resources) -> Pipeline:
    return pipeline_of(resources)


def ahead(scores: Mapping[str, float], label: str) -> float:
    """By how much log-odds a share is ahead of the average of the others."""
    others = [math.log(value) for name, value in scores.items() if name != label]
    return math.log(scores[label]) - sum(others) / len(others)


def log_odds(probability: float) -> float:
    return math.log(probability) - math.log1p(-probability)


def only(found: list[Explanation]) -> Explanation:
    assert len(found) == 1
    return found[0]


def annotated(pipeline: Pipeline, item: TextInput) -> Annotations:
    return pipeline.analyse([item])[0]


@pytest.mark.parametrize("item", TEXTS)
def test_contributions_add_up_to_the_decisions_of_the_pipeline(
    item: TextInput, explainer: Explainer, same_pipeline: Pipeline
) -> None:
    found = annotated(same_pipeline, item)
    scores = {("our_union", "1"): found.our_union.score}
    if not found.our_union.label:
        # A text about our unions is about labour by definition, whatever its words say.
        scores["relevance", "1"] = found.relevant.score
    scores |= {("topics", topic.code): topic.score for topic in found.topics}
    for explained in explainer.explain(item, list(scores)):
        whole = sum(one.weight for one in explained.contributions)
        expected = log_odds(scores[explained.task, explained.label])
        assert whole == pytest.approx(explained.score)
        # Probabilities are stored in 32 bits, which blurs the log-odds of very certain ones.
        assert whole == pytest.approx(expected, abs=0.02 + 1e-6 * math.exp(abs(expected)))


@pytest.mark.parametrize("item", TEXTS)
def test_contributions_add_up_to_the_lead_over_the_other_polarities(
    item: TextInput, explainer: Explainer, same_pipeline: Pipeline
) -> None:
    found = annotated(same_pipeline, item).polarity
    explained = only(explainer.explain(item, [("polarity", found.label.value)]))
    assert sum(one.weight for one in explained.contributions) == pytest.approx(
        ahead({name.value: value for name, value in found.scores.items()}, found.label.value),
        abs=0.02,
    )


def test_words_that_speak_for_a_topic_stand_in_the_text(explainer: Explainer) -> None:
    explained = only(explainer.explain(ARREARS, [("topics", "wage_arrears")]))
    named = [one for one in explained.supporting() if one.cause is Cause.WORDS]
    assert any("欠薪" in one.text or "拖欠" in one.text for one in named)
    whole = ARREARS.title + ARREARS.text
    assert all(one.text in whole for one in named if not one.text.startswith("（"))


def test_terms_that_suggest_a_topic_are_named_with_their_group(explainer: Explainer) -> None:
    explained = only(explainer.explain(ARREARS, [("topics", "wage_arrears")]))
    hints = {one.group: one.text for one in explained.contributions if one.cause is Cause.HINTS}
    assert {"欠薪", "拖欠"} <= set(hints["wage_arrears"].split("、"))


def test_union_evidence_is_named(explainer: Explainer) -> None:
    explained = only(explainer.explain(GIFT, [("our_union", "1")]))
    evidence = [one for one in explained.contributions if one.cause is Cause.EVIDENCE]
    assert [one.text for one in evidence] == ["工会"]


def test_long_text_with_little_of_labour_says_so(explainer: Explainer) -> None:
    explained = only(explainer.explain(CELEBRITY, [("relevance", "1")]))
    assert any(one.cause is Cause.LENGTH and one.weight < 0 for one in explained.opposing())


def test_no_is_the_mirror_of_yes(explainer: Explainer) -> None:
    yes, no = explainer.explain(ARREARS, [("relevance", "1"), ("relevance", "0")])
    assert no.score == pytest.approx(-yes.score)
    assert [one.text for one in no.opposing()] == [one.text for one in yes.supporting()]


def test_links_and_mentions_are_named_not_shown_as_symbols(explainer: Explainer) -> None:
    explained = only(explainer.explain(ARREARS, [("relevance", "1")]))
    assert not any("\ue000" <= c <= "\uf8ff" for one in explained.contributions for c in one.text)


def test_tasks_without_a_linear_model_are_left_out(explainer: Explainer) -> None:
    assert explainer.explain(ARREARS, [("weather", "1"), ("topics", "no_such_topic")]) == []


def test_shares_add_up_to_one(explainer: Explainer) -> None:
    explained = only(explainer.explain(ARREARS, [("relevance", "1")]))
    assert sum(one.share for one in explained.contributions) == pytest.approx(1.0)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=4), max_size=12), st.integers(0, 5))
def test_nothing_of_a_score_is_lost_among_the_words(words: list[str], seed: int) -> None:
    text = "".join(words)
    features = extract([text], [words])
    parts = np.random.default_rng(seed).normal(size=(len(features.buckets), 2))
    values, edges = word_values(text, words, features, parts)
    assert values.shape == (len(words), 2)
    assert values.sum(axis=0) + edges == pytest.approx(parts.sum(axis=0))
    found, left_out = phrases(words, values[:, 0], frozenset({"的"}))
    total = sum(item.value for item in found) + left_out
    assert total == pytest.approx(values[:, 0].sum(), abs=1e-9)


@pytest.mark.parametrize(("task", "said"), [("emotion", "angry"), ("offensive", "1")])
def test_tone_is_explained_though_its_models_are_not_linear(
    task: str, said: str, explainer: Explainer, same_pipeline: Pipeline
) -> None:
    item = TextInput("", "你们这群废物，滚出去！气死我了")
    found = annotated(same_pipeline, item)
    expected = found.emotion.scores[Emotion.ANGRY] if task == "emotion" else found.offensive.score
    explained = only(explainer.explain(item, [(task, said)]))
    assert explained.version == found.models[task]
    assert explained.score == pytest.approx(log_odds(expected), abs=0.02)
    assert explained.supporting()


class PairJudge:
    """Says yes to texts that hold both 罢工 and 工厂, and maybe to one of them."""

    version = "pair-1"
    labels = ("0", "1")

    def probabilities(self, texts: Sequence[str], words: Sequence[Sequence[str]]) -> Matrix:
        assert ["".join(row) for row in words] == list(texts)
        yes = np.array([0.05 + 0.45 * (("罢工" in t) + ("工厂" in t)) for t in texts], np.float32)
        return np.stack([1 - yes, yes], axis=1)


def test_any_model_is_explained_by_leaving_words_out(resources: Resources) -> None:
    explainer = Explainer(resources, {"offensive": PairJudge()})
    item = TextInput("", "大家在工厂罢工，听说罢工")
    explained = only(explainer.explain(item, [("offensive", "1")]))
    assert explained.version == "pair-1"
    assert explained.score == pytest.approx(log_odds(0.95), abs=1e-4)
    assert sum(one.weight for one in explained.contributions) == pytest.approx(explained.score)
    weights = {one.text: one.weight for one in explained.supporting()}
    assert any("罢工" in text for text in weights)
    assert sum(weights.values()) == pytest.approx(2 * (log_odds(0.95) - log_odds(0.5)), abs=1e-3)
    assert "听说" not in weights


def test_strong_neighbours_are_joined_and_stop_words_part_them() -> None:
    words = ["拖欠", "工资", "的", "公司", "拖欠", "工资"]
    found, left_out = phrases(words, np.array([2.0, 1.0, 0.5, -1.0, 2.0, 1.0]), frozenset({"的"}))
    assert [(item.text, item.value) for item in found] == [("拖欠工资", 6.0), ("公司", -1.0)]
    assert left_out == 0.5
