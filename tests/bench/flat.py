"""What a new document costs when ten thousand or a hundred thousand are there: analysis, stories and events.

The tables are filled on the server: rows as the worker writes them, with look-up keys of which a quarter is shared
with real texts, so that common keys lead to as many rows as they are allowed to. Then real posts are analysed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from itertools import islice

import click
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.clock import monotonic
from core.database.models.collecting import Document, DocumentBody, Source
from core.database.sessions import Sessions
from nlp.annotations import Annotations, TextInput
from nlp.events.description import describe, labels_of
from nlp.events.keys import keys_of
from nlp.events.profile import profile_of
from nlp.pipeline import Pipeline, default_pipeline
from nlp.stories.sketch import sketches
from tests.bench.installation import fresh_installation
from tests.bench.result import Better, Goal, Result
from tests.bench.size import Size
from tests.bench.texts import SEED, UNTIL, posts
from zhisheng.understanding import BATCH, load_bodies, text_input, write_annotations

FEW, MANY = 10_000, 100_000
MOST_GROWTH = 1.5
SHARED = 4
POOL = 500
# So few that the few documents already fill every common key up to its limit.
POOL_KEYS = 1_200
FILLED_AT_ONCE = 100_000
MINUTE = dt.timedelta(minutes=1)


def run(size: Size) -> list[Result]:
    steps = (size.of(FEW, 500), size.of(MANY, 2_000))
    measured = size.of(4_000, 256)
    pipeline = default_pipeline()
    costs: list[float] = []
    with fresh_installation() as installation:
        sessions = installation.services.sessions
        filler = _Filler(sessions, pipeline)
        for place, count in enumerate(steps):
            filler.fill(count)
            costs.append(_cost(sessions, pipeline, measured, seed=SEED + place + 1))
            click.echo(f"  {count:,} documents: {costs[-1]:.2f} ms each", err=True)
    few, many = costs
    return [
        Result(
            name="flat",
            value=many,
            unit=f"ms a document among {steps[1]:,}: analysis, stories, events",
            better=Better.LOWER,
            peer=f"the same among {steps[0]:,}",
            peer_value=few,
            goal=Goal(few * MOST_GROWTH, Better.LOWER),
        )
    ]


def _cost(sessions: Sessions, pipeline: Pipeline, count: int, *, seed: int) -> float:
    """Analyse and place ``count`` new posts as the worker does, in milliseconds for each."""
    with sessions.begin() as session:
        ids = _collect(session, count, seed)
    started = monotonic()
    for start in range(0, count, BATCH):
        with sessions() as session:
            rows = load_bodies(session, ids[start : start + BATCH])
        found = pipeline.analyse([text_input(document, body) for document, body in rows])
        annotations: dict[int, Annotations] = {
            document.id: one for (document, _), one in zip(rows, found, strict=True)
        }
        with sessions.begin() as session:
            write_annotations(session, rows, annotations, UNTIL)
    return (monotonic() - started) / count * 1_000


def _collect(session: Session, count: int, seed: int) -> list[int]:
    source = Source(name=f"信源{seed}", kind="feed", platform="论坛", level="public")
    session.add(source)
    session.flush()
    documents = []
    for number, post in enumerate(islice(posts(seed=seed), count)):
        document = Document(
            source_id=source.id,
            canonical_url=f"https://flat.example.invalid/{seed}/{number}",
            content_hash=hashlib.sha256(f"{seed} {number}".encode()).digest(),
            platform="论坛",
            level="public",
            published_at=UNTIL - number * MINUTE,
            ingested_at=UNTIL,
            collected_by="bench",
        )
        documents.append((document, post))
    session.add_all([document for document, _ in documents])
    session.flush()
    session.add_all(
        DocumentBody(document_id=document.id, ingested_at=UNTIL, title=post.title, text=post.text)
        for document, post in documents
    )
    return [document.id for document, _ in documents]


class _Filler:
    """Fills the tables up to a number of documents, half of them relevant and in events of two."""

    def __init__(self, sessions: Sessions, pipeline: Pipeline) -> None:
        self._sessions = sessions
        self._count = 0
        texts = [TextInput(post.title, post.text, UNTIL) for post in islice(posts(seed=SEED), POOL)]
        described = describe(texts, [labels_of(found) for found in pipeline.analyse(texts)])
        drawn = [one for one in sketches([(t.title, t.text) for t in texts]) if one is not None]
        with sessions.begin() as session:
            session.execute(text("create table pool_key (kind int, place int, key bigint)"))
            session.execute(text("create table pool_row (kind int, place int, content bytea)"))
            _store(session, 1, [key for one in drawn for key in one.keys.tolist()])
            _store(session, 2, [key for one in described for key in keys_of(one)])
            rows = [
                *((1, place, one.shingles.tobytes()) for place, one in enumerate(drawn[:500])),
                *(
                    (2, place, profile_of(one).packed())
                    for place, one in enumerate(described[:500])
                ),
            ]
            session.execute(
                text("insert into pool_row values (:kind, :place, :content)"),
                [
                    {"kind": kind, "place": place, "content": content}
                    for kind, place, content in rows
                ],
            )
            session.execute(text("create index on pool_key (kind, place)"))
            session.execute(text("create index on pool_row (kind, place)"))
            session.add(Source(name="量度", kind="feed", platform="论坛", level="public"))

    def fill(self, count: int) -> None:
        for start in range(self._count, count, FILLED_AT_ONCE):
            end = min(start + FILLED_AT_ONCE, count)
            with self._sessions.begin() as session:
                for statement in _FILLING:
                    session.execute(text(statement), {"start": start, "end": end - 1, "at": UNTIL})
        self._count = count
        with self._sessions.begin() as session:
            for table in ("document", "story", "story_sketch", "story_key", "event", "event_key"):
                session.execute(text(f"analyze {table}"))


def _store(session: Session, kind: int, keys: Sequence[int]) -> None:
    session.execute(
        text(
            "insert into pool_key select :kind, place - 1, key "
            "from unnest(cast(:keys as bigint[])) with ordinality as listed(key, place)"
        ),
        {"kind": kind, "keys": list(keys)},
    )


# The filled rows have negative numbers, so that they meet none that the sequences give.
_FILLING = (
    """
    insert into document (id, source_id, canonical_url, content_hash, platform, level, published_at,
        ingested_at, collected_by, analysed_at, relevant, story_id, story_relation, event_id, topics, regions)
    overriding system value
    select -1 - n, (select id from source where name = '量度'), 'https://filled.example.invalid/' || n,
        decode(md5(n::text), 'hex'), '论坛', 'public', cast(:at as timestamptz) - (n % 20000) * interval '1 minute',
        cast(:at as timestamptz) - (n % 20000) * interval '1 minute', 'bench', :at, n % 2 = 0, null, 'first', null, '{wage_arrears}', '{440000}'
    from generate_series(cast(:start as bigint), cast(:end as bigint)) as n
    """,
    """
    insert into event (id, title, status, first_published_at, last_published_at, documents, negative, hotness)
    overriding system value
    select -1 - n, '事件' || n, 'new', :at, cast(:at as timestamptz) - (n % 20000) * interval '1 minute', 2, 1, random()
    from generate_series(cast(:start as bigint), cast(:end as bigint)) as n where n % 4 = 0
    """,
    """
    insert into story (id, first_document_id, title, first_published_at, last_published_at, documents, event_id)
    overriding system value
    select -1 - n, -1 - n, '稿件' || n, :at, :at, 1, case when n % 2 = 0 then -1 - (n - n % 4) end
    from generate_series(cast(:start as bigint), cast(:end as bigint)) as n
    """,
    """
    insert into story_sketch (document_id, story_id, published_at, last_at, seen_at, digest, shingles, numbers, names, keys)
    select -1 - n, -1 - n, cast(:at as timestamptz) - (n % 20000) * interval '1 minute', cast(:at as timestamptz) - (n % 20000) * interval '1 minute', cast(:at as timestamptz),
        (random() * 1e18)::bigint, (select content from pool_row where kind = 1 and place = n % 500), '', '', '{}'
    from generate_series(cast(:start as bigint), cast(:end as bigint)) as n
    """,
    f"""
    insert into story_key (key, document_id)
    select case when k < {SHARED} then (select key from pool_key where kind = 1 and place = (n * 7919 + k * 104729) % {POOL_KEYS})
        else (random() * 9e18)::bigint end, -1 - n
    from generate_series(cast(:start as bigint), cast(:end as bigint)) as n, generate_series(0, 15) as k
    where k >= {SHARED} or (n * 7919 + k * 104729) % {POOL_KEYS} < (select count(*) from pool_key where kind = 1)
    on conflict do nothing
    """,  # noqa: S608 (a number of our own)
    """
    insert into event_profile (event_id, content, seen_at)
    select -1 - n, (select content from pool_row where kind = 2 and place = n % 500), :at
    from generate_series(cast(:start as bigint), cast(:end as bigint)) as n where n % 4 = 0
    """,
    f"""
    insert into event_key (event_id, key, seen_at)
    select -1 - n, case when k < {2 * SHARED}
        then (select key from pool_key where kind = 2 and place = (n * 7919 + k * 104729) % {POOL_KEYS})
        else (random() * 9e18)::bigint end, cast(:at as timestamptz) - (n % 20000) * interval '1 minute'
    from generate_series(cast(:start as bigint), cast(:end as bigint)) as n, generate_series(0, 29) as k
    where n % 4 = 0
        and (k >= {2 * SHARED} or (n * 7919 + k * 104729) % {POOL_KEYS} < (select count(*) from pool_key where kind = 2))
    on conflict do nothing
    """,  # noqa: S608 (a number of our own)
)
