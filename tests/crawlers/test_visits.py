"""One crawl process and one site of every kind: what a visit of several pages leaves behind."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from core.clock import SystemClock
from core.database.models.collecting import Document, DocumentBody, Engagement, Source
from core.database.sessions import Sessions
from crawlers.sources import SourceDraft, create_source
from tests.crawlers.conftest import CrawlProcesses, source_row, wait_until
from tests.crawlers.site import Answer, Site, html
from tests.crawlers.sources import LOOPBACK
from tests.crawlers.test_recordings import THREAD, write_warc

TEXT = (
    "<p>河湾市总工会今天在安置房工地开展法律援助，向务工人员讲解工资支付的规定，"
    "并现场登记了三起工资拖欠的线索，承诺一周内答复。</p>"
)
BOARD = {
    "text_selector": ".text", "state_selector": ".state", "reply_selector": ".reply",
    "reply_text_selector": ".said", "reply_time_selector": ".time",
}  # fmt: skip


def in_turn(*answers: Answer) -> Callable[[dict[str, str]], Answer]:
    """Give each answer once, and the last for ever."""
    left = list(answers)

    def answer(_: dict[str, str]) -> Answer:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


def as_json(value: object) -> Answer:
    return Answer(json.dumps(value, ensure_ascii=False).encode(), headers=(("Content-Type", "application/json"),))  # fmt: skip


def story(title: str) -> Answer:
    return html(title, f"<h1>{title}</h1><p>2026-11-20 08:30</p><div>{TEXT}</div>")


def list_of(*paths: str, more: str = "") -> Answer:
    rows = "".join(f"<li><a href='{path}'>工地法律援助纪实{path}</a></li>" for path in paths)
    return html("列表", f"<ul>{rows}</ul>{more}")


def publish(site: Site) -> None:
    following = "<a href='/list/2'>下一页</a>"
    site.pages["/list"] = list_of(*(f"/a/{n}.html" for n in (10001, 10002, 10003)), more=following)
    site.pages["/list/2"] = list_of(*(f"/a/{n}.html" for n in (10003, 10004)), more="<a href='/list/3'>下一页</a>")  # fmt: skip
    site.pages["/list/3"] = Answer(b"", 500)
    site.pages |= {f"/a/{n}.html": story(f"工地法律援助纪实{n}") for n in range(10001, 10005)}
    index = f"<sitemapindex><sitemap><loc>{site.url('/map.xml.gz')}</loc></sitemap></sitemapindex>"
    entry = f"<url><loc>{site.url('/map/1.html')}</loc></url>"
    site.pages["/sitemap.xml"] = Answer(index.encode())
    site.pages["/map.xml.gz"] = Answer(gzip.compress(f"<urlset>{entry}</urlset>".encode()))
    site.pages["/map/1.html"] = story("网站地图里的一篇")
    site.pages["/hot"] = in_turn(
        as_json({"items": [{"title": "讨薪", "url": "/h/1"}, {"title": "天气", "url": "/h/2"}]}),
        as_json({"items": [{"title": "停电", "url": "/h/3"}, {"title": "讨薪", "url": "/h/1"}]}),
    )
    site.pages["/api"] = in_turn(
        as_json({"data": [{"title": "接口一", "url": "/api/1"}], "next": "p2"}),
        as_json({"data": [{"title": "接口二", "url": "/api/2"}], "next": "p3"}),
        as_json({"data": [], "next": "p3"}),
    )
    site.pages["/board"] = list_of("/b/10001")
    message = "<p class=state>{}</p><div class=text>工地三个月没发工资。</div>{}"
    reply = (
        "<div class=reply><i class=time>2026-11-21 08:00</i><p class=said>已责成支付。</p></div>"
    )
    site.pages["/b/10001"] = in_turn(
        html("拖欠工资三个月", message.format("待回复", "")),
        html("拖欠工资三个月", message.format("已回复", reply)),
    )
    site.pages["/bbs"] = list_of("/t/10001")
    post = "<div class=post id=p{}><div class=text>{}</div></div>"
    site.pages["/t/10001"] = html("三个月没发工资", post.format(1, "没发工资。") + post.format(2, "顶。") + "<a href='/t/10001?page=2'>下一页</a>")  # fmt: skip
    site.pages["/t/10001?page=2"] = in_turn(
        html("三个月没发工资", post.format(2, "顶。") + post.format(3, "我也是。")),
        html("三个月没发工资", post.format(3, "我也是。") + post.format(4, "还有我。")),
    )


def subscribe(site: Site, sessions: Sessions) -> dict[str, Source]:
    def add(name: str, kind: str, path: str, **options: object) -> Source:
        draft = SourceDraft(name, kind, site.url(path), "news", "city", options, "公开网页", 1)
        with sessions.begin() as session:
            return create_source(
                session, draft, policy=LOOPBACK, now=SystemClock().now(), actor="system"
            )

    return {
        "list": add("列表", "list_page", "/list", pages=5),
        "sitemap": add("地图", "sitemap", "/sitemap.xml", undated=True),
        "hot": add("热榜", "trending_list", "/hot"),
        "api": add("接口", "json_api", "/api", body='{"after": "{cursor}"}', cursor_path="next",
                   keeps_cursor=True, pages=1),
        "board": add("留言板", "message_board", "/board", **BOARD),
        "forum": add("论坛", "forum", "/bbs"),
        "replay": add("回放", "replay", "/recorded/", file="drill.warc.gz", as_type="forum", at_once=1,
                      shifts_times=True),
    }  # fmt: skip


def test_every_kind_of_source_is_read_page_by_page_and_visit_by_visit(
    site: Site, sessions: Sessions, crawling: CrawlProcesses, tmp_path: Path
) -> None:
    publish(site)
    (tmp_path / "replay").mkdir()
    recorded = {
        site.url(f"/recorded/t/{n}"): THREAD.replace("三个月", f"{n}个月").replace(
            "也是", f"也是{n}"
        )
        for n in (1, 2)
    }
    write_warc(tmp_path / "replay" / "drill.warc.gz", dict(recorded))
    sources = subscribe(site, sessions)
    # Long leases: an answer that is given once must not be lost with a claim on a busy machine.
    process = crawling.start(LEASE_S="60")

    def found(name: str) -> dict[str, Document]:
        with sessions() as session:
            rows = session.execute(
                select(DocumentBody.title, DocumentBody.text, Document)
                .join(Document, Document.id == DocumentBody.document_id)
                .where(Document.source_id == sources[name].id)
            )
            return {title or text: document for title, text, document in rows}

    def ranks(document: Document) -> list[int | None]:
        with sessions() as session:
            return list(
                session.scalars(
                    select(Engagement.rank)
                    .where(Engagement.document_id == document.id)
                    .order_by(Engagement.seen_at)
                )
            )

    wait_until(lambda: len(found("list")) == 4 and len(found("sitemap")) == 1)
    # The third page failed, and later visits end at the first page, which brings nothing new.
    assert (site.count("/list/2"), site.count("/list/3")) == (1, 1)
    wait_until(lambda: len(found("hot")) == 3 and ranks(found("hot")["天气"]) == [2, None])
    assert ranks(found("hot")["讨薪"]) == [1, 2]
    assert ranks(found("hot")["停电"]) == [1]

    wait_until(lambda: site.count("/api") >= 3)
    assert source_row(sessions, sources["api"].id).cursor == {"next": "p3"}
    asked = [json.loads(seen.body)["after"] for seen in site.seen if seen.path == "/api"]
    assert asked[:3] == ["", "p2", "p3"]
    assert set(found("api")) == {"接口一", "接口二"}

    wait_until(lambda: len(found("board")) == 2)
    message, reply = found("board")["拖欠工资三个月"], found("board")["已责成支付。"]
    assert (message.answer_state, reply.kind) == ("replied", "official_reply")
    assert message.answered_at is not None
    assert message.answered_at.isoformat() == "2026-11-21T00:00:00+00:00"
    assert reply.thread_id == message.id

    wait_until(lambda: len(found("forum")) == 4)
    opening = found("forum").pop("三个月没发工资")
    replies = [document for document in found("forum").values() if document.id != opening.id]
    assert {document.thread_id for document in replies} == {opening.id}

    wait_until(lambda: len(found("replay")) == 4)
    assert crawling.stop(process) == 0
    first, second = found("replay")["1个月没发工资"], found("replay")["2个月没发工资"]
    assert first.canonical_url == site.url("/recorded/t/1")
    # The recording begins now: what was five minutes old on its first page is five minutes old.
    begun = [
        document.published_at for title, document in found("replay").items() if "也是1" in title
    ]
    assert abs((first.ingested_at - begun[0]).total_seconds() - 300) < 30
    assert second.published_at == first.published_at
    assert not any(path.startswith("/recorded") for path in site.paths())
