"""Pages that scripts write, run in the real browser by the real crawl process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from core.clock import SystemClock
from core.database.models.collecting import Source
from core.database.sessions import Sessions
from tests.core.outbound.hostile_server import HostileServer, Script, redirect, reply
from tests.crawlers.conftest import CrawlProcesses, documents, source_row, titles, wait_until

HTML = ("Content-Type: text/html; charset=utf-8",)
JSON = ("Content-Type: application/json",)
TITLE = "工地法律援助第一场在河湾举行"
TEXT = (
    "河湾市总工会今天在安置房工地开展法律援助，向务工人员讲解工资支付的规定，"
    "并现场登记了三起工资拖欠的线索，承诺一周内答复。劳动监察部门同时到场，核对了考勤。"
)
# Every way out that a page might try: none of them may reach the other address, or what robots.txt forbids.
ATTEMPTS = """
const inside = 'http://127.0.0.2:%(port)d/secret';
const ways = [
  () => fetch(inside), () => fetch(inside, {mode: 'no-cors'}), () => fetch('/bounce'),
  () => fetch('http://2130706434:%(port)d/secret'), () => fetch('http://[::ffff:127.0.0.2]:%(port)d/'),
  () => fetch('http://rebound.example:%(port)d/public').finally(() =>
    fetch('http://rebound.example:%(port)d/again')), () => fetch('file:///etc/passwd'),
  () => { new Image().src = inside }, () => navigator.sendBeacon(inside, 'x'),
  () => { const s = document.createElement('script'); s.src = inside; document.head.append(s) },
  () => { const l = document.createElement('link'); l.rel = 'stylesheet'; l.href = inside; document.head.append(l) },
  () => { const f = document.createElement('iframe'); f.src = inside; document.body.append(f) },
  () => { new WebSocket('ws://127.0.0.2:%(port)d/secret') }, () => window.open(inside),
  () => { new EventSource(inside) }, () => navigator.serviceWorker.register('/worker.js'),
  () => { new Worker(URL.createObjectURL(new Blob([`fetch('${inside}')`]))) },
  () => { const c = new RTCPeerConnection({iceServers: [{urls: 'stun:127.0.0.2:%(port)d'}]});
          c.createDataChannel('x'); c.createOffer().then(o => c.setLocalDescription(o)) },
  () => fetch('/private/numbers.json'), () => { new Image().src = '/picture.png' },
  () => { location.href = inside }, () => { location.href = '/elsewhere' },
];
for (const way of ways) { try { const p = way(); if (p && p.catch) p.catch(() => 0) } catch (e) {} }
Object.defineProperty(Element.prototype, 'outerHTML', {get() { return 'lie' }});
"""


def page(script: str) -> Script:
    body = f"<html><head><title>河湾</title></head><body><div id=a></div><script>{script}</script></body></html>"
    return reply(body.encode(), headers=HTML)


def listing(port: int) -> Script:
    return page(
        "fetch('/data.json').then(a => a.json()).then(all => { document.getElementById('a').innerHTML ="
        " '<ul>' + all.map(([u, t]) => `<li><a href='${u}'>${t}</a></li>`).join('') + '</ul>' });"
        + ATTEMPTS
        % {"port": port}
    )


def article() -> Script:
    return page(
        f"document.title = '{TITLE}'; document.getElementById('a').innerHTML ="
        f" '<h1>{TITLE}</h1><div class=article><p>{TEXT}</p><p>{TEXT}</p></div>'"
    )


@pytest.fixture
def hostile() -> Iterator[HostileServer]:
    with HostileServer() as server:
        links = [["/2026/1121/c1.html", TITLE]]
        server.scripts |= {
            "js.test/robots.txt": reply(b"User-agent: *\nDisallow: /private\n"),
            "js.test/list": listing(server.port),
            "js.test/data.json": reply(json.dumps(links).encode(), headers=JSON),
            "js.test/2026/1121/c1.html": article(),
            "js.test/bounce": redirect(f"http://127.0.0.2:{server.port}/secret"),
            "js.test/private/numbers.json": reply(b"{}", headers=JSON),
            "endless.test/list": page("while (true) {}"),
            "greedy.test/list": page(
                "const all = []; while (true) { try { all.push(new Uint8Array(5e7).fill(1)) } catch (e) {} }"
            ),
            "huge.test/list": page("document.body.append('工'.repeat(6000000))"),
            "forbidden.test/robots.txt": reply(b"User-agent: *\nDisallow: /\n"),
            "forbidden.test/list": listing(server.port),
        }
        yield server


REASONS = {
    "js": None,
    "endless": "脚本",
    # Whichever limit it meets first on a slow machine.
    "greedy": "脚本",
    "huge": "页面",
    "forbidden": "不允许采集",
}


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_a_page_written_by_scripts_is_read_and_its_scripts_reach_nothing_else(
    hostile: HostileServer, sessions: Sessions, crawling: CrawlProcesses
) -> None:
    ids = {}
    with sessions.begin() as session:
        for name in REASONS:
            source = Source(
                name=name, kind="list_page", platform="news", level="city", needs_browser=True,
                due_at=SystemClock().now(), interval_s=86_400, interval_floor_s=86_400,
                interval_ceiling_s=86_400, url=f"http://{name}.test:{hostile.port}/list",
            )  # fmt: skip
            session.add(source)
            session.flush()
            ids[name] = source.id
    with HostileServer(address="127.0.0.2", port=hostile.port) as inside:
        crawling.allowed = f"127.0.0.1:{hostile.port}"
        process = crawling.start(
            NAMES=json.dumps({"rebound.example": ["127.0.0.1", "127.0.0.2"]}),
            PORTS=f"80,443,{hostile.port}",
            BROWSER_TIMEOUT_S="8",
            LEASE_S="30",
        )
        # Browsers start slowly on a busy machine.
        wait_until(
            lambda: all(source_row(sessions, id_).visited_at for id_ in ids.values()),
            patience_s=120,
        )
        reasons = {name: source_row(sessions, id_).failure_reason for name, id_ in ids.items()}
        for name, reason in REASONS.items():
            assert (reason in (reasons[name] or "")) if reason else reasons[name] is None, reasons
        wait_until(lambda: titles(sessions) == [TITLE])
        assert crawling.stop(process) == 0
        assert inside.connections == 0
    [document] = documents(sessions)
    assert document.canonical_url.endswith("/2026/1121/c1.html")
    asked = [request.split(b"\r\n")[0] for request in hostile.requests]
    for never in (b"secret", b"private", b"picture", b"elsewhere", b"worker", b"again"):
        assert not any(never in line for line in asked), asked
    assert all(b"Zhisheng/test" in request for request in hostile.requests)
