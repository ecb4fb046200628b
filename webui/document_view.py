"""What the page of a document shows, for reading it and for answering what was done on it."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, abort, request

from alerting.document_alerts import alerts_of_document
from alerting.rules import RuleLanguage
from core.audit import AuditEvent, record
from core.corrected_labels import TASK_LABELS, label_name
from core.corrections import history
from core.documents import read_document, story_lines
from core.event_record import present_event
from core.expression import Expression, ExpressionError, Scope
from core.expression.names import LEVEL_LABELS
from crawlers.evidence.listing import EvidenceFilter, list_evidence
from crawlers.public_forms import has_contact
from webui import evidence_view
from webui.access import viewer
from webui.console import console, reading, writing
from webui.document_annotations import annotations_of
from webui.document_labels import labels_of
from webui.document_results import finds
from webui.evidence_view import standing_of
from webui.highlights import marked
from webui.page import render
from webui.permissions import Permission
from webui.vocabulary import ANSWER_LABELS, expression_names


def language() -> RuleLanguage:
    return RuleLanguage.load(reading(), expression_names())


def show_document(
    document_id: int, status: int = HTTPStatus.OK, *, problem: str | None = None
) -> Response:
    """Draw the document as it is now, and log that its text was read."""
    # What another transaction has just committed is only seen by a new one.
    reading().rollback()
    document = read_document(reading(), document_id)
    if document is None:
        abort(HTTPStatus.NOT_FOUND, "找不到这条信息，它可能已按 180 天的保存期限删除。")
    now = console().clock.now()
    with writing() as session:
        event = AuditEvent(viewer().actor, "document.read", "document", str(document_id))
        record(session, event, now)
    spans = finds(document, _expression_of_link(), now)
    lines = history(reading(), document_id)
    is_analysed = document.analysed_at is not None
    return render(
        "documents/detail.html",
        status,
        document=document,
        problem=problem,
        text=marked(document.text, spans[Scope.TEXT]),
        annotations=annotations_of(document),
        labels=labels_of(document, lines, console().explainer) if is_analysed else [],
        corrections=lines,
        task_labels=TASK_LABELS,
        label_name=label_name,
        may_correct=viewer().may(Permission.CORRECT),
        level=LEVEL_LABELS.get(document.level, document.level),
        answer=ANSWER_LABELS.get(document.answer_state or ""),
        story=story_lines(reading(), document.story_id) if document.story_id else [],
        event=present_event(reading(), document.event_id)
        if viewer().may(Permission.EVENT_VIEW)
        else None,
        pieces=list_evidence(reading(), EvidenceFilter(document_id=document_id)).lines
        if viewer().may(Permission.EVIDENCE_VIEW)
        else (),
        standing=standing_of([document_id]),
        words=evidence_view,
        has_contact=viewer().may(Permission.CONTACT_READ) and has_contact(reading(), document_id),
        alerts=alerts_of_document(reading(), document_id)
        if viewer().may(Permission.ALERT_VIEW)
        else (),
    )


def _expression_of_link() -> Expression | None:
    """Read the search that led here; a wrong one only means that nothing is marked."""
    typed = request.args.get("q", "").strip()
    try:
        return language().parse(typed) if typed else None
    except ExpressionError:
        return None
