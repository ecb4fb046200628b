"""Wording for each channel, made from the master text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape

import markdown
import nh3

from media_matrix.channel_rules import addresses, channel_rules, weibo_length
from media_matrix.content import ChannelText, DraftEdit

_TAGS = {
    "a", "b", "blockquote", "br", "code", "em", "figcaption", "figure", "h2", "h3", "h4", "hr", "i", "img",
    "li", "ol", "p", "pre", "section", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {"*": {"style"}, "a": {"href"}, "img": {"src", "alt"}, "td": {"colspan", "rowspan"}}
_STYLES = {
    "p": "margin:0 0 1em;line-height:1.75;font-size:16px;",
    "h2": "margin:1.4em 0 .6em;font-size:20px;line-height:1.4;",
    "h3": "margin:1.2em 0 .5em;font-size:18px;line-height:1.4;",
    "blockquote": "margin:0 0 1em;padding:.5em 1em;border-left:3px solid #c8352b;color:#555;",
    "ul": "margin:0 0 1em;padding-left:1.4em;",
    "ol": "margin:0 0 1em;padding-left:1.4em;",
    "li": "margin:.3em 0;line-height:1.7;",
    "img": "max-width:100%;height:auto;",
    "td": "border:1px solid #ccc;padding:.4em .6em;",
    "th": "border:1px solid #ccc;padding:.4em .6em;",
}
_STYLE_NAMES = {
    "margin", "padding", "padding-left", "border", "border-left", "color", "font-size", "font-weight",
    "line-height", "max-width", "height", "text-align",
}  # fmt: skip
_OPENING = re.compile(r"<(p|h2|h3|blockquote|ul|ol|li|img|td|th)(?=[\s>/])(?![^>]*\sstyle=)")
_SPACES = re.compile(r"\s+")
_BREAKS = re.compile(r"</(?:p|h2|h3|li|tr|blockquote)>|<br\s*/?>")
DIGEST_LENGTH = 54
HTML_CHANNELS = frozenset({"wechat", "wordpress", "feed", "manual"})


def rendered_html(body: str) -> str:
    """Turn Markdown into clean HTML: an allow-list of tags, links of http(s) only, no scripts."""
    return clean_html(markdown.markdown(body, extensions=["tables", "sane_lists"]))


def clean_html(html: str) -> str:
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https"},
        filter_style_properties=_STYLE_NAMES,
        link_rel=None,
    )


def inline_styled(html: str) -> str:
    """Write the house style into each element: the platform keeps ``style`` and drops classes."""
    return _OPENING.sub(lambda found: f'<{found[1]} style="{_STYLES[found[1]]}"', html)


def digest_of(edit: DraftEdit) -> str:
    """Take the digest the editor gave, else the first 54 characters of the text."""
    given = (edit.digest or "").strip()
    return given or flat_text(edit.body)[:DIGEST_LENGTH]


def flat_text(body: str) -> str:
    return _SPACES.sub(" ", nh3.clean(rendered_html(body), tags=set())).strip()


def made_variant(
    edit: DraftEdit, channel: str, *, link: str | None = None, ending: str | None = None
) -> ChannelText:
    """Word one channel from the master text; ``ending`` is what the account always adds to Weibo."""
    if channel == "weibo":
        return _weibo(edit, link or ending)
    html = rendered_html(edit.body)
    if channel == "wechat":
        html = inline_styled(html)
    return ChannelText(channel=channel, title=edit.title.strip(), text=html, link=link)


def _weibo(edit: DraftEdit, link: str | None) -> ChannelText:
    rules = channel_rules("weibo")
    room = rules.text_maximum or 140
    address = link or next(iter(addresses(edit.body)), "")
    tail = f" {address}" if address else ""
    lead = f"【{edit.title.strip()}】{(edit.digest or '').strip() or flat_text(edit.body)}"
    lead = lead.replace("#", "＃")
    for address_in_lead in addresses(lead):
        lead = lead.replace(address_in_lead, "")
    kept = lead
    while kept and weibo_length(kept + "…" + tail, link_length=rules.link_length or 0) > room:
        kept = kept[:-1]
    text = (lead if kept == lead else kept + "…") + tail
    return ChannelText(channel="weibo", text=text, link=address or None)


def complete_variants(
    edit: DraftEdit, channels: Iterable[str], *, links: dict[str, str] | None = None
) -> tuple[ChannelText, ...]:
    """Give every channel its wording: by hand where the edit has it, else made from the text.

    ``links`` names, by channel, the address that a made text closes with. Handwritten HTML is cleaned.
    """
    by_hand = {variant.channel: variant for variant in edit.variants}
    links = links or {}
    complete = []
    for channel in sorted(set(channels) | set(by_hand)):
        variant = by_hand.get(channel)
        if variant is None:
            complete.append(made_variant(edit, channel, link=links.get(channel)))
            continue
        text = clean_html(variant.text) if channel in HTML_CHANNELS else variant.text.strip()
        complete.append(
            ChannelText(
                channel=channel,
                text=text,
                title=variant.title or (edit.title if channel in HTML_CHANNELS else None),
                link=variant.link,
                options=variant.options,
            )
        )
    return tuple(complete)


def flat_html(html: str) -> str:
    """Lay clean HTML out as plain paragraphs, for pasting where HTML is not taken."""
    text = nh3.clean(_BREAKS.sub("\n\n", html), tags=set())
    return re.sub(r"\n{3,}", "\n\n", unescape(text)).strip()
