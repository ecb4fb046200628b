"""What is masked, and above all what is not. No number here belongs to anybody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.masking import MASK, MaskKind, mask

MOBILE, LANDLINE = MaskKind.MOBILE, MaskKind.LANDLINE
IDENTITY, BANK, PLATE = MaskKind.IDENTITY_CARD, MaskKind.BANK_CARD, MaskKind.LICENCE_PLATE


@pytest.mark.parametrize(
    ("text", "number", "kind"),
    [
        ("联系我13800138000谢谢", "13800138000", MOBILE),
        ("tel:13800138000", "13800138000", MOBILE),
        ("电话：138-0013-8000。", "138-0013-8000", MOBILE),
        ("电话 138 0013 8000", "138 0013 8000", MOBILE),
        ("138.0013.8000", "138.0013.8000", MOBILE),
        ("手机138 00138000打不通", "138 00138000", MOBILE),
        ("+86 13800138000", "+86 13800138000", MOBILE),
        ("008613800138000", "008613800138000", MOBILE),
        ("8613800138000", "8613800138000", MOBILE),
        ("１３８００１３８０００", "１３８００１３８０００", MOBILE),
        ("１３８—００１３—８０００", "１３８—００１３—８０００", MOBILE),
        ("①③⑧⓪⓪①③⑧⓪⓪⓪", "①③⑧⓪⓪①③⑧⓪⓪⓪", MOBILE),
        ("虚拟号17012345678", "17012345678", MOBILE),
        ("微信同号19912345678，急", "19912345678", MOBILE),
        ("找老板13800138000人不在", "13800138000", MOBILE),
        ("https://a.example/x?phone=13800138000", "13800138000", MOBILE),
        ("区号010-66668888", "010-66668888", LANDLINE),
        ("（0571）8777 6666", "（0571）8777 6666", LANDLINE),
        ("0571-87776666-801", "0571-87776666-801", LANDLINE),
        ("0571-87776666转801", "0571-87776666转801", LANDLINE),
        ("02166668888", "02166668888", LANDLINE),
        ("0856-5234567", "0856-5234567", LANDLINE),
        ("+86-755-26668888", "+86-755-26668888", LANDLINE),
        ("+86 0755-26668888", "+86 0755-26668888", LANDLINE),
        ("办公电话：87776666", "87776666", LANDLINE),
        ("座机 8777666", "8777666", LANDLINE),
        ("身份证110101199003070054", "110101199003070054", IDENTITY),
        ("我的号码110101199003070054", "110101199003070054", IDENTITY),
        ("11010119900307002X", "11010119900307002X", IDENTITY),
        ("11010119900307002x。", "11010119900307002x", IDENTITY),
        ("110101 19900307 0054", "110101 19900307 0054", IDENTITY),
        ("１１０１０１１９９００３０７００５４", "１１０１０１１９９００３０７００５４", IDENTITY),
        ("编号110101199003070054", "110101199003070054", IDENTITY),
        ("身份证号：110101199003070055", "110101199003070055", IDENTITY),
        ("身份证号码是110101900307005", "110101900307005", IDENTITY),
        ("工资卡6222020200112233446", "6222020200112233446", BANK),
        ("卡号 6217 0000 0000 0000 004", "6217 0000 0000 0000 004", BANK),
        ("尾号6217-0000-0000-0000-004", "6217-0000-0000-0000-004", BANK),
        ("工行9558800000000000000", "9558800000000000000", BANK),
        ("卡号 4111 1111 1111 1111", "4111 1111 1111 1111", BANK),
        ("卡号4111111111111111", "4111111111111111", BANK),
        ("车牌京A12345撞人", "京A12345", PLATE),
        ("浙A·12345", "浙A·12345", PLATE),
        ("粤BD12345新能源", "粤BD12345", PLATE),
        ("沪a12345", "沪a12345", PLATE),
        ("粤Z1234港", "粤Z1234港", PLATE),
        ("皖A1234挂", "皖A1234挂", PLATE),
        ("苏Ｅ１２３Ｘ５", "苏Ｅ１２３Ｘ５", PLATE),
    ],
)
def test_personal_number_is_masked(text: str, number: str, kind: MaskKind) -> None:
    masked = mask(text)
    assert masked.text == text.replace(number, MASK * len(number))
    assert masked.counts == {kind: 1}


@pytest.mark.parametrize(
    "text",
    [
        "订单号13800138000",
        "No.13800138000",
        "订单编号：13912345678已发货",
        "运单号 15812345678",
        "受理号：17712345678",
        "流水号6222020200112233446",
        "交易号：4111111111111111",
        "订单2024112100012344",
        "2024112100012345675",
        "案号（2024）浙0102民初12345号",
        "浙人社发〔2024〕38号",
        "国办发2023年第12345号",
        "拖欠工资13800138000元",
        "总额1380013800.50元",
        "13800138000.50",
        "约13800138000万元",
        "圆周率3.14159265358979",
        "0.13800138000",
        "涨幅13.80013800%",
        "138 2023 2024",
        "2024-11-21 09:30:00",
        "20241121",
        "2023-2024年度",
        "1990年3月7日",
        "时间戳1732152600",
        "时间戳1732152600000",
        "邮编310000",
        "工号10086123",
        "12351",
        "拨打12333、12345、12351",
        "400-820-8820",
        "400 123 4567",
        "95588",
        "QQ群123456789",
        "110101199003070055",
        "110101199013070054",
        "990101199003070054",
        "110101202502300015",
        "6222020200112233445",
        "4111111111111112",
        "1234567890123456",
        "13800138000138001380001",
        "138001380001",
        "1380013800",
        "12800138000",
        "人口14115万",
        "GB/T 22239-2019",
        "ISBN 978-7-111-12345-6",
        "https://www.example.com/detail/4111111111111111",
        "https://www.example.com/a/13812345678.html",
        "https://a.example/show?id=13812345678",
        "192.168.100.100",
        "川A股大涨",
        "新K线图2024",
        "湘A4纸5张",
        "津D2023年",
        "渝B12345元",
        "云ABCDEF平台",
        "苏O12345",
        "京A123456789",
        "比分11-9，3-1",
        "第0571期",
        "0-1234567",
        "坐标30.2741,120.1551",
        "热线电话12351",
        "版本10.0.19045.3693",
        "车次G1234、D2345、K1234",
    ],
)
def test_other_numbers_stay_readable(text: str) -> None:
    assert mask(text).text == text
    assert mask(text).counts == {}


def test_every_number_of_a_list_is_masked_and_counted() -> None:
    masked = mask("13800138000、13912345678/15012345678.17712345678，卡6222020200112233446")
    assert masked.text == f"{MASK * 11}、{MASK * 11}/{MASK * 11}.{MASK * 11}，卡{MASK * 19}"
    assert masked.counts == {MOBILE: 4, BANK: 1}


def test_masking_is_quick_on_long_runs_of_digits() -> None:
    text = "1380013800 " * 20_000 + "6" * 200_000
    assert mask(text).text == text


PIECES = st.sampled_from(
    [
        *("13800138000", "0571", "-", "87776666", "京A", "12345", "D", "6222020200112233446"),
        *(
            "110101199003070054",
            "4111",
            " ",
            "1111",
            "身份证",
            "电话：",
            "订单号",
            "+86",
            ".",
            "元",
        ),
        *("转801", "https://a.example/", "８", "①", "＊", "X", "(", "）", "10", "人"),
    ]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join))
def test_length_is_kept_and_a_second_pass_changes_nothing(text: str) -> None:
    masked = mask(text)
    assert len(masked.text) == len(text)
    assert all(new in (old, MASK) for old, new in zip(text, masked.text, strict=True))
    again = mask(masked.text)
    assert again.text == masked.text
    assert again.counts == {}


@given(st.text(alphabet=st.characters(exclude_categories=("Nd", "No", "Cs")), max_size=200))
def test_text_without_digits_is_never_touched(text: str) -> None:
    masked = mask(text)
    assert masked.text == text
