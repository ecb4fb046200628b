"""Adding a source by pasting its address: what it could be is shown before anything is saved."""

from __future__ import annotations

from flask import Blueprint, Response, request

from crawlers.proposal.candidate import SourceCandidate
from crawlers.proposal.proposal import SourceProposal, propose
from crawlers.source_types import SOURCE_TYPES
from crawlers.sources import free_name, names_with_url
from webui.access import require
from webui.console import console, reading
from webui.page import render
from webui.pages.source_fields import drawing, kinds, robots_words, shown_samples, values_of
from webui.permissions import Permission

blueprint = Blueprint("source_proposals", __name__, url_prefix="/sources/new")

UNPROCESSABLE = 422


@blueprint.get("")
@require(Permission.SOURCE_MANAGE)
def index() -> Response:
    return _page(request.args.get("url", ""))


@blueprint.post("")
@require(Permission.SOURCE_MANAGE)
def show() -> Response:
    url, kind = request.form.get("url", ""), request.form.get("kind", "")
    found = propose(
        url,
        http=console().http,
        policy=console().policy,
        user_agent=console().http.user_agent,
        now=console().clock.now(),
        kind=kind if kind in SOURCE_TYPES else None,
    )
    return _page(url, found, asked=kind if kind in SOURCE_TYPES else None)


def _page(
    url: str, proposal: SourceProposal | None = None, *, asked: str | None = None
) -> Response:
    best = proposal.candidates[0] if proposal and proposal.candidates else None
    context: dict[str, object] = _drawn(best) if best is not None else {}
    return render(
        "sources/new.html",
        UNPROCESSABLE if proposal is not None and best is None else 200,
        url=url,
        proposal=proposal,
        best=best,
        missed=SOURCE_TYPES.load(asked).label
        if asked is not None and best is not None and best.draft.kind != asked
        else None,
        others=_others(proposal) if proposal else [],
        kinds=kinds(),
        addressed=kinds(by_address=True),
        robots=robots_words(proposal.robots if proposal else None),
        **context,
    )


def _drawn(best: SourceCandidate) -> dict[str, object]:
    draft = best.draft
    return {
        **drawing(draft.kind),
        "values": values_of(draft) | {"name": free_name(reading(), draft.name)},
        "faults": {},
        "samples": shown_samples(best.sample.items),
        "same": names_with_url(reading(), draft.url or ""),
        "best_robots": robots_words(best.robots),
    }


def _others(proposal: SourceProposal) -> list[dict[str, object]]:
    return [
        {
            "kind": candidate.draft.kind,
            "label": SOURCE_TYPES.load(candidate.draft.kind).label,
            "why": candidate.why,
            "url": candidate.draft.url,
            "found": max(len(candidate.sample.items), candidate.sample.links_found),
        }
        for candidate in proposal.candidates[1:]
    ]
