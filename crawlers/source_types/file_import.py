"""Files that a person brings in; they are read by crawlers.file_import, never fetched."""

from core.options import FieldSpec, Options
from crawlers.source import FetchedPage, Harvest, PageRequest, SourceProfile


class FileImport:
    name = "file_import"
    label = "文件导入（CSV、XLSX、JSONL）"
    needs_url = False
    revisits_links = False
    options: tuple[FieldSpec, ...] = ()

    def faults(self, options: Options) -> dict[str, str]:
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
