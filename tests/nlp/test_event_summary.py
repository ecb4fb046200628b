"""An event is summarised by sentences that stand in its documents, each told once, in order of time."""

import datetime as dt
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.event_summary import LONGEST, LONGEST_HEADLINE, SourceText, summarise_event

NOW = dt.datetime(2026, 11, 20, 1, 0, tzinfo=dt.UTC)
POSTS = (
    ("", "河湾市东城安置房工地四十六名木工被拖欠工资八十六万元，干了七个月一分没拿到。求关注！"),
    ("河湾市一安置房项目被反映欠薪", "记者了解到，四十六名木工被拖欠工资约八十六万元。他们已到劳动监察大队登记。"),
    ("", "木工们的血汗钱什么时候给？太气人了。"),
    ("", "我们希望总包单位先行垫付，让大家回家过年。"),
    ("河湾市人社局：已责令总包三日内支付", "河湾市人社局通报，已立案调查，责令总包单位三日内支付工资。编辑：某某"),
)  # fmt: skip
SOURCES = [
    SourceText(number + 1, NOW + number * dt.timedelta(hours=5), title, text)
    for number, (title, text) in enumerate(POSTS)
]
TEXT = st.text(st.sampled_from("工资拖欠四十六名木工，。！？\n老板 abc123希望"), max_size=80)
RANDOM_SOURCES = st.lists(st.tuples(TEXT, TEXT, st.integers(1, 5)), max_size=8).map(
    lambda rows: [
        SourceText(number, NOW + number % 3 * dt.timedelta(hours=1), title, text, copies)
        for number, (title, text, copies) in enumerate(rows)
    ]
)


def test_matter_answer_and_wish_are_told_in_order_of_time() -> None:
    found = summarise_event(SOURCES)
    told = "".join(sentence.text for sentence in found.sentences)
    assert "八十六万元" in told
    assert "责令" in told
    assert "希望" in told
    ids = [sentence.document_id for sentence in found.sentences]
    assert ids == sorted(ids)


def test_the_headline_stands_alone() -> None:
    found = summarise_event(SOURCES).headline
    assert found is not None
    assert "河湾市" in found.text
    assert "？" not in found.text


def test_a_fact_is_not_told_twice_in_nearly_the_same_words() -> None:
    again = [
        SourceText(10 + number, NOW, "", f"四十六名木工被拖欠工资八十六万元{tail}。")
        for number, tail in enumerate(("", "了", "啊", "，真的"))
    ]
    assert len(summarise_event(again).sentences) == 1


def test_editors_and_datelines_are_left_out() -> None:
    text = "云溪日报讯（记者 某某）三百名骑手集体下线，抗议配送费下调。责任编辑：某某"
    found = summarise_event([SourceText(1, NOW, "", text)])
    assert [one.text for one in found.sentences] == ["三百名骑手集体下线，抗议配送费下调。"]


def test_what_was_copied_often_is_told_when_only_one_sentence_fits() -> None:
    first = SourceText(1, NOW, "", "云溪市两百名保洁员反映社会保险断缴。")
    copied = SourceText(2, NOW, "", "平川县一矿井透水，十二人被困井下。", copies=400)
    found = summarise_event([first, copied], most_sentences=1)
    assert [one.document_id for one in found.sentences] == [2]


def test_without_texts_there_is_nothing_to_tell() -> None:
    assert summarise_event([]).headline is None
    assert summarise_event([SourceText(1, NOW, "", "好。")]).sentences == ()


@settings(max_examples=40)
@given(RANDOM_SOURCES, st.randoms(use_true_random=False))
def test_the_order_of_the_documents_does_not_matter(
    sources: list[SourceText], dice: random.Random
) -> None:
    shuffled = sorted(sources, key=lambda _: dice.random())
    assert summarise_event(sources) == summarise_event(shuffled)


@settings(max_examples=40)
@given(RANDOM_SOURCES)
def test_every_sentence_stands_in_the_document_it_cites(sources: list[SourceText]) -> None:
    found = summarise_event(sources)
    texts = {source.document_id: f"{source.title}\n{source.text}" for source in sources}
    assert all(one.text in texts[one.document_id] for one in found.sentences)
    assert sum(len(one.text) for one in found.sentences) <= LONGEST
    if found.headline is not None:
        assert found.headline.text in texts[found.headline.document_id]
        assert len(found.headline.text) <= LONGEST_HEADLINE


def test_the_record_can_be_stored_with_ids_as_strings() -> None:
    stored = summarise_event(SOURCES).to_json()
    assert isinstance(stored["sentences"], list)
    assert all(isinstance(one["document_id"], str) for one in stored["sentences"])
