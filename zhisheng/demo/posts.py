"""The posts of the demo world, and which of them have appeared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import yaml

from core.errors import ConfigurationError

WORLD_FOLDER = Path(__file__).parent / "world"
# Posts that are there from the beginning are dated over the hours before it.
EARLIER = dt.timedelta(hours=8)


class Site(StrEnum):
    NEWS = "news"
    FORUM = "forum"
    HOTLIST = "hotlist"
    FEED = "feed"


NAMES = {
    Site.NEWS: "河湾新闻网（演练）",
    Site.FORUM: "河湾职工论坛（演练）",
    Site.HOTLIST: "同城热榜（演练）",
    Site.FEED: "河湾资讯聚合（演练）",
}


@dataclass(frozen=True, slots=True)
class Post:
    """One invented post; ``offset_s`` counts from the start of the world."""

    id: str
    offset_s: int
    site: Site
    title: str
    text: str
    author: str
    outlet: str
    reposts: int
    comments: int
    views: int


class World:
    """All posts, dated from the moment the world began."""

    def __init__(self, posts: Sequence[Post], began_at: dt.datetime) -> None:
        self._posts = tuple(posts)
        self._early = [post.id for post in posts if post.offset_s == 0]
        self.began_at = began_at

    def published_at(self, post: Post) -> dt.datetime:
        if post.offset_s:
            return self.began_at + dt.timedelta(seconds=post.offset_s)
        position = self._early.index(post.id)
        return self.began_at - EARLIER * (1 - position / max(1, len(self._early)))

    def appeared(self, site: Site, now: dt.datetime) -> list[Post]:
        """Give what one site shows now, newest first."""
        shown = [
            post
            for post in self._posts
            if post.site is site and self.began_at + dt.timedelta(seconds=post.offset_s) <= now
        ]
        return sorted(shown, key=lambda post: (self.published_at(post), post.id), reverse=True)

    def find(self, site: Site, post_id: str, now: dt.datetime) -> Post | None:
        return next((post for post in self.appeared(site, now) if post.id == post_id), None)


def load_posts(folder: Path = WORLD_FOLDER) -> list[Post]:
    """Read the posts; raises ConfigurationError when one is not as the world's README says."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rows = yaml.load((folder / "posts.yaml").read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 (a safe loader, compiled)
    try:
        return [_post(row) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"演练文本 posts.yaml 有误：{error}") from error


def _post(row: dict[str, object]) -> Post:
    return Post(
        id=str(row["id"]),
        offset_s=int(str(row["offset_s"])),
        site=Site(str(row["site"])),
        title=str(row["title"]),
        text=str(row["text"]),
        author=str(row["author"]),
        outlet=str(row["outlet"]),
        reposts=int(str(row["reposts"])),
        comments=int(str(row["comments"])),
        views=int(str(row["views"])),
    )
