"""The fields of a source's form: how they are read, and how they are drawn."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from flask import request

from core.database.models.collecting import Source
from core.expression.names import LEVEL_LABELS
from core.masking import mask
from core.options import FieldKind, secret_names
from crawlers.intake import CollectedDocument
from crawlers.proposal.site_visit import RobotsFinding
from crawlers.source import SourceProfile
from crawlers.source_types import SOURCE_TYPES
from crawlers.sources import SourceDraft

PREFIX = "option."
EXCERPT = 120
_ROBOTS_WORDS = {
    "allowed": "允许采集",
    "forbidden": "禁止采集",
    "unavailable": "暂时读不到，先不采集",
}


def drafted(kind: str, sealed_options: bytes | None = None) -> SourceDraft:
    """Read the form that was sent; a secret left empty stays as it is in ``sealed_options``."""
    form = request.form
    return SourceDraft(
        name=form.get("name", ""),
        kind=kind,
        url=form.get("url", "").strip() or None,
        platform=form.get("platform", ""),
        level=form.get("level", ""),
        options=_raw_options(kind),
        legal_basis=form.get("legal_basis", ""),
        interval_s=form.get("interval_s", 0, type=int),
        interval_floor_s=form.get("interval_floor_s", type=int),
        interval_ceiling_s=form.get("interval_ceiling_s", type=int),
        adcode=form.get("adcode", "").strip() or None,
        needs_browser=form.get("needs_browser") == "1",
        sealed_options=sealed_options,
    )


def _raw_options(kind: str) -> dict[str, object]:
    return {
        # An unticked box sends nothing; that means no, and not the default.
        spec.name: request.form.get(
            PREFIX + spec.name, "0" if spec.kind is FieldKind.BOOLEAN else ""
        )
        for spec in SOURCE_TYPES.load(kind).options
    }


def stored_secrets(kind: str, source: Source | None) -> dict[str, object]:
    """Say of each secret field whether one is stored; what was typed never travels back to a page."""
    is_stored = (source is not None and source.sealed_options is not None) or None
    return {PREFIX + name: is_stored for name in secret_names(SOURCE_TYPES.load(kind).options)}


def values_of(draft: SourceDraft) -> dict[str, object]:
    """Give what the form shows for a draft; secrets are never shown again."""
    values: dict[str, object] = {
        name: getattr(draft, name)
        for name in (
            "name", "url", "platform", "level", "legal_basis", "interval_s", "interval_floor_s",
            "interval_ceiling_s", "adcode", "needs_browser",
        )
    }  # fmt: skip
    return values | {PREFIX + name: value for name, value in draft.options.items()}


def drawing(kind: str) -> dict[str, object]:
    """Give what the template of the fields needs to know of a type."""
    source_type = SOURCE_TYPES.load(kind)
    return {
        "kind": kind,
        "kind_label": source_type.label,
        "needs_url": source_type.needs_url,
        "specs": source_type.options,
        "levels": list(LEVEL_LABELS.items()),
        "prefix": PREFIX,
    }


def kinds(*, by_address: bool = False) -> list[tuple[str, str]]:
    """Give the types with their labels; ``by_address`` those that fetch something from an address."""
    loaded = {kind: SOURCE_TYPES.load(kind) for kind in SOURCE_TYPES}
    return [
        (kind, source_type.label)
        for kind, source_type in loaded.items()
        if not by_address
        or source_type().requests(SourceProfile(0, "", kind, "https://example.com/"))
    ]


def shown_samples(
    items: Iterable[CollectedDocument],
) -> list[tuple[dt.datetime | None, str, str, str]]:
    """Give (time, title, excerpt, address) of samples, masked as they would be stored."""
    return [
        (item.published_at, mask(item.title).text, mask(item.text[:EXCERPT]).text, item.url)
        for item in items
    ]


def robots_words(finding: RobotsFinding | None) -> str:
    """Say the verdict with the line that decides and the pause that is asked for."""
    if finding is None:
        return "没有检查"
    if finding.is_missing:
        return "网站没有 robots.txt，可以采集"
    words = _ROBOTS_WORDS[finding.verdict.value]
    if finding.rule is not None:
        words += f"（第 {finding.rule.line} 行：{finding.rule.text}）"
    elif finding.verdict.value == "allowed":
        words += "（没有针对这个地址的规定）"
    if finding.crawl_delay_s:
        words += f"，要求两次访问相隔 {finding.crawl_delay_s:g} 秒"
    return words
