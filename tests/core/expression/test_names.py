import pytest

from config.regions import Region, RegionLevel
from core.expression import ExpressionError, Field, parse
from core.expression.names import expression_names, place_names

PLACES = (
    Region("320000", "江苏省", RegionLevel.PROVINCE, None),
    Region("320100", "南京市", RegionLevel.CITY, "320000"),
    Region("320106", "鼓楼区", RegionLevel.COUNTY, "320100"),
    Region("350102", "鼓楼区", RegionLevel.COUNTY, "350100"),
    Region("130133", "赵县", RegionLevel.COUNTY, "130100"),
)


def test_a_short_name_works_where_only_one_place_has_it() -> None:
    names = place_names(PLACES)
    assert names["南京"] == names["南京市"] == "320100"
    assert names["江苏"] == "320000"
    assert "鼓楼" not in names
    assert "赵" not in names


@pytest.mark.parametrize(
    "text",
    ["地区:南京", "地区:南京市", "主题:欠薪与工资支付", "主题:wage_arrears", "信源级别:中央级"],
)
def test_people_write_names_or_codes(text: str) -> None:
    assert parse(text, names=expression_names(PLACES)) is not None


def test_an_unknown_place_is_refused() -> None:
    with pytest.raises(ExpressionError):
        parse("地区:不存在市", names=expression_names(PLACES))


def test_every_topic_has_its_label_and_its_code() -> None:
    topics = expression_names(PLACES)[Field.TOPIC]
    assert len(set(topics.values())) == 19
    assert topics["农民工"] == "migrant_workers"
