import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.matching_text import RESERVED, matching_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("農民工討薪", "农民工讨薪"),
        ("ＡＢＣ１２３", "abc123"),
        ("Straße", "straße"),
        ("İstanbul", "İstanbul"),
        ("①㈱ﬁ", "1㈱ﬁ"),
        ("欠薪　３０％！", "欠薪 30%!"),
        ("👷🏽‍♀️", "👷🏽‍♀️"),
        ("\ud83d", "\ufffd"),
        (chr(RESERVED[0]), "\ufffd"),
        ("", ""),
    ],
)
def test_characters_are_folded_one_to_one(text: str, expected: str) -> None:
    assert matching_text(text) == expected


@given(st.text(st.characters(exclude_categories=())))
def test_length_is_kept_and_folding_again_changes_nothing(text: str) -> None:
    folded = matching_text(text)
    assert len(folded) == len(text)
    assert matching_text(folded) == folded
