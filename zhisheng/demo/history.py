"""Thirty seeded days before the demo begins, so that trends and baselines show."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import structlog
import yaml
from sqlalchemy import delete, select

from core import claims
from core.clock import SHANGHAI
from core.database.models.collecting import Source
from core.database.models.operations import Queue, WorkItem
from core.errors import ConfigurationError
from crawlers.intake import CollectedDocument, store
from nlp.pipeline import Pipeline
from zhisheng.demo.installation import began_at
from zhisheng.demo.ledger import seed_ledger
from zhisheng.demo.posts import NAMES, WORLD_FOLDER
from zhisheng.pipelines import build_pipeline
from zhisheng.services import Services
from zhisheng.understanding import load_bodies, text_input, write_annotations

log = structlog.get_logger(__name__)

SEED = 20_261_121
COLLECTED_BY = "history"
BATCH = 100
SLOT = re.compile(r"\{([a-z_]+)(2?)\}")
DEPTH = 4
TRIES = 20
ARRIVES_AFTER = dt.timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class PastPost:
    """One generated post of the past."""

    site: str
    published_at: dt.datetime
    title: str
    text: str
    author: str
    outlet: str
    views: int
    reposts: int
    comments: int


class HistoryWriter:
    """Fills templates with values from a seeded generator: the same seed gives the same history."""

    def __init__(self, material: Mapping[str, object], seed: int = SEED) -> None:
        self._random = random.Random(seed)  # noqa: S311 (invented posts, no secret)
        # The material's shape is stated in the world's README and checked by its tests.
        self._slots = cast("Mapping[str, list[str]]", material["slots"])
        self._hours = cast("Mapping[str, list[float]]", material["hours"])
        self._weekdays = cast("Mapping[str, list[float]]", material["weekdays"])
        self._engagement = cast("Mapping[str, Mapping[str, float]]", material["engagement"])
        self._templates = cast("list[Mapping[str, object]]", material["templates"])
        self._events = cast("list[Mapping[str, object]]", material["events"])
        self._volume = cast("list[float]", material["volume"])
        self._days = int(str(material["days"]))
        self._per_day = float(str(material["posts_per_day"]))
        self._made: set[tuple[str, str]] = set()

    def posts(self, until: dt.datetime) -> Iterator[PastPost]:
        """Generate the days before ``until``, oldest first."""
        today = until.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
        for back in range(self._days, -1, -1):
            day = today - dt.timedelta(days=back)
            made = [*self._ordinary(day), *self._of_events(day, -back)]
            yield from sorted(
                (post for post in made if post.published_at < until - dt.timedelta(hours=1)),
                key=lambda post: post.published_at,
            )

    def _ordinary(self, day: dt.datetime) -> Iterator[PastPost]:
        weights = [
            float(str(template["weight"]))
            * self._weekdays[str(template["weekdays"])][day.weekday()]
            for template in self._templates
        ]
        count = round(self._per_day * self._volume[day.weekday()] * self._random.uniform(0.9, 1.1))
        for template in self._random.choices(self._templates, weights, k=count):
            post = self._fill(template, day, str(template["hours"]))
            if post is not None:
                yield post

    def _of_events(self, day: dt.datetime, offset: int) -> Iterator[PastPost]:
        for event in self._events:
            daily = cast("list[int]", event["daily"])
            posts = cast("list[Mapping[str, object]]", event["posts"])
            position = offset - int(str(event["first_day"]))
            if not 0 <= position < len(daily):
                continue
            for _ in range(daily[position]):
                progress = (position + self._random.random()) / len(daily)
                template = posts[min(len(posts) - 1, int(progress * len(posts)))]
                post = self._fill(template, day, str(template.get("hours", "evening")))
                if post is not None:
                    yield post

    def _fill(
        self, template: Mapping[str, object], day: dt.datetime, hours: str
    ) -> PastPost | None:
        for _ in range(TRIES):
            values: dict[str, str] = {}
            title, text, author, outlet = (
                self._filled(str(template.get(name) or ""), values)
                for name in ("title", "text", "author", "outlet")
            )
            if (title, text) not in self._made:
                break
        else:
            return None
        self._made.add((title, text))
        site = str(template["site"])
        (hour,) = self._random.choices(range(24), self._hours[hours])
        second = self._random.randrange(3600)
        profile = self._engagement[site]
        views = max(1, round(profile["views"] * math.exp(self._random.gauss(0, profile["spread"]))))
        return PastPost(
            site=site,
            published_at=day + dt.timedelta(hours=hour, seconds=second),
            title=title,
            text=text,
            author=author,
            outlet=outlet,
            views=views,
            reposts=round(views * profile["reposts"]),
            comments=round(views * profile["comments"]),
        )

    def _filled(self, text: str, values: dict[str, str]) -> str:
        for _ in range(DEPTH):
            if "{" not in text:
                break
            text = SLOT.sub(lambda found: self._value(found[1], found[2], values), text)
        return text

    def _value(self, name: str, second: str, values: dict[str, str]) -> str:
        key = name + second
        if key not in values:
            taken = values.get(name) if second else values.get(name + "2")
            choices = [value for value in self._slots[name] if value != taken]
            values[key] = self._random.choice(choices)
        return values[key]


def load_material(folder: Path = WORLD_FOLDER) -> Mapping[str, object]:
    """Read history.yaml; raises ConfigurationError when it is no mapping."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    material = yaml.load((folder / "history.yaml").read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 (a safe loader, compiled)
    if not isinstance(material, dict):
        raise ConfigurationError("演练文本 history.yaml 有误：应是一组键值。")
    return material


def seed_history(services: Services) -> int:
    """Store the past, newest days first; its documents are analysed and indexed but raise no alerts.

    The generator repeats itself exactly and storing is idempotent, so an interrupted seeding is simply
    done again. Gives the number of posts; 0 when it was complete already.
    """
    marker = services.home.path / "history-seeded"
    if marker.exists():
        return 0
    with services.sessions() as session:
        rows = session.execute(select(Source.name, Source.id).where(Source.is_demo)).all()
    ids = {row.name: row.id for row in rows}
    sources = {site.value: ids[name] for site, name in NAMES.items()}
    posts = list(
        HistoryWriter(load_material()).posts(began_at(services.home.path, services.clock.now()))
    )
    posts.reverse()
    pipeline = build_pipeline(demo=True)
    for start in range(0, len(posts), BATCH):
        _store_batch(services, sources, posts[start : start + BATCH], pipeline)
    seed_ledger(services)
    marker.touch()
    log.info("history_seeded", documents=len(posts))
    return len(posts)


def _store_batch(
    services: Services, sources: Mapping[str, int], posts: Sequence[PastPost], pipeline: Pipeline
) -> None:
    with services.sessions.begin() as session:
        ids = []
        for post in posts:
            source = session.get_one(Source, sources[post.site])
            outcome = store(
                session,
                source,
                _collected(post),
                now=post.published_at + ARRIVES_AFTER,
                hasher=services.hasher,
                collected_by=COLLECTED_BY,
            )
            ids.append(outcome.document_id)
        # The past is analysed here and now: it must not reach the rules, which would wake somebody for it.
        session.execute(
            delete(WorkItem).where(
                WorkItem.queue == Queue.ANALYSE.value, WorkItem.subject_id.in_(ids)
            )
        )
        rows = load_bodies(session, ids)
        found = pipeline.analyse([text_input(document, body) for document, body in rows])
        annotations = {document.id: one for (document, _), one in zip(rows, found, strict=True)}
        write_annotations(session, rows, annotations, None)
        claims.enqueue(session, Queue.INDEX, ids, services.clock.now())


def _collected(post: PastPost) -> CollectedDocument:
    digest = hashlib.sha256(
        f"{post.published_at.isoformat()}{post.title}{post.text}".encode()
    ).hexdigest()
    return CollectedDocument(
        url=f"http://127.0.0.1/demo-history/{post.site}/{digest[:16]}",
        title=post.title,
        text=post.text,
        published_at=post.published_at,
        author=post.author or None,
        outlet=post.outlet or None,
        views=post.views,
        reposts=post.reposts,
        comments=post.comments,
    )
