"""Real Chinese pages, served behind a list page and collected by the crawl process."""

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from core.database.models.collecting import Document, DocumentBody, FrontierURL
from core.database.sessions import Sessions
from core.masking import mask
from tests.crawlers.conftest import CrawlProcesses, wait_until
from tests.crawlers.site import Answer, Site, html
from tests.crawlers.sources import add_source

FLOORS = {"html_magichtml": 0.89, "html_cwced": 0.85}


@dataclass(frozen=True, slots=True)
class GoldPage:
    path: str
    body: bytes
    text: str


def gold_pages(name: str) -> list[GoldPage]:
    root = os.environ.get("ZHISHENG_DATA")
    if not root:
        pytest.skip("ZHISHENG_DATA is not set: no real pages to compare with")
    folder = Path(root) / name
    rows = [
        json.loads(line) for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines()
    ]
    return [
        GoldPage(f"/2026/{number:05}.html", (folder / row["file"]).read_bytes(), row["body"])
        for number, row in enumerate(rows)
    ]


def grams(text: str) -> Counter[str]:
    plain = "".join(text.split())
    return Counter(plain[start : start + 4] for start in range(max(0, len(plain) - 3)))


def text_f1(gold: str, found: str) -> float:
    """F1 over the multisets of character 4-grams, white space removed."""
    wanted, given = grams(gold), grams(found)
    common = sum((wanted & given).values())
    return 2 * common / (sum(wanted.values()) + sum(given.values())) if common else 0.0


@pytest.mark.slow
@pytest.mark.parametrize("name", list(FLOORS))
def test_the_text_of_real_pages_is_collected(
    site: Site, sessions: Sessions, crawling: CrawlProcesses, name: str
) -> None:
    pages = gold_pages(name)
    items = "".join(f'<li><a href="{page.path}">{page.path}的标题</a></li>' for page in pages)
    site.pages["/"] = html("列表", f"<ul>{items}</ul>")
    for page in pages:
        # The pages keep whatever encoding they have and claim.
        site.pages[page.path] = Answer(page.body, headers=(("Content-Type", "text/html"),))
    add_source(sessions, site.url("/"), limit=1000)
    process = crawling.start()

    def is_done() -> bool:
        with sessions() as session:
            rows = session.scalars(select(FrontierURL)).all()
        return len(rows) == len(pages) and all(row.fetched_at or row.dead_at for row in rows)

    wait_until(is_done, patience_s=180)
    assert crawling.stop(process) == 0
    with sessions() as session:
        stored = select(Document.canonical_url, DocumentBody.text).join(
            DocumentBody, DocumentBody.document_id == Document.id
        )
        found: dict[str, str] = {row[0]: row[1] for row in session.execute(stored)}
    # Numbers are masked before anything is stored, so the gold is masked too.
    scores = [text_f1(mask(page.text).text, found.get(site.url(page.path), "")) for page in pages]
    mean = sum(scores) / len(scores)
    below = sum(score < 0.5 for score in scores)
    print(f"{name}: mean text F1 {mean:.4f} over {len(pages)} pages, {below} below .5")  # noqa: T201 (the figure is the result)
    assert mean >= FLOORS[name]
