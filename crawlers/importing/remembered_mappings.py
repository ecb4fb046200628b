"""The mapping of columns that was used for a source: the next file with the same columns is read by it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.audit import AuditEvent, record
from core.database.models.collecting import Source
from core.errors import InvalidOptionsError
from crawlers.importing.column_mapping import ColumnMapping, read_mapping
from crawlers.sources import ensure_import_source

KIND = "file_import"
OPTION = "mapping"


def remember_mapping(
    session: Session, source_name: str, mapping: ColumnMapping, *, now: dt.datetime, actor: str
) -> None:
    """Keep the mapping with the source of this name, made when there is none."""
    source = ensure_import_source(session, source_name, now=now)
    if source.kind != KIND or source.options.get(OPTION) == mapping.lines():
        return
    options = {**source.options, OPTION: mapping.lines()}
    session.execute(update(Source).where(Source.id == source.id).values(options=options))
    record(session, AuditEvent(actor, "source.edited", "source", str(source.id)), now)


def remembered_mapping(
    session: Session, columns: Collection[str]
) -> tuple[str, ColumnMapping] | None:
    """Find the source whose remembered columns are all in the file, the one with the most of them."""
    best: tuple[str, ColumnMapping] | None = None
    for source in session.scalars(select(Source).where(Source.kind == KIND).order_by(Source.id)):
        lines = source.options.get(OPTION)
        if not isinstance(lines, list) or not lines:
            continue
        try:
            mapping = read_mapping(str(line) for line in lines)
        except InvalidOptionsError:
            continue
        fits = set(mapping.fields.values()) <= set(columns)
        if fits and (best is None or len(mapping.fields) >= len(best[1].fields)):
            best = (source.name, mapping)
    return best
