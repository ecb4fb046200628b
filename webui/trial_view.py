"""What the panel of a trial run shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from alerting.trial import AlertEstimate
from core.documents import StoredDocument, read_documents
from core.expression import Expression, Scope, print_expression
from core.trial import Change, Difference, Trial, TrialDraft, sample_ids
from core.trial_noise import TermNoise
from core.trial_samples import Candidates
from webui.access import viewer
from webui.console import reading
from webui.document_results import finds
from webui.highlights import excerpt, marked
from webui.permissions import Permission
from webui.trial_words import (
    PART_LABELS,
    leaf_text,
    peak_sentence,
    share_sentence,
    term_kind,
    time_notes,
    volume_sentence,
    wording_lines,
)

WIDTH, HEIGHT = 720, 96


@dataclass(frozen=True, slots=True)
class Sample:
    document: StoredDocument
    title: Markup
    excerpt: Markup


@dataclass(frozen=True, slots=True)
class TermRow:
    """``without`` is the draft as typed without the term, None where every hit has to hold it."""

    text: str
    kind: str
    noise: TermNoise
    without: str | None


@dataclass(frozen=True, slots=True)
class ChangeView:
    name: str
    change: Change
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class DifferenceView:
    difference: Difference
    wording: Sequence[tuple[str, tuple[str, ...]]]
    changes: tuple[ChangeView, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One day (or hour); places and heights in the units of the drawing."""

    x: float
    width: float
    y: float
    height: float
    negative_y: float
    negative_height: float
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialView:
    """Everything the templates draw; ``may_read`` tells whether this person may see posts."""

    trial: Trial
    typed: str
    sentences: tuple[str, ...]
    peak: str
    bars: tuple[Bar, ...]
    width: int
    height: int
    notes: tuple[str, ...]
    samples: tuple[Sample, ...]
    terms: tuple[TermRow, ...]
    difference: DifferenceView | None
    left_out: tuple[str, ...]
    may_read: bool
    is_rule: bool
    wide: str | None = None
    alerts: str | None = None
    estimate: AlertEstimate | None = None
    judged: tuple[str, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)


def trial_view(  # noqa: PLR0913 (all options are keyword-only)
    trial: Trial,
    draft: TrialDraft,
    saved: TrialDraft | None,
    *,
    is_rule: bool,
    notes: Sequence[str] = (),
    wide: str | None = None,
    alerts: str | None = None,
    estimate: AlertEstimate | None = None,
    judged: Sequence[str] = (),
) -> TrialView:
    sentences = (volume_sentence(trial), share_sentence(trial))
    said = time_notes(draft.whole, trial, is_rule=is_rule)
    may_read = viewer().may(Permission.SEARCH)
    return TrialView(
        trial=trial,
        typed="" if draft.expression is None else print_expression(draft.expression),
        sentences=tuple(filter(None, sentences)),
        peak=peak_sentence(trial),
        bars=_bars(trial),
        width=WIDTH,
        height=HEIGHT,
        notes=(*notes, *said),
        samples=_samples(trial, draft.whole) if may_read else (),
        terms=tuple(map(_term_row, trial.terms)),
        difference=_difference(trial, draft, saved, may_read=may_read),
        left_out=tuple(PART_LABELS[part] for part in trial.left_out),
        may_read=may_read,
        is_rule=is_rule,
        wide=wide,
        alerts=alerts,
        estimate=estimate,
        judged=tuple(judged),
    )


def _bars(trial: Trial) -> tuple[Bar, ...]:
    scale = HEIGHT / max(1, *(point.total for point in trial.points))
    step = WIDTH / len(trial.points)
    return tuple(
        Bar(
            x=place * step,
            width=max(step - 2, step * 0.7),
            y=HEIGHT - point.total * scale,
            height=point.total * scale,
            negative_y=HEIGHT - point.negative * scale,
            negative_height=point.negative * scale,
            place=place,
        )
        for place, point in enumerate(trial.points)
    )


def _term_row(noise: TermNoise) -> TermRow:
    return TermRow(
        text=leaf_text(noise.term.shown),
        kind=term_kind(noise.term),
        noise=noise,
        without=None if noise.rest is None else print_expression(noise.rest),
    )


def _samples(trial: Trial, whole: Expression | None) -> tuple[Sample, ...]:
    """Show of each stretch as many as wanted, of one story only the newest while there are others."""
    documents = {
        document.id: document for document in read_documents(reading(), sample_ids(trial.samples))
    }
    seen: set[int] = set()
    chosen = [document for entry in trial.samples for document in _distinct(entry, documents, seen)]
    return tuple(_sample(document, whole, trial) for document in chosen)


def _distinct(
    entry: Candidates, documents: Mapping[int, StoredDocument], seen: set[int]
) -> list[StoredDocument]:
    there = [documents[id_] for id_ in entry.ids if id_ in documents]
    fresh: list[StoredDocument] = []
    repeated: list[StoredDocument] = []
    for document in there:
        is_new = document.story_id is None or document.story_id not in seen
        (fresh if is_new else repeated).append(document)
        if document.story_id is not None:
            seen.add(document.story_id)
    chosen = (fresh + repeated)[: entry.wanted]
    return sorted(chosen, key=lambda document: (document.published_at, document.id), reverse=True)


def _sample(document: StoredDocument, whole: Expression | None, trial: Trial) -> Sample:
    spans = finds(document, whole, trial.until)
    title = (
        marked(document.title, spans[Scope.TITLE])
        if document.title.strip()
        else Markup.escape(document.headline)
    )
    return Sample(document, title, excerpt(document.text, spans[Scope.TEXT]))


def _difference(
    trial: Trial, draft: TrialDraft, saved: TrialDraft | None, *, may_read: bool
) -> DifferenceView | None:
    difference = trial.difference
    if difference is None or saved is None:
        return None
    sides = (
        ("多命中", difference.added, draft.whole),
        ("少命中", difference.removed, saved.whole),
    )
    changes = []
    for name, change, whole in sides:
        documents = read_documents(reading(), change.ids) if may_read else []
        samples = tuple(_sample(document, whole, trial) for document in documents)
        changes.append(ChangeView(name, change, samples))
    return DifferenceView(difference, wording_lines(difference.wording), tuple(changes))
