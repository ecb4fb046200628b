"""Pages as sites build them around one text, in the many places where a text can stand."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from urllib.parse import quote

TITLE = "青岚区总工会走访工地核对工资"
PARAGRAPHS = (
    "河湾市青岚区总工会昨日走访三个在建工地，了解农民工工资支付情况，逐个班组核对考勤和工资表。",
    "走访中，工会干部现场解答了社会保险、工伤认定和高温津贴方面的疑问，并留下了求助热线。",
    "“工资卡在自己手里，心里才踏实。”在项目部门口，来自河湾的钢筋工老林这样说。",
    "据了解，年底前全区还将对六十个项目再检查一遍，拖欠工资的单位会被列入名单，向社会公布。",
)
TEXT = "\n".join(PARAGRAPHS)
STORIES = [
    {
        "title": f"第{number}条别的新闻：多部门联合行动",
        "summary": "气象台发布预警，提醒市民注意防暑降温，减少户外活动，做好防护。" * 3,
        "url": f"/other/{number}.html",
    }
    for number in range(8)
]


def page(body: str, *, head: str = "", title: str = TITLE) -> str:
    links = "".join(f'<a href="/c{number}">频道{number}</a>' for number in range(12))
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{title}_河湾新闻网</title>{head}</head><body>'
        f'<div class="top">{links}</div><h1>{title}</h1>{body}'
        '<div class="bottom">版权所有 河湾新闻网 联系我们</div></body></html>'
    )


def markup(paragraphs: Sequence[str] = PARAGRAPHS) -> str:
    return "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in paragraphs)


def script(code: str, attributes: str = "") -> str:
    return f"<div id=app></div><script {attributes}>{code}</script>"


def _json(value: object, *, ascii_only: bool = False) -> str:
    return json.dumps(value, ensure_ascii=ascii_only).replace("</", "<\\/")


def _escaped(text: str) -> str:
    return "".join(
        character if character.isascii() and character.isalnum() else f"\\u{ord(character):04x}"
        for character in text
    )


SHOWN = {
    "paragraphs": f"<div>{markup()}</div>",
    "line breaks": "<div>" + "<br><br>　　".join(PARAGRAPHS) + "</div>",
    "table cell": "<table><tr><td><a href=/a>某频道</a></td><td>" + "<br>".join(PARAGRAPHS) + "</td></tr></table>",
    "preformatted": f"<pre>{TEXT}</pre>",
    "unclosed": "<div><p>" + "<p>".join(PARAGRAPHS),
    "within a form": f"<form id=aspnetForm><div>{markup()}</div></form>",
    "deep": "<div>" * 700 + markup() + "</div>" * 700,
    "deeper than the parser goes": "<div>" * 4000 + markup() + "</div>" * 4000,
    "between advertising": "<div class=content>" + '<div class="ad-box"><a href=/x>限时特价，点击领取优惠</a></div>'.join(
        f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS
    ) + "</div>",
    "on tabs": "<div class=text>" + "".join(
        f'<div class=tab style="{"display:none" if number else ""}"><p>{paragraph}</p></div>'
        for number, paragraph in enumerate(PARAGRAPHS)
    ) + "</div>",
    "above other stories": f"<div>{markup()}</div><ul>" + "".join(
        f'<li><h3><a href="{story["url"]}">{story["title"]}</a></h3><p>{story["summary"]}</p></li>'
        for story in STORIES
    ) + "</ul>",
    "above related stories": f"<div>{markup()}</div><div><h4>相关阅读</h4>" + "".join(
        f"<p>{story['summary']}</p>" for story in STORIES
    ) + "</div>",
    "above comments": f"<div>{markup()}</div><div>" + "".join(
        f"<div class=i><a href=/u{number}>网友{number}</a><i>11-20 10:{number}</i><p>这件事应该这样处理，希望有关部门给个说法。</p></div>"
        for number in range(10, 30)
    ) + "</div>",
    "the opening post of a thread": "".join(
        f'<div class="post"><div class=who>用户{number} 2026-11-20 10:1{number}</div><div class="words">{words}</div></div>'
        for number, words in enumerate([markup(), *(f"<p>{story['summary']}</p>" for story in STORIES[:5])])
    ),
}  # fmt: skip
CARRIED = {
    "state": script("window.__STATE__=" + _json({"article": {"content": markup()}, "feed": STORIES}) + ";run()"),
    "state in ASCII": script("var d = " + _json({"data": {"content": markup()}}, ascii_only=True)),
    "state as paragraphs": script(
        _json({"props": {"blocks": [{"type": "text", "text": text} for text in PARAGRAPHS], "list": STORIES}}),
        'id="__NEXT_DATA__" type="application/json"',
    ),
    "JSON in a string": script("var d=" + _json(_json({"content": markup()}))),
    "linked data": script(_json({"@type": "NewsArticle", "articleBody": TEXT}), 'type="application/ld+json"'),
    "escaped string": script(f"var c='{_escaped(markup())}';"),
    "percent signs": script(f"show(decodeURIComponent('{quote(markup())}'))"),
    "written line by line": script("\n".join(f'document.writeln("<p>{text}<\\/p>");' for text in PARAGRAPHS)),
    "put together": script('var s="";\n' + "\n".join(f's+="<p>{text}</p>";' for text in PARAGRAPHS)),
    "template script": script(markup(), 'type="text/html"'),
    "form field": f'<textarea style="display:none">{html.escape(markup())}</textarea>',
    "hidden field": f'<input type=hidden value="{html.escape(markup())}">',
    "attribute": f'<div data-content="{html.escape(markup())}"></div>',
    "frame": f'<iframe srcdoc="{html.escape(markup())}"></iframe>',
    "noscript": f"<noscript>{markup()}</noscript>",
    "template": f"<template>{markup()}</template>",
    "comment": f"<div><!-- {markup()} --></div>",
    "hidden block": f'<div style="display: none">{markup()}</div><p>正在加载，请稍候。</p>',
}  # fmt: skip
