"""Trained models in the place of shipped ones, and corrections as training data."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from core.clock import FakeClock
from core.corrected_labels import LabelTask
from core.corrections import CorrectionDraft, correct, undo
from core.database.models.collecting import Document, DocumentBody
from core.database.models.operations import AuditEntry, WorkItem
from core.database.models.organisation import Organisation, Person
from core.database.models.understanding import LabelCorrection
from core.database.sessions import Sessions
from core.errors import ConfigurationError
from nlp.annotations import TextInput
from nlp.pipeline import load_resources, pipeline_of
from nlp.step import Resources
from nlp.training.classifiers import LabelledFile, train_classifier
from nlp.training.recipes.recipe import RecipeOptions
from tests.zhisheng.collected import Collected, collect
from tests.zhisheng.conftest import Command
from zhisheng.commands.model.feedback import feedback_lines, write_feedback
from zhisheng.explanations import RenewingExplainer
from zhisheng.installed_models import InstalledModels, RenewingPipeline
from zhisheng.pipelines import build_pipeline
from zhisheng.understanding import UnderstandWorker, load_bodies, write_annotations

pytest.importorskip("sklearn", reason="scikit-learn (extra `train`) is not installed")

INSULT, DECENT = "你就是个废物滚开", "辛苦大家了谢谢各位"
HOUR = dt.timedelta(hours=1)


def trained(folder: Path, labels: tuple[str, str]) -> Path:
    """Train a model that tells the two sentences apart, however they go on."""
    data = folder.with_suffix(".csv")
    with data.open("w", encoding="utf-8", newline="") as file:
        rows = [
            (f"{text}{number}号{'啊' * (number % 3)}", label)
            for number in range(12)
            for text, label in zip((INSULT, DECENT), labels, strict=True)
        ]
        csv.writer(file).writerows([("text", "label"), *rows])
    train_classifier(
        LabelledFile(data, ("text",), "label"),
        folder,
        recipe="linear",
        options=RecipeOptions(),
        trained_on="2026-11-21",
    )
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("trained") / "offensive", ("1", "0"))


@pytest.fixture(scope="module")
def resources() -> Resources:
    return load_resources()


@pytest.fixture
def installed(tmp_path: Path) -> InstalledModels:
    return InstalledModels(tmp_path / "home" / "models")


def test_another_model_answers_from_the_next_call_on(
    installed: InstalledModels, resources: Resources, model: Path
) -> None:
    pipeline = RenewingPipeline(resources, installed)
    texts = [TextInput("", INSULT), TextInput("", DECENT)]
    shipped = [one.offensive for one in pipeline.analyse(texts)]
    version = installed.use("offensive", model)
    found = pipeline.analyse(texts)
    assert [one.offensive.label for one in found] == [True, False]
    assert found[0].offensive.score > 0.5 > found[1].offensive.score
    assert found[0].models["offensive"] == version
    assert found[0].models["relevance"] == resources.models.versions["relevance"]
    assert installed.use_shipped("offensive")
    assert [one.offensive for one in pipeline.analyse(texts)] == shipped


def test_reasons_are_those_of_the_model_in_use(installed: InstalledModels, model: Path) -> None:
    explainer = RenewingExplainer(installed)
    item = TextInput("", f"路上{INSULT}听见没有")
    version = installed.use("offensive", model)
    (explained,) = explainer.explain(item, [("offensive", "1")])
    assert explained.version == version
    assert any("废物" in one.text or "滚开" in one.text for one in explained.supporting())
    installed.use_shipped("offensive")
    assert version not in [one.version for one in explainer.explain(item, [("offensive", "1")])]


def test_running_worker_takes_the_new_model_up_and_loses_no_work(
    installed: InstalledModels,
    resources: Resources,
    model: Path,
    sessions: Sessions,
    clock: FakeClock,
) -> None:
    pipeline = RenewingPipeline(resources, installed)
    worker = UnderstandWorker(sessions, clock, pipeline, owner="tests")
    with sessions.begin() as session:
        collect(session, Collected(text=DECENT, at=clock.now() - HOUR))
    assert worker.step() == 1
    with sessions.begin() as session:
        (second,) = collect(session, Collected(text=INSULT, at=clock.now() - HOUR))
    version = installed.use("offensive", model)
    assert worker.step() == 1
    with sessions() as session:
        assert (
            session.scalars(select(WorkItem.subject_id).where(WorkItem.queue == "analyse")).all()
            == []
        )
        annotations = session.scalars(
            select(DocumentBody.annotations).where(DocumentBody.document_id == second)
        ).one()
    assert annotations is not None
    assert annotations["models"]["offensive"] == version  # type: ignore[index]
    assert annotations["offensive"]["label"] == 1  # type: ignore[index]


def test_model_that_was_damaged_later_leaves_the_earlier_ones_at_work(
    installed: InstalledModels, resources: Resources, model: Path
) -> None:
    version = installed.use("offensive", model)
    (installed.folder_of("offensive", version) / "linear.npz").write_bytes(b"broken")
    pipeline = RenewingPipeline(resources, installed)
    assert pipeline.analyse([TextInput("", DECENT)])[0].models == pipeline_of(resources).models


def test_earlier_models_are_kept_and_can_be_used_again(
    installed: InstalledModels, model: Path, tmp_path: Path
) -> None:
    first = installed.use("offensive", model)
    second = installed.use("offensive", trained(tmp_path / "other", ("0", "1")))
    assert installed.versions("offensive") == sorted({first, second})
    assert installed.use("offensive", installed.folder_of("offensive", first)) == first
    assert installed.in_use() == {"offensive": first}


def tampered(model: Path, folder: Path) -> Path:
    shutil.copytree(model, folder)
    with (folder / "linear.npz").open("ab") as file:
        file.write(b"\0")
    return folder


def cut_short(model: Path, folder: Path) -> Path:
    shutil.copytree(model, folder)
    (folder / "linear.npz").unlink()
    return folder


def foreign(_model: Path, folder: Path) -> Path:
    folder.mkdir()
    (folder / "model.json").write_text('{"name": "别家的模型"}', encoding="utf-8")
    return folder


def empty(_model: Path, folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("make", "task", "said"),
    [
        (tampered, "offensive", "对不上"),
        (cut_short, "offensive", "对不上"),
        (foreign, "offensive", "不是本程序写的"),
        (empty, "offensive", "不是模型文件夹"),
        (shutil.copytree, "polarity", "的标签是 0、1，任务「polarity」要的是 negative、neutral、positive"),
        (shutil.copytree, "topics", "不能换用单标签模型"),
    ],
)  # fmt: skip
def test_wrong_folder_is_refused_and_nothing_changes(
    make: object, task: str, said: str, installed: InstalledModels, model: Path, tmp_path: Path
) -> None:
    assert callable(make)
    folder = tmp_path / "given"
    make(model, folder)
    with pytest.raises(ConfigurationError, match=said):
        installed.use(task, folder)
    assert installed.in_use() == {}
    assert installed.versions("offensive") == []


def test_file_of_choices_that_is_not_ours_is_refused(installed: InstalledModels) -> None:
    installed.folder.mkdir(parents=True)
    (installed.folder / "in_use.json").write_text('{"weather": "sunny"}', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="不是职声写的"):
        installed.in_use()


def test_commands_use_list_and_go_back(zhisheng: Command, model: Path) -> None:
    used = zhisheng("model", "use", "offensive", str(model))
    assert used.code == 0, used.err
    assert "从下一批信息起生效" in used.err
    listed = {line["task"]: line for line in json.loads(zhisheng("model", "list", "--json").out)}
    own, shipped = listed["offensive"], listed["relevance"]
    assert (own["origin"], own["trained_on"], own["recipe"]) == ("own", "2026-11-21", "linear")
    assert own["figures"]["accuracy"] > 0.5
    assert own["size_bytes"] > 0
    assert own["kept"] == [own["version"]]
    assert shipped["origin"] == "shipped"
    answer = zhisheng("analyse", text=json.dumps({"id": 1, "text": INSULT}, ensure_ascii=False))
    assert answer.json()["models"]["offensive"] == own["version"]  # type: ignore[index]
    gone_back = zhisheng("model", "use", "offensive", "default")
    assert gone_back.code == 0
    assert "已换回自带的模型" in gone_back.err


# Corrections.


@pytest.fixture
def editor(sessions: Sessions, clock: FakeClock) -> int:
    with sessions.begin() as session:
        organisation = Organisation(name="测试市总工会", level="city")
        session.add(organisation)
        session.flush()
        person = Person(
            organisation_id=organisation.id, login="sunyue", name="孙越", roles=["analyst"],
            password_hash="-", password_changed_at=clock.now(),
        )  # fmt: skip
        session.add(person)
        session.flush()
        return person.id


@pytest.fixture
def analysed(sessions: Sessions, clock: FakeClock) -> list[int]:
    """Two documents that the shipped models have judged."""
    texts = [
        Collected(
            title="工地欠薪", text="拖欠工资三个月，联系人：张伟，求助！", at=clock.now() - HOUR
        ),
        Collected(text="周末天气晴好，适合出行。", at=clock.now() - HOUR),
    ]
    with sessions.begin() as session:
        ids = collect(session, *texts)
    UnderstandWorker(sessions, clock, build_pipeline(demo=False), owner="tests").step()
    return ids


def corrected(
    sessions: Sessions, clock: FakeClock, editor: int, draft: tuple[int, LabelTask, str, str]
) -> None:
    document_id, task, label, seen = draft
    with sessions.begin() as session:
        correct(
            session,
            CorrectionDraft(document_id, task, label, seen=seen),
            person_id=editor,
            now=clock.now(),
        )


def test_new_analysis_keeps_what_a_person_corrected(
    sessions: Sessions, clock: FakeClock, editor: int, analysed: list[int]
) -> None:
    corrected(sessions, clock, editor, (analysed[0], LabelTask.RELEVANT, "0", "1"))
    pipeline = build_pipeline(demo=False)
    with sessions.begin() as session:
        rows = load_bodies(session, analysed)
        found = pipeline.analyse([TextInput(body.title, body.text) for _, body in rows])
        answers = {document.id: one for (document, _), one in zip(rows, found, strict=True)}
        write_annotations(session, rows, answers, clock.now())
    with sessions() as session:
        document = session.get_one(Document, analysed[0])
        assert (document.relevant, document.relevance, document.topics) == (False, 0.0, [])
        # Taken back, what the models said at the new analysis holds.
    with sessions.begin() as session:
        (kept,) = session.scalars(select(LabelCorrection.id)).all()
        undo(session, kept, person_id=editor, now=clock.now())
    with sessions() as session:
        document = session.get_one(Document, analysed[0])
        assert document.relevant
        assert "wage_arrears" in document.topics


def test_feedback_holds_masked_text_labels_and_who_corrected_what(
    sessions: Sessions, clock: FakeClock, editor: int, analysed: list[int]
) -> None:
    corrected(sessions, clock, editor, (analysed[0], LabelTask.POLARITY, "neutral", "negative"))
    with sessions() as session:
        (line,) = (json.loads(line) for line in feedback_lines(session, None))
    assert line["text"].startswith("工地欠薪\n拖欠工资三个月")
    assert "张伟" not in line["text"]
    assert line["sha256"] == hashlib.sha256(line["text"].encode()).hexdigest()
    assert (line["relevant"], line["polarity"]) == (1, "neutral")
    assert "wage_arrears" in line["topics"]
    assert [line[name] for name in ("task", "was", "corrected", "editor")] == [
        "polarity", "negative", "neutral", "孙越",
    ]  # fmt: skip
    assert line["at"] == "2026-11-21T01:30:00.000Z"


def test_feedback_leaves_out_what_was_undone_replaced_or_earlier(
    sessions: Sessions, clock: FakeClock, editor: int, analysed: list[int]
) -> None:
    corrected(sessions, clock, editor, (analysed[0], LabelTask.POLARITY, "neutral", "negative"))
    corrected(sessions, clock, editor, (analysed[0], LabelTask.POLARITY, "positive", "neutral"))
    clock.advance(HOUR)
    corrected(sessions, clock, editor, (analysed[1], LabelTask.OUR_UNION, "1", "0"))
    corrected(sessions, clock, editor, (analysed[1], LabelTask.OFFENSIVE, "1", "0"))
    with sessions.begin() as session:
        newest = session.scalars(
            select(LabelCorrection.id).order_by(LabelCorrection.id.desc()).limit(1)
        ).one()
        undo(session, newest, person_id=editor, now=clock.now())
    with sessions() as session:
        every = [json.loads(line) for line in feedback_lines(session, None)]
        late = [json.loads(line) for line in feedback_lines(session, clock.now())]
    assert [(one["task"], one["corrected"]) for one in every] == [
        ("polarity", "positive"), ("our_union", 1),
    ]  # fmt: skip
    assert [one["task"] for one in late] == ["our_union"]


def test_export_is_audited(
    sessions: Sessions, clock: FakeClock, editor: int, analysed: list[int]
) -> None:
    corrected(sessions, clock, editor, (analysed[0], LabelTask.POLARITY, "neutral", "negative"))
    target = io.BytesIO()
    assert write_feedback(sessions, target, None, clock.now()) == 1
    assert json.loads(target.getvalue())["task"] == "polarity"
    with sessions() as session:
        (entry,) = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "document.feedback_exported")
        )
    assert (entry.actor, entry.detail) == ("system:terminal", {"since": None})


def test_wrong_time_is_told(zhisheng: Command) -> None:
    refused = zhisheng("model", "export-feedback", "--since", "昨天")
    assert refused.code == 2
    assert "--since 应为时间" in refused.err
