"""Comments below the union's own posts; they come through the publishing channels, never by crawling."""

from collections.abc import Mapping

from core.options import FieldKind, FieldSpec, Options
from crawlers.source import FetchedPage, Harvest, PageRequest, SourceProfile

ACCOUNT = "account_id"


class OwnComments:
    name = "own_comments"
    label = "本会账号的评论（经发布渠道）"
    needs_url = False
    revisits_links = False
    options: tuple[FieldSpec, ...] = (
        FieldSpec(
            ACCOUNT, "账号编号", FieldKind.NUMBER, minimum=1,
            help="由系统填写，每个账号一个；请不要改。",
        ),
    )  # fmt: skip

    def faults(self, options: Options) -> Mapping[str, str]:
        del options
        return {}

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]:
        del source
        return ()

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        del page, source
        return Harvest()

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        del page, source
        return Harvest()
