"""Lists of sources in YAML: the shipped ones of this folder, and what people import and export."""

from config.sources.entries import EntryFault, EntryList, SourceEntry, read_entries
from config.sources.starter import FILES, Endpoints, load_sources

__all__ = [
    "FILES",
    "Endpoints",
    "EntryFault",
    "EntryList",
    "SourceEntry",
    "load_sources",
    "read_entries",
]
