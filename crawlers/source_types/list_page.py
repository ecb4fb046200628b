"""A page that lists articles: by selector, or by finding the block of links that looks like a list."""

from __future__ import annotations

from urllib.parse import urlsplit

from core.errors import ExtractionError
from core.options import FieldKind, FieldSpec, Options
from crawlers.extraction.article import extract
from crawlers.extraction.page import Page, read_page
from crawlers.parsing.article_links import ArticleLink, article_links, chosen_links
from crawlers.parsing.following_pages import PAGE_OPTIONS, following_page, is_same_site, page_faults
from crawlers.parsing.page_selectors import select, selector_faults
from crawlers.source import FetchedPage, Harvest, PageLink, PageRequest, SourceProfile
from crawlers.source_types.linked_article import REVISIT, article_harvest


class ListPage:
    name = "list_page"
    label = "列表页"
    needs_url = True
    revisits_links = False
    options: tuple[FieldSpec, ...] = (
        FieldSpec(
            "link_selector",
            "文章链接的 CSS 选择器",
            help="如 ul.news li a；不填时自动识别列表。",
            maximum=300,
        ),
        FieldSpec("same_site", "只采集同一网站的链接", FieldKind.BOOLEAN, default=True),
        FieldSpec(
            "limit", "每页最多采集的链接数", FieldKind.NUMBER, default=100, minimum=1, maximum=1000
        ),
        *PAGE_OPTIONS,
        REVISIT,
    )

    def faults(self, options: Options) -> dict[str, str]:
        return {**selector_faults(options, ["link_selector"]), **page_faults(options)}

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]:
        return (PageRequest(source.url),)

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        return list_harvest(page, source)

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        del source
        return article_harvest(
            extract(page.body, page.url, now=page.fetched_at, content_type=page.content_type)
        )


def list_harvest(page: FetchedPage, source: SourceProfile) -> Harvest:
    """Give the links of a list and the page that goes on with it; raises ExtractionError for no list."""
    tree = read_page(page.body, page.url, page.content_type)
    selector = str(source.options.get("link_selector") or "")
    found = [link for link in _links(tree, selector, page) if _is_wanted(link, page, source)]
    limit = source.options.get("limit")
    chosen = found[: limit if isinstance(limit, int) else None]
    if not chosen:
        raise ExtractionError(
            f"选择器「{selector}」在页面上没有选中链接，网站可能改版了。"
            if selector
            else "页面上没有找到文章列表。请填写文章链接的选择器。"
        )
    following = following_page(tree, page.number, source.options)
    return Harvest(
        links=tuple(PageLink(link.url, link.title, link.published_at) for link in chosen),
        follow=()
        if following is None
        else (PageRequest(following, number=page.number + 1, only_if_new=True),),
    )


def _links(tree: Page, selector: str, page: FetchedPage) -> list[ArticleLink]:
    if selector:
        return chosen_links(tree, select(tree.tree, selector), page.fetched_at)
    return article_links(tree, page.fetched_at)


def _is_wanted(link: ArticleLink, page: FetchedPage, source: SourceProfile) -> bool:
    if link.url == page.url:
        return False
    if not source.options.get("same_site", True):
        return True
    return is_same_site(urlsplit(link.url).hostname or "", urlsplit(page.url).hostname or "")
