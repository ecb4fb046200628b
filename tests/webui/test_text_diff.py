"""Comparing two versions of a text."""

from hypothesis import given
from hypothesis import strategies as st

from webui.text_diff import ADDED, REMOVED, compare, compare_contents

LINES = st.lists(st.text("甲乙丙12 ", max_size=8), max_size=8).map("\n".join)


@given(LINES)
def test_same_text_has_no_difference(text: str) -> None:
    assert compare(text, text) == ()


@given(LINES, LINES)
def test_pieces_are_taken_from_the_side_they_name(before: str, after: str) -> None:
    for line in compare(before, after):
        for piece in line.pieces:
            if piece.kind != ADDED:
                assert piece.text in before
            if piece.kind != REMOVED:
                assert piece.text in after


@given(st.text("甲乙丙12", max_size=12), st.text("甲乙丙12", max_size=12))
def test_one_line_can_be_put_together_again_from_its_pieces(before: str, after: str) -> None:
    pieces = [piece for line in compare(before, after) for piece in line.pieces]
    if before != after:
        assert "".join(p.text for p in pieces if p.kind != ADDED) == before
        assert "".join(p.text for p in pieces if p.kind != REMOVED) == after


def test_only_changed_parts_are_named_and_made_texts_are_not() -> None:
    def content(title: str, feed: str, *, by_hand: bool) -> dict[str, object]:
        variant = {"title": None, "text": feed, "options": {"by_hand": by_hand}}
        return {"title": title, "body": "不变", "variants": {"feed": variant}}

    labels = {"feed": "移动端"}
    made = compare_contents(
        content("旧", "一", by_hand=False), content("新", "二", by_hand=False), labels
    )
    assert [field.label for field in made] == ["标题"]
    typed = compare_contents(
        content("旧", "一", by_hand=True), content("旧", "二", by_hand=True), labels
    )
    assert [field.label for field in typed] == ["移动端版本"]
