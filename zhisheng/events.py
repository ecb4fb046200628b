"""Joins stories to events as their documents are analysed; only relevant documents form events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.models.collecting import Document
from core.database.models.understanding import StoryRelation
from nlp.annotations import Annotations, TextInput
from nlp.events.clauses import ClauseCounts, clauses_of
from nlp.events.clustering import CANDIDATES, LOOK_BACK, best_event, is_recent
from nlp.events.description import Description, describe, labels_of
from nlp.events.keys import keys_of
from nlp.events.profile import Profile, profile_of
from zhisheng import event_tables
from zhisheng.stories import StoryPlace

# A busy event is counted anew at most this often.
PAUSE_S = 5.0
BEGINNING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Analysed:
    """A document with its masked text, what the analysis found, and its place among the stories.

    ``columns`` are what its row gets, people's corrections included.
    """

    document: Document
    text: TextInput
    found: Annotations
    place: StoryPlace
    columns: Mapping[str, object]

    @property
    def is_relevant(self) -> bool:
        return bool(self.columns["relevant"])


def join_events(
    session: Session, batch: Sequence[Analysed], now: dt.datetime | None
) -> dict[int, int]:
    """Place relevant documents in events in the caller's transaction; gives the event of each of them.

    The caller has joined the stories before, and so holds the lock. A story stays in its event: whoever was placed
    by hand, or analysed again, is not moved.
    """
    if not batch:
        return {}
    relevant = [one for one in batch if one.is_relevant]
    relevant.sort(key=lambda one: (one.document.published_at, one.document.id))
    joining = _Joining(session, relevant)
    joining.run()
    arrivals = [one.document.ingested_at for one in batch]
    joining.store(now or max(arrivals), _left(session, batch))
    return joining.events


def _left(session: Session, batch: Sequence[Analysed]) -> set[int]:
    """List the events of documents that another analysis calls irrelevant now."""
    ids = [one.document.id for one in batch if not one.place.is_new and not one.is_relevant]
    if not ids:
        return set()
    rows = session.scalars(
        select(Document.event_id).where(Document.id.in_(ids), Document.event_id.is_not(None))
    )
    return {event_id for event_id in rows if event_id is not None}


@dataclass(slots=True, eq=False)
class _Cluster:
    """An event while a batch joins it; ``id`` None until it is inserted."""

    id: int | None
    profile: Profile | None
    first: Analysed
    keys: dict[int, None] = field(default_factory=dict)
    last_at: dt.datetime | None = None
    stories: set[int] = field(default_factory=set)
    is_changed: bool = False


class _Joining:
    def __init__(self, session: Session, batch: Sequence[Analysed]) -> None:
        self._session = session
        self._batch = batch
        self._by_story: dict[int, _Cluster] = {}
        self._by_id: dict[int, _Cluster] = {}
        self._by_key: dict[int, list[_Cluster]] = {}
        self._clusters: dict[int, _Cluster] = {}
        self._new_clauses: list[int] = []
        self.events: dict[int, int] = {}

    def run(self) -> None:
        known = event_tables.story_events(
            self._session, [one.place.story_id for one in self._batch]
        )
        asking = [
            one for one in self._batch if known.get(one.place.story_id) is None or _says_more(one)
        ]
        texts = describe([one.text for one in asking], [labels_of(one.found) for one in asking])
        described = {one.document.id: text for one, text in zip(asking, texts, strict=True)}
        keys = {id_: keys_of(text) for id_, text in described.items()}
        homeless = {
            one.document.id: keys[one.document.id]
            for one in asking
            if known.get(one.place.story_id) is None
        }
        candidates = event_tables.candidates(self._session, homeless)
        wanted = {event_id for ids in candidates.values() for event_id in ids}
        wanted |= {event_id for event_id in known.values() if event_id is not None}
        profiles = event_tables.profiles(self._session, wanted)
        for one in self._batch:
            id_, story_id = one.document.id, one.place.story_id
            text, own = described.get(id_), keys.get(id_, [])
            cluster = self._by_story.get(story_id)
            if cluster is None and (event_id := known.get(story_id)) is not None:
                cluster = self._known(event_id, profiles.get(event_id), one)
            if cluster is None and text is not None:
                near = [
                    self._known(event_id, profiles[event_id], one)
                    for event_id in candidates.get(id_, ())
                    if event_id in profiles
                ]
                cluster = self._chosen(text, own, near) or _Cluster(None, None, one)
            if cluster is not None:
                self._add(cluster, one, text, own)

    def _usual_clauses(self, asking: Sequence[Analysed]) -> list[frozenset[int]]:
        """Tell for each text which of its clauses several stories held before it, and count its own."""
        clauses = [clauses_of(one.text, one.found) for one in asking]
        counts = ClauseCounts(
            event_tables.clause_counts(
                self._session, [hash_ for own in clauses for hash_ in own.hashes]
            )
        )
        usual = []
        for one, own in zip(asking, clauses, strict=True):
            usual.append(counts.usual(own))
            if one.place.is_new and one.place.relation is StoryRelation.FIRST:
                counts.add(own)
                self._new_clauses += own.hashes
        return usual

    def _known(self, event_id: int, profile: Profile | None, one: Analysed) -> _Cluster:
        return self._by_id.setdefault(event_id, _Cluster(event_id, profile, one))

    def _chosen(
        self, text: Description, keys: Sequence[int], near: Sequence[_Cluster]
    ) -> _Cluster | None:
        in_batch = {id(one): one for key in keys for one in self._by_key.get(key, ())}
        possible = {id(one): one for one in near} | in_batch
        recent = [
            (number, one.profile)
            for number, one in possible.items()
            if one.profile is not None and is_recent(text, one.profile, LOOK_BACK)
        ]
        best = best_event(text, recent[: CANDIDATES + len(in_batch)])
        return None if best is None else possible[best]

    def _add(
        self, cluster: _Cluster, one: Analysed, text: Description | None, keys: Sequence[int]
    ) -> None:
        at = one.document.published_at
        if text is not None and (one.place.is_new or cluster.profile is None):
            is_first = cluster.profile is None
            cluster.profile = (
                profile_of(text) if cluster.profile is None else cluster.profile.with_text(text)
            )
            cluster.is_changed = True
            cluster.keys |= dict.fromkeys(keys)
            for key in keys:
                line = self._by_key.setdefault(key, [])
                if is_first or cluster not in line:
                    line.append(cluster)
        elif cluster.profile is not None and one.place.is_new:
            cluster.profile = cluster.profile.seen_again(at)
            cluster.is_changed = True
        cluster.last_at = max(at, cluster.last_at or at)
        cluster.stories.add(one.place.story_id)
        self._by_story[one.place.story_id] = cluster
        self._clusters[id(cluster)] = cluster

    def store(self, now: dt.datetime, left: set[int]) -> None:
        """Write the events, and have them counted anew together with those that were ``left``."""
        clusters = list(self._clusters.values())
        new = [cluster for cluster in clusters if cluster.id is None]
        ids = event_tables.begin(self._session, [_columns(cluster, now) for cluster in new])
        for cluster, event_id in zip(new, ids, strict=True):
            cluster.id = event_id
        event_tables.keep_profiles(
            self._session,
            {
                cluster.id or 0: (cluster.profile, list(cluster.keys), cluster.last_at)
                for cluster in clusters
                if cluster.is_changed and cluster.profile is not None and cluster.last_at
            },
        )
        event_tables.join(
            self._session,
            {story: cluster.id or 0 for cluster in clusters for story in cluster.stories},
        )
        for one in self._batch:
            self.events[one.document.id] = self._by_story[one.place.story_id].id or 0
        event_tables.count_clauses(self._session, self._new_clauses, now)
        touched = {c.id or 0: c.last_at for c in clusters if c.last_at is not None}
        touched |= {event_id: BEGINNING for event_id in left if event_id not in touched}
        event_tables.touch(self._session, touched, now, pause_s=PAUSE_S)


def _says_more(one: Analysed) -> bool:
    return one.place.is_new and one.place.relation is StoryRelation.REWRITE


def _columns(cluster: _Cluster, now: dt.datetime) -> dict[str, object]:
    one = cluster.first
    at = one.document.published_at
    return {
        "title": (one.text.title.strip() or one.text.text.strip())[:60] or "（无标题）",
        "status_since": at,
        "topics": one.columns["topics"],
        "regions": one.columns["regions"],
        "employers": one.columns["employers"],
        "first_document_id": one.document.id,
        "first_published_at": at,
        "last_published_at": at,
        "documents": 1,
        "stories": 1,
        "sources": 1,
        "negative": int(one.columns["polarity"] == "negative"),
        "is_demo": one.document.is_demo,
        "due_at": now,
    }
