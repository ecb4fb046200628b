"""The document behind a link, as every source type with article pages reads it."""

from core.options import FieldKind, FieldSpec
from crawlers.extraction.article import Article
from crawlers.intake import CollectedDocument
from crawlers.source import Harvest

REVISIT = FieldSpec(
    "revisit",
    "回访文章",
    FieldKind.BOOLEAN,
    default=False,
    help="发布后 1、3、9、27 小时和三天各再看一次：记下阅读、评论数的变化；内容改过的另存一版。",
)


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
