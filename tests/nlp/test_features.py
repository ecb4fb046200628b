import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nlp.features import BUCKETS, extract
from nlp.normalisation import normalise


@given(st.lists(st.text(st.characters(exclude_categories=[]), max_size=30), max_size=6))
def test_row_does_not_depend_on_its_batch(texts: list[str]) -> None:
    words = [[text[:3], text[3:]] if len(text) > 3 else [text] * bool(text) for text in texts]
    together = extract(texts, words)
    assert len(together) == len(texts)
    for place, (text, row) in enumerate(zip(texts, words, strict=True)):
        alone = extract([text], [row])
        span = slice(together.starts[place], together.starts[place + 1])
        assert np.array_equal(together.buckets[span], alone.buckets)
        assert len(set(alone.buckets.tolist())) == len(alone.buckets)
        assert all(0 <= bucket < BUCKETS for bucket in alone.buckets.tolist())


def test_one_word_has_one_bucket_wherever_it_stands() -> None:
    rows = extract(["我们加班", "加班费"], [["我们", "加班"], ["加班", "费"]])
    assert rows.word_buckets[1] == rows.word_buckets[2]


def test_links_mentions_and_pictures_become_one_symbol() -> None:
    one = normalise("", "太累了[怒]@老王 看 https://example.com/1?a=2")
    other = normalise("", "太累了[怒]@小李 看 http://example.org/xyz")
    assert one == other
    assert normalise("", "[怒]") != normalise("", "[心]")


def test_title_repeated_by_the_text_counts_once() -> None:
    assert normalise("欠薪三个月", "欠薪三个月，工人无奈") == normalise("", "欠薪三个月，工人无奈")


def test_long_text_keeps_lead_and_tail() -> None:
    found = normalise("", "开头" + "中" * 50_000 + "结尾")
    assert found.startswith("开头")
    assert found.endswith("结尾")
    assert len(found) < 1_300
