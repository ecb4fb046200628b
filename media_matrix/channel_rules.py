"""The limits of each channel, as data; the lint and the sandbox read the same file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from core.errors import ConfigurationError

_FILE = Path(__file__).with_name("data") / "channel_rules.yaml"
_URL = re.compile(r"https?://[\x21-\x7e]+")
_HASHTAG = re.compile(r"#[^#\s]+#")
_IMAGE = re.compile(r"<img\b[^>]*?\bsrc\s*=\s*[\"']([^\"']+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """Limits of one channel; None means that the platform sets none."""

    title_maximum: int | None = None
    title_required: bool = True
    digest_maximum: int | None = None
    author_maximum: int | None = None
    text_maximum: int | None = None
    bytes_maximum: int | None = None
    link_required: bool = False
    link_length: int | None = None
    hashtags_allowed: bool = True
    image_bytes_maximum: int | None = None
    image_hosts: tuple[str, ...] | None = None


@cache
def all_channel_rules() -> dict[str, ChannelRules]:
    """Read the shipped file; raises ConfigurationError when it does not fit the record."""
    try:
        return TypeAdapter(dict[str, ChannelRules]).validate_python(
            yaml.safe_load(_FILE.read_text(encoding="utf-8"))
        )
    except ValidationError as error:
        raise ConfigurationError(f"渠道规则文件「{_FILE.name}」无法读取：{error}") from error


def channel_rules(channel: str) -> ChannelRules:
    return all_channel_rules().get(channel, ChannelRules())


def weibo_length(text: str, *, link_length: int) -> int:
    """Count as Weibo does: two half-width characters are one, an address counts as its short form."""
    addresses = len(_URL.findall(text))
    rest = _URL.sub("", text)
    half_widths = sum(1 if ord(character) < 0x80 else 2 for character in rest)  # noqa: PLR2004 - ASCII ends at 0x80
    return (half_widths + 1) // 2 + addresses * link_length


def addresses(text: str) -> list[str]:
    return _URL.findall(text)


def hashtags(text: str) -> list[str]:
    return _HASHTAG.findall(text)


def image_addresses(html: str) -> list[str]:
    return _IMAGE.findall(html)


def is_under(address: str, domain: str) -> bool:
    """Tell whether an address lies under a bound domain, given as ``host`` or ``host:port``."""
    host = re.sub(r"^https?://", "", address, flags=re.IGNORECASE).split("/", 1)[0].lower()
    wanted = re.sub(r"^https?://", "", domain, flags=re.IGNORECASE).split("/", 1)[0].lower()
    bare = host if ":" in wanted else host.split(":", 1)[0]
    return bool(wanted) and (bare == wanted or bare.endswith("." + wanted))
