"""Seeing why a document has its labels, correcting them, and taking corrections back."""

from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from core.clock import FakeClock
from core.corrected_labels import without_corrections
from core.database.base import JsonObject
from core.database.models.collecting import Document, DocumentBody
from core.database.models.operations import AuditEntry, Queue, WorkItem
from core.database.models.understanding import Event, LabelCorrection
from core.database.sessions import Sessions
from nlp.annotations import TextInput
from nlp.pipeline import Pipeline, default_pipeline
from tests.webui.conftest import Member, post, sign_in
from tests.webui.content import Content, Post
from webui.console import Console

TITLE = "工地欠薪三个月，工友相约讨说法"
TEXT = "项目部说月底一定结，今天又说等通知，<b>求助</b>！"
COLUMNS = ("relevant", "relevance", "our_union", "polarity", "topics")


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return default_pipeline()


@dataclass
class Desk:
    """One analysed document, and what the database says of it."""

    sessions: Sessions
    id: int

    def annotations(self) -> JsonObject:
        with self.sessions() as session:
            found = session.scalars(
                select(DocumentBody.annotations).where(DocumentBody.document_id == self.id)
            ).one()
            assert found is not None
            return found

    def document(self) -> Document:
        with self.sessions() as session:
            return session.get_one(Document, self.id)

    def queued(self) -> set[str]:
        with self.sessions() as session:
            rows = session.scalars(select(WorkItem.queue).where(WorkItem.subject_id == self.id))
            return set(rows)

    def corrections(self) -> list[LabelCorrection]:
        with self.sessions() as session:
            return list(session.scalars(select(LabelCorrection).order_by(LabelCorrection.id)))

    def audited(self, action: str) -> list[AuditEntry]:
        with self.sessions() as session:
            return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))

    @property
    def path(self) -> str:
        return f"/documents/{self.id}"


@pytest.fixture
def desk(
    console_for_tests: Console,
    people: dict[str, Member],
    sessions: Sessions,
    pipeline: Pipeline,
) -> Desk:
    """The document is analysed by the real pipeline and waits for nothing."""
    assert people
    made = Content(console_for_tests).post(Post(title=TITLE, text=TEXT))
    found = pipeline.analyse([TextInput(TITLE, TEXT)])[0]
    with sessions.begin() as session:
        session.execute(
            update(DocumentBody)
            .where(DocumentBody.document_id == made)
            .values(annotations=found.to_json(str(made)))
        )
        session.execute(
            update(Document)
            .where(Document.id == made)
            .values(
                relevant=found.relevant.label,
                relevance=found.relevant.score,
                our_union=found.our_union.label,
                polarity=found.polarity.label.value,
                topics=[topic.code for topic in found.topics],
            )
        )
        session.query(WorkItem).delete()
    return Desk(sessions, made)


@pytest.fixture
def analyst(client: FlaskClient, desk: Desk) -> FlaskClient:
    assert desk
    sign_in(client, "sunyue")
    return client


def correct(client: FlaskClient, desk: Desk, task: str, label: str | list[str], seen: str) -> int:
    form = {"task": task, "label": label, "seen": seen}
    return post(client, f"{desk.path}/labels", form).status_code


def page(client: FlaskClient, desk: Desk) -> str:
    answer = client.get(desk.path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_page_says_why_with_words_weights_version_and_probability(
    analyst: FlaskClient, desk: Desk, pipeline: Pipeline
) -> None:
    shown = page(analyst, desk)
    reasons = shown.partition("为什么这样判断")[2]
    assert "欠薪" in reasons
    assert "提示词：" in reasons
    assert "，占 " in reasons
    assert f"<code>{pipeline.models['relevance']}</code>" in reasons
    assert "概率 " in reasons


def test_correction_changes_the_document_and_hands_it_on(
    analyst: FlaskClient, desk: Desk, people: dict[str, Member]
) -> None:
    before = desk.document()
    assert correct(analyst, desk, "polarity", "neutral", "negative") == 303
    after = desk.document()
    assert after.polarity == "neutral"
    assert after.revision == before.revision + 1
    assert desk.queued() == {Queue.INDEX.value, Queue.EVALUATE.value}
    (kept,) = desk.corrections()
    assert (kept.task, kept.was, kept.corrected) == ("polarity", "negative", "neutral")
    assert kept.person_id == people["sunyue"].id
    (entry,) = desk.audited("document.correct")
    assert entry.actor == f"person:{people['sunyue'].id}"
    assert entry.detail == {"task": "polarity", "was": "negative", "corrected": "neutral"}


def test_corrected_label_names_the_editor_and_what_the_model_said(
    analyst: FlaskClient, desk: Desk
) -> None:
    correct(analyst, desk, "polarity", "neutral", "negative")
    shown = page(analyst, desk)
    assert "孙越" in shown
    assert "模型原判：负面" in shown
    assert "更正记录" in shown
    assert "情感：负面 → 中性" in shown


@pytest.mark.parametrize(
    ("task", "label", "expected"),
    [
        ("relevant", "0", {"label": 0, "score": 0.0}),
        ("our_union", "1", {"label": 1, "score": 1.0}),
        ("kind", "policy", {"label": "policy"}),
        ("offensive", "1", {"label": 1, "score": 1.0}),
        ("topics", ["working_time", "wage_arrears"], [
            {"code": "wage_arrears", "score": 1.0}, {"code": "working_time", "score": 1.0},
        ]),
        ("topics", [], []),
    ],
)  # fmt: skip
def test_every_label_can_be_corrected(
    analyst: FlaskClient, desk: Desk, task: str, label: str | list[str], expected: object
) -> None:
    seen = _seen(desk, task)
    assert correct(analyst, desk, task, label, seen) == 303
    assert desk.annotations()[task] == expected


def _seen(desk: Desk, task: str) -> str:
    value = desk.annotations()[task]
    if isinstance(value, list):
        return " ".join(str(item["code"]) for item in value)
    assert isinstance(value, dict)
    return str(value["label"])


def test_what_is_not_about_labour_has_no_topic(analyst: FlaskClient, desk: Desk) -> None:
    correct(analyst, desk, "relevant", "0", "1")
    document = desk.document()
    assert (document.relevant, document.relevance, document.topics) == (False, 0.0, [])


def test_relevance_takes_a_document_out_of_its_event_and_back_to_the_analysis(
    analyst: FlaskClient, desk: Desk, sessions: Sessions, clock: FakeClock
) -> None:
    with sessions.begin() as session:
        event = Event(
            title="工地欠薪", status="new",
            first_published_at=clock.now(), last_published_at=clock.now(),
        )  # fmt: skip
        session.add(event)
        session.flush()
        event_id = event.id
        session.get_one(Document, desk.id).event_id = event_id
    correct(analyst, desk, "relevant", "0", "1")
    assert desk.document().event_id is None
    with sessions() as session:
        assert session.get_one(Event, event_id).due_at == clock.now()
    correct(analyst, desk, "relevant", "1", "0")
    assert Queue.ANALYSE.value in desk.queued()


def test_undone_correction_leaves_the_models_label(analyst: FlaskClient, desk: Desk) -> None:
    annotations, before = desk.annotations(), desk.document()
    correct(analyst, desk, "relevant", "0", "1")
    correct(analyst, desk, "polarity", "positive", "negative")
    for kept in desk.corrections():
        answer = post(analyst, f"{desk.path}/labels/{kept.id}/undo")
        assert answer.status_code == 303
    assert desk.annotations() == annotations
    after = desk.document()
    # Stored scores have four digits.
    assert after.relevance == pytest.approx(before.relevance, abs=1e-4)
    assert [getattr(after, name) for name in COLUMNS if name != "relevance"] == [
        getattr(before, name) for name in COLUMNS if name != "relevance"
    ]
    assert len(desk.audited("document.correction_undone")) == 2
    assert "撤销" in page(analyst, desk)


def test_undoing_the_newest_brings_back_the_one_before(analyst: FlaskClient, desk: Desk) -> None:
    correct(analyst, desk, "polarity", "neutral", "negative")
    correct(analyst, desk, "polarity", "positive", "neutral")
    post(analyst, f"{desk.path}/labels/{desk.corrections()[1].id}/undo")
    assert desk.document().polarity == "neutral"


def test_correction_of_what_somebody_changed_meanwhile_is_refused(
    analyst: FlaskClient, desk: Desk
) -> None:
    correct(analyst, desk, "polarity", "neutral", "negative")
    form = {"task": "polarity", "label": "positive", "seen": "negative"}
    answer = post(analyst, f"{desk.path}/labels", form)
    assert answer.status_code == 409
    assert "刚被改为“中性”" in answer.get_data(as_text=True)
    assert desk.document().polarity == "neutral"
    assert len(desk.corrections()) == 1


def test_undoing_twice_is_refused(analyst: FlaskClient, desk: Desk) -> None:
    correct(analyst, desk, "polarity", "neutral", "negative")
    path = f"{desk.path}/labels/{desk.corrections()[0].id}/undo"
    assert post(analyst, path).status_code == 303
    assert post(analyst, path).status_code == 409


@pytest.mark.parametrize(
    ("task", "label"),
    [
        ("polarity", "furious"),
        ("polarity", []),
        ("weather", "1"),
        ("topics", ["wage_arrears", "working_time", "dismissal", "union_work"]),
        ("topics", ["no_such_topic"]),
    ],
)
def test_label_that_may_not_be_chosen_changes_nothing(
    analyst: FlaskClient, desk: Desk, task: str, label: str | list[str]
) -> None:
    before = desk.annotations()
    assert correct(analyst, desk, task, label, "negative") == 422
    assert desk.annotations() == before
    assert desk.queued() == set()


@pytest.mark.parametrize("login", ["wangmin", "outsider"])
def test_others_may_not_correct(client: FlaskClient, desk: Desk, login: str) -> None:
    sign_in(client, login)
    assert correct(client, desk, "polarity", "neutral", "negative") == 403
    assert desk.corrections() == []


def test_reader_without_the_right_sees_reasons_but_no_buttons(
    client: FlaskClient, desk: Desk
) -> None:
    sign_in(client, "wangmin")
    shown = page(client, desk)
    assert "为什么这样判断" in shown
    assert f'action="{desk.path}/labels"' not in shown


def test_leader_may_correct_and_undo_what_an_analyst_did(analyst: FlaskClient, desk: Desk) -> None:
    correct(analyst, desk, "polarity", "neutral", "negative")
    post(analyst, "/logout")
    sign_in(analyst, "zhoulan")
    post(analyst, f"{desk.path}/labels/{desk.corrections()[0].id}/undo")
    assert desk.document().polarity == "negative"
    assert "周岚" in page(analyst, desk)


def test_form_without_its_token_is_refused(analyst: FlaskClient, desk: Desk) -> None:
    form = {"task": "polarity", "label": "neutral", "seen": "negative"}
    assert analyst.post(f"{desk.path}/labels", data=form).status_code == 400
    assert desk.corrections() == []


def test_correction_of_another_document_is_not_undone_from_this_one(
    analyst: FlaskClient, desk: Desk, console_for_tests: Console
) -> None:
    other = Content(console_for_tests).post(Post())
    correct(analyst, desk, "polarity", "neutral", "negative")
    path = f"/documents/{other}/labels/{desk.corrections()[0].id}/undo"
    assert post(analyst, path).status_code == 404
    assert desk.document().polarity == "neutral"


def test_document_in_analysis_cannot_be_corrected(
    analyst: FlaskClient, desk: Desk, sessions: Sessions
) -> None:
    with sessions.begin() as session:
        session.execute(update(Document).where(Document.id == desk.id).values(analysed_at=None))
    assert correct(analyst, desk, "polarity", "neutral", "negative") == 409


def test_deleted_document_is_not_there_to_correct(analyst: FlaskClient, desk: Desk) -> None:
    form = {"task": "polarity", "label": "neutral", "seen": "negative"}
    assert post(analyst, f"/documents/{desk.id + 1}/labels", form).status_code == 404


def test_models_own_words_are_kept_beside_a_correction(analyst: FlaskClient, desk: Desk) -> None:
    before = desk.annotations()
    correct(analyst, desk, "kind", "policy", _seen(desk, "kind"))
    correct(analyst, desk, "relevant", "0", "1")
    assert without_corrections(desk.annotations()) == before
