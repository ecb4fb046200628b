import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.annotations import fingerprint_from_hex, fingerprint_hex
from nlp.fingerprint import NEAR_DUPLICATE_BITS, bands, fingerprints, hamming

STORY = (
    "河湾市一家食品厂的四十多名工人到区劳动监察大队反映，厂方自六月起只发生活费，至今欠薪约一百二十万元。"
    "厂长称订单减少、货款未回，承诺月底前先付一半。监察大队已立案，并约谈了企业负责人，要求十日内提出支付计划。"
    "工人代表表示，希望在入冬前拿到工钱回家。"
) * 3
SIGNED = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize("text", ["", "。，！", "   "])
def test_text_without_letters_has_no_fingerprint(text: str) -> None:
    assert fingerprints([text]) == [None]


def test_empty_texts_do_not_shift_the_others() -> None:
    assert fingerprints(["", STORY, "!", "工"]) == [
        None, fingerprints([STORY])[0], None, fingerprints(["工"])[0],
    ]  # fmt: skip


def test_reprint_with_other_punctuation_is_the_same() -> None:
    one, other = fingerprints([STORY, STORY.replace("，", " , ").replace("。", "\n")])
    assert one == other


def test_one_changed_word_stays_near_and_another_story_is_far() -> None:
    one, edited, other = fingerprints([STORY, STORY.replace("四十", "五十", 1), STORY[::-1]])
    assert one is not None
    assert edited is not None
    assert other is not None
    assert hamming(one, edited) <= NEAR_DUPLICATE_BITS
    assert hamming(one, other) > 2 * NEAR_DUPLICATE_BITS


@given(SIGNED)
def test_hex_form_turns_back_into_the_signed_integer(value: int) -> None:
    assert fingerprint_from_hex(fingerprint_hex(value)) == value


@given(SIGNED, st.sets(st.integers(0, 63), max_size=NEAR_DUPLICATE_BITS))
def test_near_duplicates_share_a_band(value: int, flipped: set[int]) -> None:
    other = value
    for bit in flipped:
        other ^= 1 << bit
    assert hamming(value, other) == len(flipped)
    assert set(bands(value)) & set(bands(other))
