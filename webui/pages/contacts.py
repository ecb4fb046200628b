"""How somebody who wrote to the union may be reached: open to few, each look with its reason."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.audit import AuditEvent, record
from core.errors import InvalidOptionsError
from crawlers import public_forms
from webui.access import require, viewer
from webui.console import console, writing
from webui.page import render, tell
from webui.permissions import Permission

blueprint = Blueprint("contacts", __name__)

SEE_OTHER = 303
LONGEST_REASON = 100


@blueprint.post("/documents/<int:document_id>/contact")
@require(Permission.CONTACT_READ)
def contact(document_id: int) -> ResponseReturnValue:
    """Show how the writer of a letter may be reached, once, with the reason in the audit log."""
    reason = request.form.get("reason", "")[:LONGEST_REASON]
    now = console().clock.now()
    try:
        with writing() as session:
            found = public_forms.read_contact(
                session,
                console().keyring,
                document_id,
                actor=viewer().actor,
                reason=reason,
                now=now,
            )
            seen = AuditEvent(viewer().actor, "document.read", "document", str(document_id))
            record(session, seen, now)
    except InvalidOptionsError as error:
        tell(error.faults["reason"], "warn")
        return redirect(url_for("documents.detail", document_id=document_id), SEE_OTHER)
    if found is None:
        tell("这条信息没有留联系方式。", "warn")
        return redirect(url_for("documents.detail", document_id=document_id), SEE_OTHER)
    return render("documents/contact.html", document_id=document_id, contact=found)
