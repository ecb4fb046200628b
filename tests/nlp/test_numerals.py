import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.numerals import number, numbers

DIGITS = "零一二三四五六七八九"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3.5万", 35_000),
        ("一万二", 12_000),
        ("3万6", 36_000),
        ("6万7千", 67_000),
        ("两百多万", 2_000_000),
        ("八百六十五万", 8_650_000),
        ("十五万六千三百", 156_300),
        ("120,000", 120_000),
        ("2.3亿", 230_000_000),
        ("一亿二千万", 120_000_000),
        ("贰拾万", 200_000),
        ("一千零五", 1_005),
        ("三百二", 320),
        ("上百", 100),
        ("几十", 10),
        ("三四百", 300),
        ("七八", 7),
        ("3w", 30_000),
        ("5k", 5_000),
        ("千千万万", None),
    ],
)
def test_numbers_are_read_as_they_are_written(text: str, value: float | None) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("第3名员工", []),
        ("百分之九十九", [100.0]),
        ("工程款800万一直拖着", [8_000_000.0]),
        ("两千一个月", [2_000.0]),
        ("欠薪1,260元", [1_260.0]),
        ("选1,2或3", [1.0, 2.0, 3.0]),
        ("上班", []),
    ],
)
def test_numbers_are_found_in_a_text(text: str, values: list[float]) -> None:
    assert [item.value for item in numbers(text)] == values


@given(st.integers(min_value=1, max_value=99_999_999))
def test_every_written_number_is_read_back(value: int) -> None:
    assert number(written(value)) == value
    assert number(str(value)) == value
    assert number(f"{value:,}") == value


@given(st.text(max_size=60))
def test_any_text_gives_numbers_inside_it(text: str) -> None:
    for item in numbers(text):
        assert text[item.start : item.end] == item.text
        assert item.value >= 0


def written(value: int) -> str:
    """Write a number below a hundred million in full Chinese form."""
    upper, lower = divmod(value, 10_000)
    if upper:
        gap = "零" if 0 < lower < 1_000 else ""
        return f"{_section(upper)}万{gap}{_section(lower) if lower else ''}"
    return _section(lower)


def _section(value: int) -> str:
    parts, pending = "", False
    for unit, name in ((1_000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, unit)
        if digit:
            parts += ("零" if pending and parts else "") + DIGITS[digit] + name
            pending = False
        elif parts:
            pending = True
    return parts


@pytest.mark.parametrize("text", ["1" * 5000, "一" * 5000, "9" * 14, "一" + "万亿" * 9, "百" * 41])
def test_what_nobody_can_count_is_no_number(text: str) -> None:
    assert number(text) is None
