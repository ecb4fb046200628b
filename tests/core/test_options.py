import pytest

from core.errors import InvalidOptionsError
from core.options import FieldKind, FieldSpec, parse_options, secret_names

SPECS = (
    FieldSpec("name", "名称", required=True, maximum=5),
    FieldSpec("port", "端口", FieldKind.NUMBER, default=25, minimum=1, maximum=65535),
    FieldSpec("ratio", "比例", FieldKind.DECIMAL),
    FieldSpec("tls", "加密", FieldKind.BOOLEAN, default=True),
    FieldSpec("mode", "方式", FieldKind.CHOICE, choices=(("a", "甲"), ("b", "乙"))),
    FieldSpec("token", "令牌", FieldKind.SECRET),
    FieldSpec("url", "网址", FieldKind.URL),
    FieldSpec("mail", "邮箱", FieldKind.EMAIL),
    FieldSpec("at", "时间", FieldKind.DATETIME),
    FieldSpec("words", "词", FieldKind.LIST),
)


def test_values_are_typed_and_defaults_filled() -> None:
    parsed = parse_options(
        SPECS,
        {
            "name": " 甲 ",
            "port": "465",
            "ratio": "0.5",
            "tls": "false",
            "mode": "b",
            "at": "2026-11-21 09:30",
            "words": "欠薪，讨薪\n停工",
        },
    )
    assert parsed["name"] == "甲"
    assert parsed["port"] == 465
    assert parsed["ratio"] == 0.5
    assert parsed["tls"] is False
    assert parsed["at"] == "2026-11-21T01:30:00+00:00"
    assert parsed["words"] == ["欠薪", "讨薪", "停工"]
    assert parsed["token"] is None
    assert parse_options(SPECS, {"name": "乙"})["port"] == 25


@pytest.mark.parametrize(
    ("raw", "field", "says"),
    [
        ({}, "name", "请填写「名称」"),
        ({"name": "一二三四五六"}, "name", "最多 5 个字，现在有 6 个"),
        ({"name": "甲", "port": "abc"}, "port", "要填数字"),
        ({"name": "甲", "port": "1.5"}, "port", "要填整数"),
        ({"name": "甲", "port": "0"}, "port", "不能小于 1"),
        ({"name": "甲", "port": "70000"}, "port", "不能大于 65535"),
        ({"name": "甲", "mode": "c"}, "mode", "只能选：甲、乙"),
        ({"name": "甲", "url": "file:///etc/passwd"}, "url", "http:// 或 https://"),
        ({"name": "甲", "url": "http://[broken"}, "url", "http:// 或 https://"),
        ({"name": "甲", "mail": "nobody"}, "mail", "要填电子邮箱"),
        ({"name": "甲", "at": "明天"}, "at", "要填时间"),
        ({"name": "甲", "color": "red"}, "color", "没有名为「color」的选项"),
    ],
)
def test_a_wrong_value_is_explained_at_its_field(
    raw: dict[str, object], field: str, says: str
) -> None:
    with pytest.raises(InvalidOptionsError) as caught:
        parse_options(SPECS, raw)
    assert says in caught.value.faults[field]
    assert len(caught.value.faults) == 1


def test_secrets_are_known_by_kind() -> None:
    assert secret_names(SPECS) == {"token"}
