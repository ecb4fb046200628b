"""The public sites of the demo world, as ordinary web pages on loopback."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime

from flask import Flask, Response, abort, jsonify, make_response, render_template, request

from core.clock import SHANGHAI, Clock
from zhisheng.demo.posts import NAMES, Post, Site, World

ROBOTS = "User-agent: *\nDisallow: /admin/\n"
SHOWN = 60


def create_sites(world: World, clock: Clock) -> Flask:
    """Make the application that serves all four sites under /news, /forum, /hotlist and /feed."""
    app = Flask(__name__, template_folder="site_templates", static_folder=None)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.globals.update(names=NAMES, Site=Site)
    app.jinja_env.filters["shown_time"] = shown_time

    def context(post: Post) -> dict[str, object]:
        return {"post": post, "at": world.published_at(post)}

    @app.get("/robots.txt")
    def robots() -> Response:
        return Response(ROBOTS, mimetype="text/plain")

    @app.get("/news/")
    @app.get("/forum/")
    def listing() -> Response:
        site = Site(request.path.strip("/"))
        posts = [context(post) for post in world.appeared(site, clock.now())[:SHOWN]]
        return _conditional(render_template(f"{site}_list.html", posts=posts, site=site))

    @app.get("/news/<post_id>.html")
    @app.get("/forum/<post_id>.html")
    @app.get("/feed/<post_id>.html")
    def page(post_id: str) -> Response:
        site = Site(request.path.split("/")[1])
        post = world.find(site, post_id, clock.now())
        if post is None:
            abort(404)
        return _conditional(render_template("page.html", site=site, **context(post)))

    @app.get("/hotlist/api.json")
    def hot_list() -> Response:
        posts = sorted(world.appeared(Site.HOTLIST, clock.now()), key=lambda post: -post.views)[
            :SHOWN
        ]
        data = [
            {
                "title": post.title,
                "url": f"{request.url_root}hotlist/{post.id}",
                "hot": post.views,
                "time": world.published_at(post).isoformat(),
            }
            for post in posts
        ]
        return _conditional(
            jsonify(name=NAMES[Site.HOTLIST], data=data).get_data(as_text=True), "application/json"
        )

    @app.get("/hotlist/<post_id>")
    def hot_entry(post_id: str) -> Response:
        post = world.find(Site.HOTLIST, post_id, clock.now())
        if post is None:
            abort(404)
        return _conditional(render_template("page.html", site=Site.HOTLIST, **context(post)))

    @app.get("/feed/rss.xml")
    def feed() -> Response:
        posts = [context(post) for post in world.appeared(Site.FEED, clock.now())[:SHOWN]]
        body = render_template("feed.xml", posts=posts, rfc822=_rfc822)
        return _conditional(body, "application/rss+xml")

    return app


def _conditional(body: str, mimetype: str = "text/html") -> Response:
    response = make_response(body)
    response.mimetype = mimetype
    response.add_etag()
    response.make_conditional(request)
    return response


def _rfc822(moment: dt.datetime) -> str:
    return format_datetime(moment.astimezone(SHANGHAI))


def shown_time(moment: dt.datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
