"""The channel lint: what a platform would refuse or lose, said before anybody reviews the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from media_matrix.channel_rules import (
    ChannelRules,
    addresses,
    channel_rules,
    hashtags,
    image_addresses,
    is_under,
    weibo_length,
)
from media_matrix.content import ChannelText

_LOST_MARKUP = re.compile(
    r"<(?:script|style|video|iframe|form)\b|\s(?:class|id|on\w+)\s*=", re.IGNORECASE
)
_TAG = re.compile(r"<[^>]+>")


class FindingLevel(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend; an error keeps the draft from review."""

    channel: str
    field: str
    level: FindingLevel
    code: str
    text: str


def channel_findings(variant: ChannelText, *, digest: str | None = None) -> list[Finding]:
    """Check one channel's wording against that channel's rules."""
    rules = channel_rules(variant.channel)
    checks = (
        _title(variant, rules),
        _digest(variant, digest, rules),
        _body(variant, rules),
        _link(variant, rules),
        _markup(variant, rules),
    )
    return [finding for check in checks for finding in check]


def account_findings(variant: ChannelText, *, safe_domain: str) -> list[Finding]:
    """Check what depends on the account: Weibo wants an address under the domain bound to it."""
    if any(is_under(address, safe_domain) for address in addresses(variant.text)):
        return []
    text = f"正文里没有 {safe_domain} 下的网址，微博会拒绝。请加上本单位网站的链接。"
    return [_finding(variant, "link", "safe_domain_missing", text)]


def errors_of(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level is FindingLevel.ERROR]


def text_length(variant: ChannelText) -> int:
    """Count as the channel does: Weibo in its own way, the others characters of the source."""
    rules = channel_rules(variant.channel)
    if rules.link_length is not None:
        return weibo_length(variant.text, link_length=rules.link_length)
    return len(variant.text)


def plain_text(html: str) -> str:
    return _TAG.sub("", html)


def _finding(
    variant: ChannelText,
    field: str,
    code: str,
    text: str,
    *,
    level: FindingLevel = FindingLevel.ERROR,
) -> Finding:
    return Finding(channel=variant.channel, field=field, level=level, code=code, text=text)


def _title(variant: ChannelText, rules: ChannelRules) -> Iterator[Finding]:
    title = (variant.title or "").strip()
    if rules.title_required and not title:
        yield _finding(variant, "title", "title_missing", "标题不能为空。请填写标题。")
    if rules.title_maximum is not None and len(title) > rules.title_maximum:
        over = len(title) - rules.title_maximum
        yield _finding(
            variant,
            "title",
            "title_too_long",
            f"标题有 {len(title)} 个字，该渠道最多 {rules.title_maximum} 个字。请删去 {over} 个字。",
        )
    author = str(variant.options.get("author") or "")
    if rules.author_maximum is not None and len(author) > rules.author_maximum:
        yield _finding(
            variant,
            "author",
            "author_too_long",
            f"作者有 {len(author)} 个字，该渠道最多 {rules.author_maximum} 个字。请缩短。",
        )


def _digest(variant: ChannelText, digest: str | None, rules: ChannelRules) -> Iterator[Finding]:
    if rules.digest_maximum is not None and digest and len(digest) > rules.digest_maximum:
        yield _finding(
            variant,
            "digest",
            "digest_too_long",
            f"摘要有 {len(digest)} 个字，该渠道最多 {rules.digest_maximum} 个字。请缩短。",
        )


def _body(variant: ChannelText, rules: ChannelRules) -> Iterator[Finding]:
    if not plain_text(variant.text).strip():
        yield _finding(variant, "text", "text_empty", "正文是空的。请填写正文。")
        return
    length = text_length(variant)
    if rules.text_maximum is not None and length > rules.text_maximum:
        yield _finding(
            variant,
            "text",
            "text_too_long",
            f"正文有 {length} 个字，该渠道最多 {rules.text_maximum} 个字。"
            f"请删去 {length - rules.text_maximum} 个字。",
        )
    size = len(variant.text.encode())
    if rules.bytes_maximum is not None and size >= rules.bytes_maximum:
        yield _finding(
            variant,
            "text",
            "text_too_large",
            f"正文有 {size} 字节，该渠道要求小于 {rules.bytes_maximum} 字节。请精简。",
        )


def _link(variant: ChannelText, rules: ChannelRules) -> Iterator[Finding]:
    if rules.link_required and not addresses(variant.text):
        yield _finding(
            variant,
            "link",
            "link_missing",
            "正文里没有网址，平台会拒绝。请加上本单位网站（安全域名）的链接。",
        )
    if variant.link and urlsplit(variant.link).scheme not in {"http", "https"}:
        yield _finding(
            variant, "link", "link_scheme", "链接要以 http:// 或 https:// 开头。请改正。"
        )
    if not rules.hashtags_allowed and hashtags(variant.text):
        yield _finding(
            variant,
            "text",
            "hashtag_refused",
            "该渠道的接口不接受 #话题#。请去掉井号，或改用人工发布。",
        )


def _markup(variant: ChannelText, rules: ChannelRules) -> Iterator[Finding]:
    if rules.image_hosts is None:
        return
    foreign = [
        address
        for address in image_addresses(variant.text)
        if (urlsplit(address).hostname or "") not in rules.image_hosts
    ]
    if foreign:
        yield _finding(
            variant,
            "text",
            "foreign_image",
            f"正文有 {len(foreign)} 张图片不在该平台的图片库里，发布后会消失。请去掉，或先上传到平台。",
            level=FindingLevel.WARNING,
        )
    if _LOST_MARKUP.search(variant.text):
        yield _finding(
            variant,
            "text",
            "markup_lost",
            "正文里的脚本、样式表、视频或 class 属性会被平台去掉。请检查预览。",
            level=FindingLevel.WARNING,
        )
