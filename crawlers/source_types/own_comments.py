"""Comments below the union's own posts; they come through the publishing channels, never by crawling."""

from collections.abc import Mapping

from core.options import FieldKind, FieldSpec, Options
from crawlers.source_types.unfetched import Unfetched

ACCOUNT = "account_id"


class OwnComments(Unfetched):
    name = "own_comments"
    label = "本会账号的评论（经发布渠道）"
    options: tuple[FieldSpec, ...] = (
        FieldSpec(
            ACCOUNT, "账号编号", FieldKind.NUMBER, minimum=1,
            help="由系统填写，每个账号一个；请不要改。",
        ),
    )  # fmt: skip

    def faults(self, options: Options) -> Mapping[str, str]:
        del options
        return {}
