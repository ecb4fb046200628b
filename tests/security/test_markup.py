"""Markup in everything that others write: shown as text, never alive."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from media_matrix.variants import rendered_html
from tests.security.conftest import World
from tests.webui.conftest import post
from tests.webui.content import Post
from webui.prose import article_html, channel_html, master_html

SENTINEL = "zsxss"
# The quotes stay as an attacker writes them.
# ruff: noqa: Q003
PAYLOADS = (
    "<script>zsxss()</script>", "<ScRiPt src=//evil.example/x></sCrIpT>", "<img src=x onerror=zsxss()>",
    "<svg/onload=zsxss()>", "<svg><script>zsxss()</script></svg>", "<svg><animate onbegin=zsxss() attributeName=x>",
    "<body onload=zsxss()>", "<iframe src=javascript:zsxss()>", "<iframe srcdoc='<script>zsxss()</script>'>",
    "<object data=javascript:zsxss()>", "<embed src=//evil.example/x.swf>", "<link rel=stylesheet href=//evil.example/x>",
    "<meta http-equiv=refresh content='0;url=javascript:zsxss()'>", "<base href=//evil.example/>",
    "<form action=//evil.example/><input type=submit>", "<button formaction=javascript:zsxss()>x</button>",
    "<input onfocus=zsxss() autofocus>", "<details open ontoggle=zsxss()>", "<video><source onerror=zsxss()></video>",
    "<audio src=x onerror=zsxss()>", "<math><mtext></p><img src=x onerror=zsxss()></mtext></math>",
    "<style>@import '//evil.example/x.css'</style>", "<div style='background:url(//evil.example/x)'>x</div>",
    "<a href=javascript:zsxss()>x</a>", "<a href='java\tscript:zsxss()'>x</a>", "<a href=data:text/html,zsxss>x</a>",
    "<a href='vbscript:zsxss()'>x</a>", "<a href=//evil.example/ ping=//evil.example/p>x</a>", "<template><img src=x onerror=zsxss()></template>",
    "'\"><script>zsxss()</script>", "\"onmouseover=zsxss() x=\"", "' autofocus onfocus=zsxss() '", "</textarea><script>zsxss()</script>",
    "</title><script>zsxss()</script>", "</option></select><script>zsxss()</script>", "--><script>zsxss()</script><!--",
    "]]><script>zsxss()</script>", "{{ 7*7 }}zsxss", "{% include '/etc/passwd' %}", "${zsxss()}", "<mark onclick=zsxss()>x</mark>",
    "<b hx-get=/logout hx-trigger=load>x</b>", "<b data-hx-get=/logout hx-on:load=zsxss()>x</b>", "<b hx-headers='js:zsxss()'>x</b>",
    "&lt;script&gt;zsxss()&lt;/script&gt;", "&#60;script&#62;zsxss()&#60;/script&#62;", "\u2028<script>zsxss()</script>",
    "＜script＞zsxss()＜/script＞", "<scr\u200bipt>zsxss()</scr\u200bipt>", "<noscript><p title='</noscript><img src=x onerror=zsxss()>'>",
    "<x onpointerenter=zsxss()>x</x>", "<marquee onstart=zsxss()>x</marquee>", "<portal src=//evil.example>", "<isindex type=image src=1 onerror=zsxss()>",
    "<table background=//evil.example/x>", "<keygen autofocus onfocus=zsxss()>", "<picture><source srcset=//evil.example/x></picture>",
    "[x](javascript:zsxss())", "![x](https://evil.example/p.png)", "[x]: javascript:zsxss()\n\n[x]", "<https://evil.example/\"onclick=zsxss()>",
    "```\n<script>zsxss()</script>\n```", "[a](https://e.example \"\\\" onclick=zsxss()\")",
)  # fmt: skip
REMOTE = ("src", "srcset", "background", "poster", "ping", "action", "formaction", "srcdoc", "data")


class Alive(HTMLParser):
    """Collects what would run, load or lead elsewhere, were the page opened."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag in {"script", "style"}
        if tag in {"iframe", "object", "embed", "base", "portal", "svg:script"}:
            self.found.append(tag)
        for name, value in attrs:
            # Browsers drop tabs and line ends inside an address, and blanks before it.
            text = re.sub(r"[\t\r\n]", "", value or "").strip().lower()
            is_program = name.startswith(("on", "hx-on")) or name == "srcdoc"
            is_scheme = text.startswith(("javascript:", "vbscript:", "data:text"))
            is_remote = name in REMOTE and text.startswith(("//", "http")) and "evil" in text
            if is_program or is_scheme or is_remote or name == "style":
                self.found.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self._in_script and SENTINEL in data:
            self.found.append(data)
        self._in_script = False


def alive(page: str) -> list[str]:
    parser = Alive()
    parser.feed(page)
    parser.close()
    return parser.found


def test_the_reader_of_these_tests_sees_live_markup() -> None:
    assert all(alive(PAYLOADS[index]) for index in (0, 2, 3, 7, 22, 23))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_written_texts_become_harmless_html(payload: str) -> None:
    stored = (rendered_html(payload), channel_html("wechat", payload), master_html(payload))
    for page in (*stored[1:], article_html(payload), channel_html("weibo", payload)):
        assert alive(page) == []
        assert "<img" not in page
        assert "<script" not in page


def test_no_page_of_the_console_runs_what_was_collected_or_typed(world: World) -> None:
    everything = "\n".join(PAYLOADS)
    first = PAYLOADS[0] + PAYLOADS[2] + PAYLOADS[29] + PAYLOADS[30]
    made = world.content.posts(
        [
            Post(
                title=f"讨说法{payload}",
                text=f"讨说法 {payload}",
                source=f"源{payload}"[:90],
                platform=payload[:40],
            )
            for payload in PAYLOADS[:40]
        ]
        + [Post(title=first, text=everything, source=first[:90])]
    )
    world.content.rule(name=f"规{first}"[:60], expression="讨说法")
    world.content.evaluate()
    for document_id in (made[0], made[29], made[-1]):
        world.content.keep_page(
            document_id, everything.encode(), {"x-note": first, "content-type": PAYLOADS[29]}
        )
    evidence_id = world.content.take_evidence()
    draft = world.newsroom.draft(f"稿{first}"[:60], body=everything)
    duty, editor, analyst, admin = (
        world.browser(login) for login in ("wangmin", "lixiang", "sunyue", "admin")
    )
    post(duty, f"/alerts/{world.ids['alert_id']}/progress", {"text": everything})
    post(editor, "/drafts/preview", {"title": first, "body": everything})
    pages = [
        (analyst, "/"), (analyst, "/documents"), (analyst, f"/documents?q={PAYLOADS[29]}"), (analyst, "/rules"),
        *((analyst, f"/documents/{document_id}") for document_id in (made[0], made[29], made[-1])),
        (duty, "/alerts?tab=all"), (duty, f"/alerts/{world.ids['alert_id']}"), (duty, f"/alerts/{world.ids['alert_id'] + 1}"),
        (duty, "/evidence"), *((duty, f"/evidence/{number}") for number in range(1, evidence_id + 1)),
        (editor, f"/drafts/{draft}/edit"), (editor, "/drafts"), (editor, "/calendar"), (admin, "/sources"),
        (duty, f"/documents?q={PAYLOADS[32]}"), (duty, "/nothing-<script>zsxss()</script>"), (admin, "/sources?q=" + PAYLOADS[30]),
        (world.app.test_client(), "/login?next=" + PAYLOADS[29]),
    ]  # fmt: skip
    seen = 0
    for browser, path in pages:
        page = browser.get(path).get_data(as_text=True)
        assert alive(page) == [], path
        seen += page.count(SENTINEL)
    assert seen > len(pages)
