"""What the database keeps to find a story's event: profiles and the inverted table of their keys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import BigInteger, Integer, bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from core import claims
from core.database.models.understanding import (
    ClauseUse,
    Event,
    EventKey,
    EventProfile,
    EventStatus,
    Story,
)
from core.event_stories import TOPIC
from nlp.events.clustering import LOOK_BACK, PER_KEY
from nlp.events.profile import Profile, unpacked
from zhisheng.key_lookup import KeyLookup, lookup_statement

MOST_CANDIDATES = 16
KEPT = 2 * LOOK_BACK

_CANDIDATES = KeyLookup(
    lookup_statement("event_key", "event_id", latest="seen_at"), PER_KEY, MOST_CANDIDATES
)


def candidates(session: Session, asked: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
    """Look up, by keys, the events each text may belong to; those with most keys in common first."""
    return _CANDIDATES.best(session, asked)


def profiles(session: Session, event_ids: Iterable[int]) -> dict[int, Profile]:
    """Read profiles; those not made yet are left out."""
    rows = session.execute(
        select(EventProfile.event_id, EventProfile.content).where(
            EventProfile.event_id == func.any(bindparam("ids", type_=ARRAY(BigInteger)))
        ),
        {"ids": sorted(set(event_ids))},
    )
    return {event_id: unpacked(content) for event_id, content in rows if content}


def story_events(session: Session, story_ids: Iterable[int]) -> dict[int, int | None]:
    """Tell the event of each story."""
    rows = session.execute(
        select(Story.id, Story.event_id).where(
            Story.id == func.any(bindparam("ids", type_=ARRAY(BigInteger)))
        ),
        {"ids": sorted(set(story_ids))},
    )
    return dict(rows.all())


def begin(session: Session, events: Sequence[Mapping[str, object]]) -> list[int]:
    """Insert events and give their ids in the same order."""
    if not events:
        return []
    statement = insert(Event).returning(Event.id, sort_by_parameter_order=True)
    rows = [{"status": EventStatus.NEW.value} | dict(event) for event in events]
    return list(session.scalars(statement, rows))


def keep_profiles(
    session: Session, changed: Mapping[int, tuple[Profile, Sequence[int], dt.datetime]]
) -> None:
    """Store profiles with the keys that lead to them and when they were last spoken of."""
    if not changed:
        return
    connection = session.connection()
    statement = insert(EventProfile)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["event_id"],
            set_={
                "content": statement.excluded.content,
                "seen_at": func.greatest(EventProfile.seen_at, statement.excluded.seen_at),
            },
        ),
        [
            {"event_id": event_id, "content": profile.packed(), "seen_at": at}
            for event_id, (profile, _, at) in sorted(changed.items())
        ],
    )
    rows = [(event_id, key, at) for event_id, (_, keys, at) in changed.items() for key in keys]
    session.execute(
        _KEEP_KEYS,
        {
            "events": [event_id for event_id, _, _ in rows],
            "keys": [key for _, key, _ in rows],
            "times": [at for _, _, at in rows],
        },
    )


_KEEP_KEYS = text(
    "insert into event_key (event_id, key, seen_at) "
    "select distinct on (1, 2) * from unnest("
    "cast(:events as bigint[]), cast(:keys as bigint[]), cast(:times as timestamptz[])) "
    "order by 1, 2 on conflict (event_id, key) do update set seen_at = excluded.seen_at "
    "where event_key.seen_at < excluded.seen_at - interval '6 hours'"
)


def join(session: Session, stories: Mapping[int, int]) -> None:
    """Put stories into events."""
    if stories:
        session.connection().execute(
            update(Story)
            .where(Story.id == bindparam("b_id"))
            .values(event_id=bindparam("b_event")),
            [{"b_id": story, "b_event": event} for story, event in sorted(stories.items())],
        )


_DUE = text(
    """
    update event set
        due_at = least(
            coalesce(event.due_at, 'infinity'),
            greatest(cast(:now as timestamptz), coalesce(event.refreshed_at + make_interval(secs => :pause), :now))
        ),
        last_published_at = greatest(event.last_published_at, touched.last_at),
        claim_epoch = event.claim_epoch + 1, lease_until = null, attempt = 0, dead_at = null
    from (
        select asked.id, asked.last_at from unnest(
            cast(:ids as bigint[]), cast(:times as timestamptz[])) as asked(id, last_at)
        join event on event.id = asked.id order by asked.id for update of event
    ) as touched
    where event.id = touched.id and event.merged_into_id is null
    """
)


def touch(
    session: Session, last_at: Mapping[int, dt.datetime], now: dt.datetime, *, pause_s: float
) -> None:
    """Have events renewed, each at most every ``pause_s`` seconds; whoever renews them now starts over."""
    if not last_at:
        return
    ids = sorted(last_at)
    values = {"ids": ids, "times": [last_at[id_] for id_ in ids], "now": now, "pause": pause_s}
    session.execute(_DUE, values)
    claims.notify(session, TOPIC)


def clause_counts(session: Session, hashes: Iterable[int]) -> dict[int, int]:
    """Tell how many stories held each clause lately; those of none are left out."""
    rows = session.execute(
        select(ClauseUse.hash, ClauseUse.stories).where(
            ClauseUse.hash == func.any(bindparam("ids", type_=ARRAY(Integer)))
        ),
        {"ids": sorted(set(hashes))},
    )
    return dict(rows.all())


_COUNT_CLAUSES = text(
    "insert into clause_use (hash, stories, seen_at) "
    "select hash, count(*), :at from unnest(cast(:hashes as integer[])) as asked(hash) "
    "group by hash order by hash on conflict (hash) do update set "
    "stories = clause_use.stories + excluded.stories, "
    "seen_at = greatest(clause_use.seen_at, excluded.seen_at)"
)


def count_clauses(session: Session, hashes: Sequence[int], at: dt.datetime) -> None:
    """Count a use for each time a clause is listed."""
    if hashes:
        session.execute(_COUNT_CLAUSES, {"hashes": list(hashes), "at": at})


def forget_old(session: Session, now: dt.datetime, *, most: int = 20_000) -> int:
    """Delete keys under which nothing new can be found; gives how many went."""
    old = select(EventKey.event_id, EventKey.key).where(EventKey.seen_at < now - KEPT).limit(most)
    gone = session.execute(
        delete(EventKey)
        .where(func.row(EventKey.event_id, EventKey.key).in_(old))
        .returning(EventKey.event_id)
        .execution_options(synchronize_session=False)
    ).all()
    session.execute(
        delete(ClauseUse)
        .where(ClauseUse.seen_at < now - KEPT)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        delete(EventProfile)
        .where(EventProfile.seen_at < now - KEPT, EventProfile.is_stale.is_(False))
        .execution_options(synchronize_session=False)
    )
    return len(gone)
