"""What sources have in common that nobody fetches: their texts are brought or written to us."""

from crawlers.source import FetchedPage, Harvest, PageRequest, SourceProfile


class Unfetched:
    needs_url = False
    revisits_links = False

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]:
        del source
        return ()

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        del page, source
        return Harvest()

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        del page, source
        return Harvest()
