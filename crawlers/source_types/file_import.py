"""Files that a person brings in; they are read by crawlers.importing.file_import, never fetched."""

from core.errors import InvalidOptionsError
from core.options import FieldKind, FieldSpec, Options
from crawlers.importing.column_mapping import read_mapping
from crawlers.source_types.unfetched import Unfetched


class FileImport(Unfetched):
    name = "file_import"
    label = "文件导入（CSV、XLSX、JSONL）"
    options: tuple[FieldSpec, ...] = (
        FieldSpec(
            "mapping",
            "列的对应",
            FieldKind.LIST,
            help="每行一条：列名=字段，如 帖子标题=标题。导入同样的列时自动用；不填时每次按列名和内容猜。",
        ),
    )

    def faults(self, options: Options) -> dict[str, str]:
        lines = options.get("mapping")
        try:
            read_mapping(lines if isinstance(lines, list) else ())
        except InvalidOptionsError as error:
            return error.faults
        return {}
