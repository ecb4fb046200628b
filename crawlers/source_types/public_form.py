"""Our own public form: what people write to the union themselves; taken in by crawlers.public_forms."""

from collections.abc import Mapping

from core.options import FieldKind, FieldSpec, Options
from crawlers.source_types.unfetched import Unfetched

DEFAULT_CONSENT = (
    "我知道：填写的内容由本级工会用来了解和帮助解决职工的困难，交给负责的工会干部办理，不公开，保存不超过 180 天；"
    "不必写姓名；留下联系方式是自愿的，只有办理的人看得到，每次查看都有记录。"
)


class PublicForm(Unfetched):
    name = "public_form"
    label = "本会来信表单（公开网页）"
    options: tuple[FieldSpec, ...] = (
        FieldSpec("heading", "表单标题", default="说说您的困难", required=True, maximum=40),
        FieldSpec(
            "introduction", "开头的说明", FieldKind.MULTILINE, maximum=500,
            default="工作中遇到欠薪、加班、工伤、社保等困难，可以在这里告诉工会。紧急情况请拨打 12351 或 110。",
        ),
        FieldSpec(
            "consent", "知情同意的文字", FieldKind.MULTILINE, default=DEFAULT_CONSENT, required=True,
            maximum=1000, help="写信的人勾选同意后才能提交。",
        ),
        FieldSpec("asks_contact", "可以留联系方式", FieldKind.BOOLEAN, default=True),
        FieldSpec(
            "per_visitor", "同一网络地址每小时最多几次", FieldKind.NUMBER, default=5, minimum=1,
            maximum=100, help="一个单位常共用一个地址，不宜太小。",
        ),
        FieldSpec(
            "per_hour", "整个表单每小时最多几次", FieldKind.NUMBER, default=200, minimum=1,
            maximum=10_000,
        ),
    )  # fmt: skip

    def faults(self, options: Options) -> Mapping[str, str]:
        del options
        return {}
