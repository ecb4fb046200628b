import pytest

from config.regions import Region, RegionLevel, load_regions
from core.matching_text import matching_text
from nlp.gazetteer import Gazetteer


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer(load_regions())


@pytest.mark.parametrize(
    ("text", "adcodes"),
    [
        ("湖南省长沙市岳麓区某工地", ["430104"]),
        ("长沙一工地欠薪", ["430100"]),
        ("南京鼓楼区一饭店", ["320106"]),
        ("鼓楼区一饭店", []),
        ("北京朝阳区和上海浦东的程序员", ["110105", "310115"]),
        ("朝阳群众举报", []),
        ("吉林一工厂", ["220000"]),
        ("吉林市一工厂", ["220200"]),
        ("阿克苏的棉农", ["652900"]),
        ("恩施州人社局", ["422800"]),
        ("嘉宾和来宾先后发言", []),
        ("广西来宾一糖厂", ["451300"]),
        ("南京东路步行街", []),
        ("A市B区西地省某厂", []),
        ("昆山的电子厂", ["320583"]),
        ("重慶市渝北區", ["500112"]),
        ("今天没有地方可去", []),
    ],
)
def test_places_are_found(gazetteer: Gazetteer, text: str, adcodes: list[str]) -> None:
    assert [place.adcode for place in gazetteer.find(matching_text(text))] == adcodes


def test_places_of_a_drill_are_known_only_when_given(gazetteer: Gazetteer) -> None:
    drill = [
        Region("990000", "云泽省", RegionLevel.PROVINCE, None),
        Region("990100", "河湾市", RegionLevel.CITY, "990000"),
    ]
    assert gazetteer.find("河湾市一工地") == ()
    found = Gazetteer([*load_regions(), *drill]).find("河湾市一工地")
    assert [place.name for place in found] == ["河湾市"]
