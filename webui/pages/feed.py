"""Our own mobile feed: public, cacheable, and nothing is kept about its readers."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, abort, current_app, request

from media_matrix import feed
from media_matrix.feed import FeedDocument
from webui.access import public
from webui.console import console, reading, writing
from webui.formats import full_time, local
from webui.prose import article_html

blueprint = Blueprint("feed", __name__, url_prefix="/feed")

# Readers ask again each time and mostly hear 304; a withdrawn article must not linger.
FRESHNESS = "public, no-cache"


@blueprint.get("/<handle>.json")
@public
def as_json(handle: str) -> Response:
    return _answer(feed.json_feed(reading(), handle, public_url=_public_url()))


@blueprint.get("/<handle>.xml")
@public
def as_rss(handle: str) -> Response:
    return _answer(feed.rss_feed(reading(), handle, public_url=_public_url()))


@blueprint.get("/<handle>/<key>")
@public
def article(handle: str, key: str) -> Response:
    item = feed.find_item(reading(), handle, key)
    if item is None:
        abort(404)
    # Rendered without the console's surroundings: a reader gets no cookie and no form token.
    page = current_app.jinja_env.get_template("feed/article.html").render(
        item=item,
        content=article_html(item.content_html),
        published=f"{local(item.published_at):%Y 年 %m 月 %d 日 %H:%M}",
        exact=full_time(item.published_at),
        demo=console().settings.demo,
        asset=current_app.extensions["assets"].url,
    )
    if item.withdrawn_at is not None:
        return Response(page, status=410, content_type="text/html; charset=utf-8")
    if request.method == "GET":
        with writing() as session:
            feed.count_read(session, item.id)
    body = page.encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return _answer(FeedDocument(body, "text/html; charset=utf-8", etag, item.modified_at))


def _answer(document: FeedDocument | None) -> Response:
    if document is None:
        abort(404)
    response = Response(document.body, content_type=document.content_type)
    response.set_etag(document.etag.strip('"'))
    response.last_modified = document.last_modified
    response.headers["Cache-Control"] = FRESHNESS
    response.make_conditional(request)
    return response


def _public_url() -> str:
    return console().platforms.public_url
