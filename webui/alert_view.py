"""What the page of an alert shows, for reading it and for answering what was done on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus

from flask import Response, abort
from markupsafe import Markup

from alerting.actions import Action
from alerting.alert_detail import AlertDetail, alert_detail
from alerting.alerts import AlertNotFoundError
from alerting.assignees import assignees
from alerting.attach import Tables
from alerting.levels import LAYER_LABELS, SEVERITY_LABELS, VERDICT_LABELS
from alerting.tables import stored_tables
from alerting.uncertainty import Uncertainty, uncertainty
from config.alerting_defaults import AlertingDefaults, load_alerting_defaults
from core.audit import AuditEvent, record
from core.database.models.alerting import AlertState, Severity, Verdict
from core.database.models.duty import Layer
from core.documents import StoredDocument, read_documents
from core.event_record import event_of_alert
from webui import evidence_view
from webui.access import viewer
from webui.console import console, reading, writing
from webui.evidence_view import standing_of
from webui.highlights import excerpt, marked
from webui.page import is_fragment, render
from webui.permissions import ROLE_PERMISSIONS, Permission
from webui.vocabulary import narrow_regions, topic_label

EVIDENCE_LENGTH = 180
FIRST_EVIDENCE = 3
CHANNEL_LABELS = {"console": "站内", "email": "邮件", "wecom": "企业微信"}
HANDLERS = tuple(
    role.value for role, held in ROLE_PERMISSIONS.items() if Permission.ALERT_HANDLE in held
)


@dataclass(frozen=True, slots=True)
class Evidence:
    document: StoredDocument
    title: Markup
    text: Markup


@cache
def _defaults() -> AlertingDefaults:
    return load_alerting_defaults()


def tables() -> Tables:
    """Give the severity table and the deadlines of this union."""
    return stored_tables(reading(), _defaults())


def find_alert(alert_id: int) -> AlertDetail:
    try:
        return alert_detail(reading(), alert_id, console().clock.now())
    except AlertNotFoundError as error:
        abort(HTTPStatus.NOT_FOUND, str(error))


def show_alert(
    alert_id: int,
    status: int = HTTPStatus.OK,
    *,
    problem: str | None = None,
    action: str = "",
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
) -> Response:
    """Draw the alert as it is now; ``typed`` keeps what somebody wrote in the dialog of ``action``."""
    # What another transaction has just committed is only seen by a new one.
    reading().rollback()
    alert = find_alert(alert_id)
    with writing() as session:
        event = AuditEvent(viewer().actor, "document.read", "alert", str(alert_id))
        record(session, event, console().clock.now())
    template = "alerts/_alert.html" if is_fragment() else "alerts/alert.html"
    return render(
        template,
        status,
        alert=alert,
        row=alert.row,
        places=narrow_regions(alert.row.regions),
        topics=[topic_label(code) for code in alert.row.topics],
        event=event_of_alert(reading(), alert_id) if viewer().may(Permission.EVENT_VIEW) else None,
        doubts=doubts(alert, uncertainty(reading(), alert_id)),
        evidence=_evidence(alert),
        first_evidence=FIRST_EVIDENCE,
        standing=standing_of([one.document_id for one in alert.evidence.documents]),
        words=evidence_view,
        steps=_steps(alert),
        actions=allowed_actions(alert),
        colleagues=[(person.id, person.name) for person in assignees(reading(), HANDLERS)],
        severities=[(level.value, SEVERITY_LABELS[level]) for level in Severity],
        verdicts=[(verdict.value, VERDICT_LABELS[verdict]) for verdict in Verdict],
        problem=problem,
        action=action,
        typed=typed or {},
        faults=faults or {},
        channel_labels=CHANNEL_LABELS,
        is_followed=alert.row.state in {AlertState.OPEN, AlertState.ACKNOWLEDGED},
        page_class="detail",
        theme_default="dark-phone",
    )


def allowed_actions(alert: AlertDetail) -> frozenset[Action]:
    """Give what the state allows and this person may do."""
    may = viewer().may
    if not may(Permission.ALERT_HANDLE):
        return frozenset()
    allowed = set(alert.actions)
    if not may(Permission.ALERT_CLOSE):
        allowed.discard(Action.CLOSE)
    return frozenset(allowed)


def doubts(alert: AlertDetail, known: Uncertainty) -> list[tuple[str, str]]:
    """Say in sentences what the alert does not know."""
    reprints = (
        f"{known.documents} 条中有 {known.reprints} 条是转载，不同内容 {known.pieces} 篇"
        if known.reprints
        else f"{known.documents} 条内容各不相同，未发现转载"
    )
    sources = f"共 {known.sources} 个信源，" + (
        f"其中媒体或机构信源 {known.institutions} 个"
        if known.institutions
        else "尚无媒体或机构信源印证"
    )
    found = [("转载", reprints), ("信源", sources)]
    if known.doubtful_times:
        found.append(("时间", f"{known.doubtful_times} 条的发布时间存疑，按采集时间计"))
    if alert.row.is_late:
        found.append(("迟到", "命中的都是较早发布、刚采集到的信息"))
    found.append(("机器判断", "主题、情感、地区由模型给出，尚未经人工核实"))
    return found


def _evidence(alert: AlertDetail) -> list[Evidence]:
    spans = {one.document_id: one.spans for one in alert.evidence.documents}
    found = []
    for document in read_documents(reading(), list(spans)):
        of = {
            field: [(start, end) for name, start, end in spans[document.id] if name == field]
            for field in ("title", "text")
        }
        found.append(
            Evidence(
                document,
                marked(document.title, of["title"]),
                excerpt(document.text, of["text"], length=EVIDENCE_LENGTH),
            )
        )
    return found


def _steps(alert: AlertDetail) -> list[dict[str, object]]:
    return [
        {
            "number": step.number,
            "due_at": step.due_at,
            "layers": "、".join(
                LAYER_LABELS[Layer(layer)] if layer in set(Layer) else layer
                for layer in step.layers
            ),
            "channels": "、".join(CHANNEL_LABELS.get(name, name) for name in step.channels),
            "is_done": step.is_done,
        }
        for step in alert.steps
    ]
