import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.regions import Region, RegionLevel, load_regions
from core.matching_text import matching_text
from nlp.annotations import Entity, EntityType, Field
from nlp.entities.recognition import EntityFinder
from nlp.gazetteer import Gazetteer
from nlp.lexicons import load_segmentation

_made: list[EntityFinder] = []


def finder() -> EntityFinder:
    if not _made:
        _made.append(EntityFinder(Gazetteer(load_regions()), load_segmentation()))
    return _made[0]


def entities(text: str, title: str = "") -> list[Entity]:
    found, _ = finder().find(matching_text(f"{title}\n{text}"), title, text)
    return list(found)


def regions(text: str) -> list[str]:
    _, found = finder().find(matching_text(f"\n{text}"), "", text)
    return [place.adcode for place in found]


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("河湾恒达物流有限公司拖欠工资。恒达物流的老板不接电话", "恒达物流"),
        ("河湾恒达物流有限公司欠薪，找恒达公司要钱没人理", "恒达公司"),
        ("云泽鑫源电子科技有限公司（以下简称“鑫源厂”）裁员，鑫源厂不给赔偿", "鑫源厂"),
    ],
)
def test_short_forms_meet_the_full_name(text: str, short: str) -> None:
    found = [one for one in entities(text) if one.type is EntityType.EMPLOYER]
    assert found[-1].text == short
    assert {one.canonical for one in found} == {found[0].text}


def test_forms_of_a_platform_meet_under_its_name() -> None:
    found = entities("美团外卖骑手和美团众包骑手都降价了")
    assert [(one.text, one.type, one.canonical) for one in found] == [
        ("美团外卖", EntityType.PLATFORM, "美团"),
        ("美团众包", EntityType.PLATFORM, "美团"),
    ]


def test_spans_count_in_the_field_as_it_was_written() -> None:
    found = entities("拖欠工資，廣東東莞的工友們都在等", title="【求助】永兴鞋業有限公司")
    assert [(one.field, one.text, one.canonical) for one in found] == [
        (Field.TITLE, "永兴鞋業有限公司", "永兴鞋業有限公司"),
        (Field.TEXT, "廣東", "440000"),
        (Field.TEXT, "東莞", "441900"),
    ]
    assert (found[0].start, found[0].end) == (4, 12)
    assert found[1].start == 5


@pytest.mark.parametrize(
    ("text", "adcodes"),
    [
        ("深圳市瑞鸿精密科技股份有限公司强制加班", ["440300"]),
        ("郑州市金水区人民法院立案了", ["410105"]),
        ("韶关社区组织体检", []),
        ("中山一工厂欠薪", ["442000"]),
        ("中山路一家店", []),
        ("内蒙古一煤矿", ["150000"]),
        ("西安交大的保洁", []),
        ("兰州拉面店招人", []),
    ],
)
def test_regions_follow_from_places_and_from_the_names_of_bodies(
    text: str, adcodes: list[str]
) -> None:
    assert regions(text) == adcodes


def test_a_place_inside_a_name_is_no_entity_of_its_own() -> None:
    found = entities("深圳市瑞鸿精密科技股份有限公司强制加班")
    assert [one.type for one in found] == [EntityType.EMPLOYER]


def test_an_open_name_stays_without_a_code() -> None:
    (place,) = entities("鼓楼区的骑手")
    assert (place.type, place.canonical) == (EntityType.PLACE, None)


def test_an_abroad_union_is_none_of_ours() -> None:
    found = entities("美国汽车工人联合会和好莱坞编剧工会宣布罢工")
    assert not [one for one in found if one.type is EntityType.UNION]


def test_places_of_a_drill_are_entities_too() -> None:
    drill = [
        Region("990000", "云泽省", RegionLevel.PROVINCE, None),
        Region("990100", "河湾市", RegionLevel.CITY, "990000"),
    ]
    found, places = EntityFinder(Gazetteer([*load_regions(), *drill]), load_segmentation()).find(
        "\n河湾市一工地", "", "河湾市一工地"
    )
    assert [(one.text, one.canonical) for one in found] == [("河湾市", "990100")]
    assert [place.adcode for place in places] == ["990100"]


PIECES = [
    "某集团",
    "恒达物流有限公司",
    "（河湾）",
    "总工会",
    "的",
    "，",
    "\n",
    "長沙市",
    "Ａ",
    "人社局",
    "美团骑手",
    "😀",
    "在",
    "拖欠",
]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=12), st.lists(st.sampled_from(PIECES), max_size=4)
)
def test_every_span_holds_its_text_and_none_overlap(body: list[str], head: list[str]) -> None:
    text, title = "".join(body), "".join(head)
    last = {Field.TITLE: 0, Field.TEXT: 0}
    for one in entities(text, title):
        source = title if one.field is Field.TITLE else text
        assert source[one.start : one.end] == one.text
        assert one.start >= last[one.field]
        last[one.field] = one.end
