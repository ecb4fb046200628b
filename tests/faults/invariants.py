"""What must hold after any fault, read from the tables and from what the outside world saw.

The numbers are those of the reliability plan: I1 pages, I2 matches, I3 people told, I4 messages, I5 posts,
I7 chains, I8 orphans. The re-check of the rule is a plain search for the word, not our matcher.
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerting.timeline import verify_timeline
from core import audit
from core.database.base import Base
from core.database.models.alerting import Alert, AlertState, Delivery, DeliveryState, Match, Rule
from core.database.models.collecting import Document, DocumentBody, FrontierURL
from core.database.models.media import Draft, FeedItem, Publication, PublicationState
from core.database.models.operations import AuditEntry, OperatorNotice
from tests.faults.world import FIRST, OFFICERS, World, rule_name
from tests.installation import wait_until

WITH_CHANNEL = ("weibo", "wordpress", "wechat")


def assert_invariants(world: World) -> None:
    # Evidence of an alert is sealed beside everything else, so a test may get here before it.
    wait_until(lambda: not world.waiting_work(), what="no work left")
    with world.services.sessions() as session:
        _pages_are_documents_once(session, world)
        for word in world.words:
            _matches_are_in_one_alert(session, word)
            _everybody_was_told(session, world, word)
            _answer_is_out_once(session, world, word)
        _chains_are_whole(session)
        _no_orphans(session)


def _pages_are_documents_once(session: Session, world: World) -> None:
    """I1: each page, by its address and words, is there once, with its text, analysed and indexed."""
    found = Counter(session.scalars(select(Document.canonical_url)))
    expected = {world.site.url + path for path in world.site.pages}
    assert expected == {url for url in found if url.startswith(world.site.url)}
    assert set(found.values()) <= {1}
    unfinished = session.scalars(
        select(Document.id).where(
            Document.analysed_at.is_(None)
            | (Document.indexed_revision.is_distinct_from(Document.revision))
        )
    ).all()
    assert unfinished == []


def _matches_are_in_one_alert(session: Session, word: str) -> None:
    """I2: each document with the word has its match, and all of them the same alert."""
    with_word = set(
        session.scalars(
            select(DocumentBody.document_id).where(
                DocumentBody.title.contains(word) | DocumentBody.text.contains(word)
            )
        )
    )
    rows = session.execute(
        select(Match.document_id, Match.alert_id)
        .join(Rule, Rule.id == Match.rule_id)
        .where(Rule.name == rule_name(word))
    ).all()
    assert Counter(document for document, _ in rows) == Counter(with_word)
    alerts = {alert for _, alert in rows}
    assert len(alerts) == bool(with_word)
    assert None not in alerts
    for alert in session.scalars(select(Alert).where(Alert.id.in_(alerts))):
        assert alert.documents == len(with_word)


def _everybody_was_told(session: Session, world: World, word: str) -> None:
    """I3 and I4: each officer has one first message, at most one mail more, and that one says 重发."""
    alert = world.alert_of(session, word)
    if alert is None:
        return
    rows = session.scalars(
        select(Delivery).where(Delivery.alert_id == alert.id, Delivery.reason == FIRST)
    ).all()
    ways = Counter((row.person_id, row.channel) for row in rows)
    officers = [world.people[login] for login in OFFICERS]
    assert ways == Counter((person, way) for person in officers for way in ("console", "email"))
    if alert.state == AlertState.OPEN.value:
        is_told = any(row.state == DeliveryState.SENT.value for row in rows)
        assert is_told or session.scalar(select(func.count()).select_from(OperatorNotice))
    assert {row.state for row in rows} == {DeliveryState.SENT.value}
    for row in rows:
        if row.channel != "email":
            continue
        subjects = [
            str(mail["Subject"])
            for mail in world.mails_about(word)
            if row.idempotency_key in str(mail["Message-ID"])
        ]
        assert 1 <= len(subjects) <= 2, row.idempotency_key
        assert ["重发" in subject for subject in subjects] in ([False], [False, True], [True])


def _answer_is_out_once(session: Session, world: World, word: str) -> None:
    """I5: every planned post is PUBLISHED, and its readers see it once."""
    rows = session.scalars(
        select(Publication)
        .join(Draft, Draft.id == Publication.draft_id)
        .where(Draft.title.contains(word))
    ).all()
    if not rows:
        return
    assert {row.state for row in rows} == {PublicationState.PUBLISHED.value}
    items = session.scalar(select(func.count()).where(FeedItem.title.contains(word)))
    assert items == 1
    assert world.effects(word) == dict.fromkeys(WITH_CHANNEL, 1)


def _chains_are_whole(session: Session) -> None:
    """I7: no entry of a timeline or of the audit log is missing or changed."""
    for alert_id in session.scalars(select(Alert.id)):
        assert verify_timeline(session, alert_id) is None
    assert audit.verify(session) is None
    planned = session.scalars(
        select(AuditEntry.object_id).where(AuditEntry.action == "publication_scheduled")
    ).all()
    assert Counter(planned) == Counter(map(str, session.scalars(select(Publication.id))))


def _no_orphans(session: Session) -> None:
    """I8: nothing points to a row that is not there."""
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            target = key.column.table.alias()
            orphans = session.scalar(
                select(func.count())
                .select_from(table.outerjoin(target, key.parent == target.c[key.column.name]))
                .where(key.parent.is_not(None), target.c[key.column.name].is_(None))
            )
            assert orphans == 0, f"{table.name}.{key.parent.name}"
    documents = select(Document.id)
    loose = select(func.count()).where(
        FrontierURL.document_id.is_not(None), FrontierURL.document_id.not_in(documents)
    )
    assert session.scalar(loose) == 0
    bodies = session.scalar(select(func.count()).select_from(DocumentBody))
    assert bodies == session.scalar(select(func.count()).select_from(Document))
