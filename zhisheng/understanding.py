"""Takes new documents through the pipeline and hands them on to the index and the rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from config.regions import ancestors
from core import claims
from core.clock import Clock
from core.corrected_labels import columns, with_corrections
from core.corrections import lock_documents, standing_corrections
from core.database.models.collecting import Document, DocumentBody
from core.database.models.operations import Queue, WorkItem
from core.database.sessions import Sessions
from core.faults import fault_point
from nlp.annotations import Annotations, EntityType, TextInput
from nlp.pipeline import Analyses
from nlp.privacy import masked_input
from zhisheng.events import Analysed, join_events
from zhisheng.known_places import known_regions
from zhisheng.stories import StoryPlace, join_stories

log = structlog.get_logger(__name__)

BATCH = 128
LEASE = dt.timedelta(seconds=120)
MOST_TRIES = 2


class UnderstandWorker:
    """Analyses in batches; a text that fails alone twice is put on the dead list, the others go on."""

    topics = frozenset({Queue.ANALYSE.value})

    def __init__(self, sessions: Sessions, clock: Clock, pipeline: Analyses, *, owner: str) -> None:
        self._sessions = sessions
        self._clock = clock
        self._pipeline = pipeline
        self._owner = owner

    def step(self) -> int:
        with self._sessions.begin() as session:
            claimed = claims.take(
                session,
                WorkItem,
                owner=self._owner,
                now=self._clock.now(),
                lease=LEASE,
                limit=BATCH,
                where=[WorkItem.queue == Queue.ANALYSE.value],
            )
        if not claimed:
            return 0
        # After a failure each text goes alone, so that one bad text cannot take its batch down.
        fresh = [claim for claim in claimed if claim.attempt == 1]
        for batch in (fresh, *([claim] for claim in claimed if claim.attempt > 1)):
            if batch:
                self._handle(batch)
        return len(claimed)

    def _handle(self, batch: Sequence[claims.Claim]) -> None:
        try:
            self._analyse(batch)
        except Exception as error:
            log.exception("analysis_failed", items=len(batch))
            self._postpone(batch, f"{type(error).__name__}: {error}")

    def _postpone(self, batch: Sequence[claims.Claim], error: str) -> None:
        now = self._clock.now()
        with self._sessions.begin() as session:
            for claim in batch:
                if claim.attempt >= MOST_TRIES and len(batch) == 1:
                    claims.bury(session, WorkItem, claim, now=now, error=error)
                else:
                    claims.retry(session, WorkItem, claim, due_at=now, error=error)

    def _analyse(self, batch: Sequence[claims.Claim]) -> None:
        with self._sessions() as session:
            subjects = dict(
                session.execute(
                    select(WorkItem.id, WorkItem.subject_id).where(
                        WorkItem.id.in_([c.id for c in batch])
                    )
                ).all()
            )
            rows = load_bodies(session, list(subjects.values()))
        found = self._pipeline.analyse([text_input(document, body) for document, body in rows])
        annotations = {document.id: one for (document, _), one in zip(rows, found, strict=True)}
        now = self._clock.now()
        with self._sessions.begin() as session:
            removed = claims.remove_many(session, WorkItem, batch)
            done = [subjects[row_id] for row_id in removed if subjects[row_id] in annotations]
            kept = [(document, body) for document, body in rows if document.id in set(done)]
            write_annotations(session, kept, annotations, now)
            claims.enqueue(session, Queue.INDEX, done, now)
            claims.enqueue(session, Queue.EVALUATE, done, now)
            fault_point("analyse.before_commit")
        fault_point("analyse.after_commit")


def load_bodies(session: Session, ids: Sequence[int]) -> list[tuple[Document, DocumentBody]]:
    """Load documents with their bodies, by id; a deleted one is absent."""
    rows = session.execute(
        select(Document, DocumentBody)
        .join(
            DocumentBody,
            (DocumentBody.document_id == Document.id)
            & (DocumentBody.ingested_at == Document.ingested_at),
        )
        .where(Document.id.in_(ids))
        .order_by(Document.id)
    )
    return [(document, body) for document, body in rows]


def text_input(document: Document, body: DocumentBody) -> TextInput:
    return TextInput(title=body.title, text=body.text, published_at=document.published_at)


def region_codes(found: Annotations) -> list[str]:
    """List the adcodes of the places with all that contain them, as search and rules ask for."""
    table = known_regions()
    codes: dict[str, None] = {}
    for mention in found.regions:
        codes |= dict.fromkeys((mention.adcode, *ancestors(mention.adcode, table)))
    return list(codes)


def employers(found: Annotations) -> list[str]:
    """List the employers and platforms under the names by which mentions of one thing meet."""
    kinds = (EntityType.EMPLOYER, EntityType.PLATFORM)
    names = (one.canonical or one.text for one in found.entities if one.type in kinds)
    return list(dict.fromkeys(names))


def write_annotations(
    session: Session,
    rows: Sequence[tuple[Document, DocumentBody]],
    found: Mapping[int, Annotations],
    now: dt.datetime | None,
) -> None:
    """Store the text without private names and addresses, what the pipeline said and people corrected, and the stories joined.

    ``now`` None takes each document's own time of arrival, for a past that is written afterwards.
    """
    documents: list[dict[str, object]] = []
    bodies: list[dict[str, object]] = []
    masked = {
        document.id: masked_input(text_input(document, body), found[document.id].private)
        for document, body in rows
    }
    places = join_stories(session, [(document, masked[document.id]) for document, _ in rows], now)
    # Before the first analysis nobody can have corrected anything.
    again = [document.id for document, _ in rows if document.analysed_at is not None]
    if again:
        lock_documents(session, again)
    standing = standing_corrections(session, again) if again else {}
    analysed: list[Analysed] = []
    for document, _ in rows:
        one, kept = found[document.id], masked[document.id]
        corrections = standing.get(document.id, {})
        annotations = with_corrections(one.to_json(str(document.id)), corrections)
        values = _columns(one, places.get(document.id)) | {
            "b_id": document.id,
            "analysed_at": now or document.ingested_at,
            # What a person corrected stays corrected, whatever the models say now.
            **(columns(annotations) if corrections else {}),
        }
        documents.append(values)
        bodies.append(
            {
                "b_id": document.id,
                "b_at": document.ingested_at,
                "title": kept.title,
                "text": kept.text,
                "annotations": annotations,
            }
        )
        if document.id in places:
            analysed.append(Analysed(document, kept, one, places[document.id], values))
    events = join_events(session, analysed, now)
    if documents:
        connection = session.connection()
        placed = [
            values | {"event_id": events.get(document.id)}
            for values, (document, _) in zip(documents, rows, strict=True)
        ]
        connection.execute(_ANNOTATE, placed)
        connection.execute(_ANNOTATE_BODY, bodies)


def _columns(one: Annotations, place: StoryPlace | None) -> dict[str, object]:
    return {
        "relevant": one.relevant.label,
        "relevance": one.relevant.score,
        "our_union": one.our_union.label,
        "polarity": one.polarity.label.value,
        "topics": [topic.code for topic in one.topics],
        "regions": region_codes(one),
        "employers": employers(one),
        "fingerprint": one.fingerprint,
        "story_id": place.story_id if place else None,
        "story_relation": place.relation.value if place else None,
        "story_parent_id": place.parent_id if place else None,
    }


_ANNOTATE = (
    update(Document)
    .where(Document.id == bindparam("b_id"))
    .values(
        {name: bindparam(name) for name in (
            "analysed_at", "relevant", "relevance", "our_union", "polarity", "topics", "regions",
            "employers", "fingerprint", "story_id", "story_relation", "story_parent_id",
            "event_id",
        )} | {"revision": Document.revision + 1}
    )
)  # fmt: skip
_ANNOTATE_BODY = (
    update(DocumentBody)
    .where(
        DocumentBody.document_id == bindparam("b_id"), DocumentBody.ingested_at == bindparam("b_at")
    )
    .values({name: bindparam(name) for name in ("title", "text", "annotations")})
)
