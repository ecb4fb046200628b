"""Real Chinese pages, served behind a list page and collected by the crawl process as they are read directly."""

import datetime as dt
import os
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import select

from core.database.models.collecting import Document, DocumentBody, FrontierURL
from core.database.sessions import Sessions
from core.masking import mask
from crawlers.extraction.article import extract
from tests.crawlers.conftest import CrawlProcesses, wait_until
from tests.crawlers.site import Answer, Site, html
from tests.crawlers.sources import add_source
from tests.quality.extraction import gold_pages

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
EVERY = 8


@pytest.mark.slow
def test_real_pages_are_collected_as_they_are_read(
    site: Site, sessions: Sessions, crawling: CrawlProcesses
) -> None:
    root = os.environ.get("ZHISHENG_DATA")
    if not root:
        pytest.skip("ZHISHENG_DATA is not set: no real pages to collect")
    bodies = {
        f"/2026/{name}-{number:05}.html": page.body
        for name in ("html_magichtml", "html_cwced")
        for number, page in enumerate(islice(gold_pages(Path(root), name), 0, None, EVERY))
    }
    items = "".join(f'<li><a href="{path}">{path}的标题</a></li>' for path in bodies)
    site.pages["/"] = html("列表", f"<ul>{items}</ul>")
    for path, body in bodies.items():
        # The pages keep whatever encoding they have and claim.
        site.pages[path] = Answer(body, headers=(("Content-Type", "text/html"),))
    add_source(sessions, site.url("/"), limit=1000)
    process = crawling.start()

    def is_done() -> bool:
        with sessions() as session:
            rows = session.scalars(select(FrontierURL)).all()
        return len(rows) == len(bodies) and all(row.fetched_at or row.dead_at for row in rows)

    wait_until(is_done, patience_s=60)
    assert crawling.stop(process) == 0
    with sessions() as session:
        rows = session.execute(
            select(Document, DocumentBody.text).join(
                DocumentBody, DocumentBody.document_id == Document.id
            )
        ).all()
        found = {
            row.Document.canonical_url: (
                row.text,
                row.Document.extractor,
                row.Document.extraction_score,
            )
            for row in rows
        }
    for path, body in bodies.items():
        article = extract(body, site.url(path), now=NOW)
        text, extractor, score = found[site.url(path)]
        # Numbers are masked before anything is stored.
        assert text == mask(article.text).text
        assert (extractor, round(score, 4)) == (article.extractor, article.score)
