"""The real Scrapy process against real sites on loopback."""

import itertools

import pytest
from sqlalchemy import func, select

from core.crypto.keyring import Keyring
from core.database.models.collecting import (
    Document,
    DocumentBody,
    FrontierURL,
    RawResponse,
    SourceHour,
)
from core.database.models.operations import Queue, WorkItem
from core.database.sessions import Sessions
from crawlers.evidence.raw_responses import open_raw
from tests.crawlers.conftest import CrawlProcesses, documents, source_row, titles, wait_until
from tests.crawlers.site import Answer, Site, html
from tests.crawlers.sources import add_source

TEXT = (
    "<p>河湾市总工会今天在安置房工地开展法律援助，向务工人员讲解工资支付的规定，"
    "并现场登记了三起工资拖欠的线索，承诺一周内答复。</p>"
    "<p>劳动监察部门同时到场，核对了考勤和工资发放记录，要求施工单位限期整改。</p>"
)
NUMBER = "13800000000"


def news_site(site: Site, count: int = 3) -> None:
    names = [f"/2026/1121/c{n}.html" for n in range(count)]
    links = "".join(
        f'<li><a href="{name}">工地法律援助第{n}场在河湾举行</a></li>'
        for n, name in enumerate(names)
    )
    site.pages["/"] = html("新闻", f"<ul class='news'>{links}</ul>")
    for n, name in enumerate(names):
        site.pages[name] = html(
            f"工地法律援助第{n}场在河湾举行_河湾新闻网",
            f"<h1>工地法律援助第{n}场在河湾举行</h1>"
            f"<div class='info'>2026-11-20 0{n}:30　来源：河湾日报　作者：李晓明</div>"
            f"<div class='article'>{TEXT}<p>联系电话{NUMBER}。</p></div>",
        )


def test_articles_behind_a_list_become_masked_documents_with_work(
    site: Site, sessions: Sessions, crawling: CrawlProcesses, keyring: Keyring
) -> None:
    news_site(site)
    add_source(sessions, site.url("/"))
    process = crawling.start()
    wait_until(lambda: len(titles(sessions)) == 3)
    assert crawling.stop(process) == 0
    with sessions() as session:
        document, body = session.execute(
            select(Document, DocumentBody)
            .join(DocumentBody, DocumentBody.document_id == Document.id)
            .order_by(Document.canonical_url)
            .limit(1)
        ).one()
        work = session.scalars(select(WorkItem.subject_id).where(WorkItem.queue == Queue.ANALYSE))
        assert len(list(work)) == 3
        raw = session.scalars(
            select(RawResponse).where(RawResponse.document_id == document.id)
        ).one()
        assert NUMBER in open_raw(raw, keyring).body.decode()
        assert NUMBER.encode() not in raw.sealed_body
        pages, quality, new = session.execute(
            select(
                func.sum(SourceHour.pages), func.sum(SourceHour.quality), func.sum(SourceHour.new)
            )
        ).one()
    # What the watch over the ledger learns from.
    assert (pages, new) == (3, 3)
    assert 0 < quality <= pages
    assert body.title == "工地法律援助第0场在河湾举行"
    assert "核对了考勤和工资发放记录" in body.text
    assert NUMBER not in body.text
    assert document.canonical_url == site.url("/2026/1121/c0.html")
    assert document.published_at.isoformat() == "2026-11-19T16:30:00+00:00"
    assert document.original_source == "河湾日报"
    assert document.author_hash is not None
    assert document.collected_by == "crawl"
    assert site.seen[0].headers["user-agent"].startswith("Zhisheng/")


def test_a_source_of_two_seconds_is_visited_every_two_seconds(
    site: Site, sessions: Sessions, crawling: CrawlProcesses
) -> None:
    news_site(site, 1)
    add_source(sessions, site.url("/"), interval_s=2)
    crawling.start()
    wait_until(lambda: site.count("/") >= 4)
    visits = [seen.at for seen in site.seen if seen.path == "/"]
    gaps = [later - earlier for earlier, later in itertools.pairwise(visits)]
    assert all(1.5 < gap < 2.7 for gap in gaps[1:]), gaps
    assert site.count("/2026/1121/c0.html") == 1
    assert site.count("/robots.txt") == 1


def test_an_unchanged_page_is_asked_for_with_its_validators(
    site: Site, sessions: Sessions, crawling: CrawlProcesses
) -> None:
    news_site(site, 1)
    page = site.pages["/"]
    assert isinstance(page, Answer)

    def conditional(headers: dict[str, str]) -> Answer:
        if headers.get("if-none-match") == '"v1"':
            return Answer(b"", 304)
        return Answer(page.body, 200, (*page.headers, ("ETag", '"v1"')))

    site.pages["/"] = conditional
    source = add_source(sessions, site.url("/"), interval_s=1)
    crawling.start()
    wait_until(lambda: site.count("/") >= 3)
    asked = [seen.headers.get("if-none-match") for seen in site.seen if seen.path == "/"]
    assert asked[0] is None
    assert asked[1:] == ['"v1"'] * (len(asked) - 1)
    assert source_row(sessions, source.id).failures == 0


def test_a_crawl_delay_is_kept(site: Site, sessions: Sessions, crawling: CrawlProcesses) -> None:
    news_site(site, 3)
    site.pages["/robots.txt"] = Answer(b"User-agent: *\nCrawl-delay: 1\n", 200)
    add_source(sessions, site.url("/"))
    crawling.start()
    wait_until(lambda: len(titles(sessions)) == 3)
    times = [seen.at for seen in site.seen if seen.path != "/robots.txt"]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert min(gaps) > 0.95, gaps


def test_an_unreachable_site_is_tried_again_later(
    sessions: Sessions, crawling: CrawlProcesses
) -> None:
    source = add_source(sessions, "http://127.0.0.1:9/", interval_s=5)
    crawling.start()
    wait_until(lambda: source_row(sessions, source.id).failures > 0)
    assert "连不上" in (source_row(sessions, source.id).failure_reason or "")


def test_a_name_that_resolves_to_loopback_is_refused_where_loopback_is_closed(
    sessions: Sessions, crawling: CrawlProcesses
) -> None:
    source = add_source(sessions, "http://localhost/")
    crawling.allowed = ""
    crawling.start()
    wait_until(lambda: source_row(sessions, source.id).failures > 0)
    assert "内部" in (source_row(sessions, source.id).failure_reason or "")


@pytest.mark.parametrize("claimed", ["utf-8", "gb2312", "big5"])
def test_a_page_is_read_in_its_real_encoding(
    site: Site, sessions: Sessions, crawling: CrawlProcesses, claimed: str
) -> None:
    news_site(site, 1)
    page = site.pages["/2026/1121/c0.html"]
    assert isinstance(page, Answer)
    body = page.body.decode().encode("gb18030")
    header = (("Content-Type", f"text/html; charset={claimed}"),)
    site.pages["/2026/1121/c0.html"] = Answer(body, 200, header)
    add_source(sessions, site.url("/"))
    crawling.start()
    wait_until(lambda: titles(sessions) == ["工地法律援助第0场在河湾举行"])


def test_two_crawlers_share_the_pages(
    site: Site, sessions: Sessions, crawling: CrawlProcesses
) -> None:
    news_site(site, 30)
    add_source(sessions, site.url("/"))
    for owner in ("one", "two"):
        crawling.start(owner, HOST_DELAY_S="0.05", LEASE_S="30")
    wait_until(lambda: len(titles(sessions)) == 30)
    assert max(site.count(path) for path in site.pages if path.endswith(".html")) == 1
    for owner in ("one", "two"):
        assert "documents_collected" in crawling.log(owner)


@pytest.mark.faults
@pytest.mark.parametrize(
    "point", ["ingest.after_fetch", "ingest.before_commit", "ingest.after_commit"]
)
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_killed_crawler_loses_nothing_and_repeats_nothing(
    site: Site, sessions: Sessions, crawling: CrawlProcesses, point: str, nth: int
) -> None:
    news_site(site, 4)
    add_source(sessions, site.url("/"))
    first = crawling.start("one", ZHISHENG_FAULT=f"{point}:{nth}")
    assert first.wait(60) == -9
    second = crawling.start("two", ZHISHENG_FAULT=f"{point}:{nth}")
    wait_until(lambda: len(titles(sessions)) == 4)
    with sessions() as session:
        open_pages = select(func.count()).where(FrontierURL.due_at.is_not(None))
        wait_until(lambda: session.scalar(open_pages) == 0)
        queued = session.scalars(select(WorkItem.subject_id)).all()
    wait_until(lambda: "crawl_started" in crawling.log("two"))
    assert crawling.stop(second) == 0
    found = documents(sessions)
    assert len({document.canonical_url for document in found}) == len(found) == 4
    assert sorted(queued) == sorted(document.id for document in found)
