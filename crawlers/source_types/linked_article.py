"""The document behind a link, as every source type with article pages reads it."""

from crawlers.extraction.article import Article
from crawlers.intake import CollectedDocument
from crawlers.source import Harvest


def article_harvest(article: Article) -> Harvest:
    document = CollectedDocument(
        title=article.title,
        text=article.text,
        url=article.url,
        published_at=article.published_at,
        author=article.author,
        outlet=article.outlet,
        original_source=article.original_source,
        kind="article",
        extractor=article.extractor,
        extraction_score=article.score,
    )
    return Harvest(documents=(document,))
