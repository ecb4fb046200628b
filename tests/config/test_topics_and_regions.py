import pytest

from config.regions import RegionLevel, ancestors, by_adcode, load_regions, parse_regions
from config.settings import SettingsError
from config.topics import load_topics, parse_topics


def test_there_are_nineteen_topics_with_labels() -> None:
    topics = load_topics()
    assert len({topic.code for topic in topics}) == 19
    assert all(topic.label and topic.covers for topic in topics)


def test_all_faults_of_a_topics_file_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        parse_topics(
            "topics:\n- {code: a, label: 甲, covers: 乙}\n- {code: a, label: 甲, covers: 乙}\n- {code: B}\n"
        )
    assert len(refused.value.faults) == 2


@pytest.mark.parametrize("text", ["", "topics: []", "topics: {", "[]"])
def test_file_without_topics_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_topics(text)


def test_divisions_form_a_tree_of_three_levels() -> None:
    regions = by_adcode(load_regions())
    assert sum(region.level is RegionLevel.PROVINCE for region in regions.values()) == 34
    assert ancestors("430104", regions) == ("430100", "430000")
    assert ancestors("110105", regions) == ("110000",)
    assert ancestors("000000", regions) == ()


@pytest.mark.parametrize(
    "rows",
    [
        "1,某市,city,",
        "990100,某市,city,990000",
        "990000,某省,province,\n990000,某省,province,",
        "990000,,province,",
    ],
)
def test_faulty_divisions_are_refused(rows: str) -> None:
    with pytest.raises(SettingsError):
        parse_regions(f"adcode,name,level,parent\n{rows}\n")
