import pytest

from tests.quality.extraction import FLOORS, SETS, labels_digest, measure
from tests.quality.gate import data_folder, read_floors, shortfalls


def test_floors_of_extraction_belong_to_the_labels_in_the_repository() -> None:
    assert read_floors(FLOORS).labels == labels_digest(), (
        "the labels changed: measure anew with `python -m tests.quality.extraction --update`"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_real_pages_are_read_as_well_as_before(name: str) -> None:
    data = data_folder()
    if data is None:
        pytest.skip("ZHISHENG_DATA is not set: no real pages to read")
    assert shortfalls(read_floors(FLOORS).values[name], measure(data, name)) == []


def test_no_floor_lets_the_text_of_a_page_be_lost() -> None:
    floors = read_floors(FLOORS).values
    assert all(floors[name]["text_f1"] >= 0.955 for name in SETS)
    assert all(floors[name]["least_text_f1"] >= 0.5 for name in SETS)
