"""How the posts of a thread are marked in the forum software that is met most."""

from __future__ import annotations

from core.errors import ExtractionError
from crawlers.extraction.page import inner_text, read_page
from crawlers.parsing.page_selectors import select
from crawlers.proposal.site_visit import SiteVisit, VisitFailedError
from crawlers.source import FetchedPage, SourceProfile
from crawlers.source_types.list_page import ListPage

# Post, text, author, time: Discuz, phpwind, Baidu Tieba, NodeBB and plain ones.
KNOWN_FLOORS = (
    ("div[id^=post_]", ".t_f", ".authi a", ".authi em"),
    (".read_t, .floot", ".tpc_content", ".readName", ".s6"),
    (".l_post", ".d_post_content", ".p_author_name", ".tail-info"),
    ("[component=post]", "[component='post/content']", "[itemprop=name]", "time"),
    (".post", ".text", ".author", ".time"),
    (".reply, .comment", ".content", ".author", "time"),
    ("article", ".content", ".author", "time"),
)
SHORTEST_POST = 2


def floor_options(visit: SiteVisit, page: FetchedPage) -> dict[str, object]:
    """Look at the first thread of a list; empty where no known marks fit. Raises VisitFailedError."""
    profile = SourceProfile(0, "", "list_page", page.url, {"same_site": True, "limit": 20})
    try:
        threads = ListPage().parse(page, profile).links
    except ExtractionError:
        return {}
    for thread in threads[:2]:
        try:
            found = visit.page(thread.url)
            tree = read_page(found.body, found.url, found.content_type).tree
        except (VisitFailedError, ExtractionError):
            continue
        for post, text, author, time in KNOWN_FLOORS:
            posts = select(tree, post)
            texts = [inner_text(each) for first in posts[:3] for each in select(first, text)]
            if posts and any(len(words) >= SHORTEST_POST for words in texts):
                return {"post_selector": post, "text_selector": text,
                        "author_selector": author, "time_selector": time}  # fmt: skip
    return {}
