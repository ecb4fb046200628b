"""The public sites of the demo world, as ordinary web pages on loopback."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime

from flask import Flask, Response, abort, jsonify, make_response, render_template, request

from core.clock import SHANGHAI, Clock
from zhisheng.demo.posts import NAMES, Site, World

ROBOTS = "User-agent: *\nDisallow: /admin/\n"
SHOWN = 60


def create_sites(world: World, clock: Clock) -> Flask:
    """Make the application that serves all four sites under /news, /forum, /hotlist and /feed."""
    app = Flask(__name__, template_folder="site_templates", static_folder=None)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.globals.update(names=NAMES, Site=Site)
    app.jinja_env.filters["shown_time"] = shown_time
    pages = _Pages(world, clock)
    for rule, view in (
        ("/robots.txt", _robots),
        ("/news/", pages.listing),
        ("/forum/", pages.listing),
        ("/news/<post_id>.html", pages.page),
        ("/forum/<post_id>.html", pages.page),
        ("/feed/<post_id>.html", pages.page),
        ("/hotlist/<post_id>", pages.page),
        ("/hotlist/api.json", pages.hot_list),
        ("/feed/rss.xml", pages.feed),
    ):
        app.add_url_rule(rule, endpoint=rule, view_func=view)
    return app


def _robots() -> Response:
    return Response(ROBOTS, mimetype="text/plain")


class _Pages:
    """The views; what they show depends on how far the world has come."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock

    def _shown(self, site: Site) -> list[dict[str, object]]:
        posts = self._world.appeared(site, self._clock.now())[:SHOWN]
        return [{"post": post, "at": self._world.published_at(post)} for post in posts]

    def listing(self) -> Response:
        site = Site(request.path.strip("/"))
        return _conditional(
            render_template(f"{site}_list.html", posts=self._shown(site), site=site)
        )

    def page(self, post_id: str) -> Response:
        site = Site(request.path.split("/")[1])
        post = self._world.find(site, post_id, self._clock.now())
        if post is None:
            abort(404)
        at = self._world.published_at(post)
        return _conditional(render_template("page.html", site=site, post=post, at=at))

    def hot_list(self) -> Response:
        posts = self._world.appeared(Site.HOTLIST, self._clock.now())
        data = [
            {
                "title": post.title,
                "url": f"{request.url_root}hotlist/{post.id}",
                "hot": post.views,
                "time": self._world.published_at(post).isoformat(),
            }
            for post in sorted(posts, key=lambda post: -post.views)[:SHOWN]
        ]
        body = jsonify(name=NAMES[Site.HOTLIST], data=data).get_data(as_text=True)
        return _conditional(body, "application/json")

    def feed(self) -> Response:
        body = render_template("feed.xml", posts=self._shown(Site.FEED), rfc822=_rfc822)
        return _conditional(body, "application/rss+xml")


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
