"""Fine-tuning an encoder from a local directory, through the command line, down to its answers."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.errors import AnalysisError, ConfigurationError
from nlp.annotations import TextInput
from nlp.classification.model_card import load_classifier, read_card
from nlp.linear import Matrix
from nlp.pipeline import load_resources, pipeline_of
from nlp.replacement import load_replacement
from tests.nlp.encoders import WORDS, labelled, save_tiny_bert, sentences
from zhisheng.accurate_models import find_accurate_models
from zhisheng.cli import run
from zhisheng.installed_models import InstalledModels

pytestmark = pytest.mark.train
for library in ("torch", "transformers", "onnx", "sklearn"):
    pytest.importorskip(library, reason=f"{library} (extra `train`) is not installed")

LEARNT = (
    "--recipe",
    "transformer",
    "--epochs",
    "4",
    "--learning-rate",
    "0.002",
    "--batch-size",
    "8",
)
BRIEF = ("--epochs", "1")
WITHOUT_TRAINING_LIBRARIES = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "transformers", "onnx", "sklearn", "huggingface_hub"}:
            raise ImportError(f"{name} must not be needed")

sys.meta_path.insert(0, Refuse())
from pathlib import Path
from nlp.classification.model_card import load_classifier
classifier = load_classifier(Path(sys.argv[1]))
print(classifier.probabilities(sys.argv[2:]).tolist())
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("encoders")


@pytest.fixture(scope="module")
def base(work: Path) -> Path:
    return save_tiny_bert(work / "tiny-bert")


@pytest.fixture(scope="module")
def model(work: Path, base: Path) -> Path:
    return trained(work, "model", "--base", str(base))


def trained(work: Path, name: str, *options: str, count: int = 80) -> Path:
    data, out = labelled(work / f"{name}.csv", count, 1), work / name
    arguments = ["model", "train", "--data", str(data), "--out", str(out)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHISHENG_HOME", str(work / "home"))
        assert run([*arguments, *LEARNT, *options]) == 0
    return out


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHISHENG_HOME", str(tmp_path / "home"))


def test_card_says_what_was_trained_and_how_well_the_export_agrees(model: Path) -> None:
    card = read_card(model)
    assert (card.format, card.recipe, card.labels) == ("transformer", "transformer", tuple(WORDS))
    assert card.notes["base"] == "tiny-bert"
    assert card.notes["precision"] in {"int8", "float32"}
    assert card.figures["agreement"] >= 0.98
    assert 0 <= card.figures["largest_difference"] < 0.5
    assert {path.name for path in model.iterdir()} == {
        "model.json", "encoder.onnx", "tokenizer.json", "transformer.json",
    }  # fmt: skip


def test_trained_encoder_is_measured_like_any_model(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = labelled(tmp_path / "test.csv", 20, 2)
    capsys.readouterr()
    assert run(["model", "evaluate", str(model), "--data", str(test), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["accuracy"] > 0.9
    assert found["model"] == read_card(model).version
    assert found["per_class"].keys() == WORDS.keys()


def test_same_rows_give_the_same_model(work: Path, base: Path) -> None:
    first, again = (
        read_card(trained(work, name, "--base", str(base), *BRIEF, count=20))
        for name in ("first", "again")
    )
    assert first == again


def test_answers_need_none_of_the_training_libraries(model: Path) -> None:
    texts = ["老板拖欠工资", "感谢大家支持"]
    found = subprocess.run(
        [sys.executable, "-c", WITHOUT_TRAINING_LIBRARIES, str(model), *texts],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    expected = load_classifier(model).probabilities(texts)
    assert np.allclose(json.loads(found.stdout), expected, atol=1e-6)


def test_answer_depends_on_the_text_alone(model: Path) -> None:
    classifier = load_classifier(model)
    texts = ["", "老板拖欠工资", "感谢" * 3_000, "\ud83d坏字符", *sentences("neutral", 40, 3)]
    together = classifier.probabilities(texts)
    assert np.allclose(together.sum(axis=1), 1.0, atol=1e-5)
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(lambda text: classifier.probabilities([text]), texts * 3))
    assert np.array_equal(np.concatenate([*([together] * 3)]), np.concatenate(alone))
    assert classifier.probabilities([]).shape == (0, 3)


def test_pipeline_answers_with_the_encoder_for_the_task_whose_labels_it_has(model: Path) -> None:
    with pytest.raises(ConfigurationError, match="任务「emotion」要的是"):
        load_replacement("emotion", model)
    replacement = load_replacement("polarity", model)
    pipeline = pipeline_of(load_resources(), [replacement])
    found = pipeline.analyse([TextInput("", "昨天老板拖欠工资"), TextInput("", "感谢大家真的温暖")])
    assert [item.polarity.label for item in found] == ["negative", "positive"]
    assert found[0].models["polarity"] == read_card(model).version


def test_new_encoder_needs_nothing_but_the_file(work: Path) -> None:
    out = trained(work, "new", "--warm-up-epochs", "1", *BRIEF, count=10)
    assert read_card(out).notes["base"].startswith("从头训练 4×312")
    assert load_classifier(out).probabilities(["拖欠工资"]).shape == (1, 3)


def test_pretrained_encoder_is_a_base(
    work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts, out = tmp_path / "pool.txt", tmp_path / "encoder"
    texts.write_text("\n".join(sentences("negative", 60, 4)), encoding="utf-8")
    small = ("--layers", "1", "--width", "16", "--heads", "2", "--epochs", "1")
    arguments = ["model", "pretrain", "--texts", str(texts), "--out", str(out), *small]
    assert run(arguments) == 0
    assert json.loads(capsys.readouterr().out)["texts"] == 60
    assert run(arguments) == 2
    assert "没有动它" in capsys.readouterr().err
    model = trained(work, "from-pretrained", "--base", str(out), *BRIEF, count=10)
    assert json.loads((model / "transformer.json").read_text())["text_form"] == "folded"


def test_graph_of_whole_numbers_that_disagrees_is_not_kept(base: Path, tmp_path: Path) -> None:
    from nlp.training.transformer_base import local_base
    from nlp.training.transformer_export import Precision, export

    model = local_base(base, ("a", "b")).model
    original = np.array([[2.0, 0.0], [0.0, 2.0]], np.float32)

    answers = [original, original[::-1], original]

    def ask(graph: Path, count: int) -> Matrix:
        assert graph.is_file()
        return answers.pop(0)[:count]

    found = export(model, tmp_path, original, ask)
    assert found.precision is Precision.FLOAT32
    assert found.refused is not None
    assert found.refused.labels == 0.0
    assert [path.name for path in tmp_path.iterdir()] == ["encoder.onnx"]
    with pytest.raises(AnalysisError, match="没有保存"):
        export(model, tmp_path, original, lambda _graph, count: original[::-1][:count])


def _nothing(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def _no_configuration(folder: Path) -> None:
    (folder / "config.json").unlink()


def _no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def _no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def _broken_configuration(folder: Path) -> None:
    (folder / "config.json").write_text("{", encoding="utf-8")


def _broken_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"no tensors")


def _larger_vocabulary(folder: Path) -> None:
    save_tiny_bert(folder, rows=20)


def _other_weights(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    save_file({f"elsewhere.{name}": item for name, item in weights.items()},
              folder / "model.safetensors")  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_nothing, "不是文件夹"),
        (_no_configuration, "没有模型说明 config.json"),
        (_no_weights, "没有模型权重"),
        (_no_tokenizer, "没有分词文件"),
        (_broken_configuration, "读不了"),
        (_broken_weights, "模型读不了"),
        (_larger_vocabulary, "不是一套"),
        (_other_weights, "对不上"),
    ],
)
def test_unusable_base_is_explained(
    spoil: object, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(spoil)
    base, out = save_tiny_bert(tmp_path / "base"), tmp_path / "out"
    spoil(base)
    data = labelled(tmp_path / "train.csv", 5, 1)
    arguments = ["model", "train", "--data", str(data), "--out", str(out), "--base", str(base)]
    assert run([*arguments, *LEARNT]) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("name", ["encoder.onnx", "tokenizer.json", "transformer.json"])
def test_broken_part_of_a_trained_folder_is_named(name: str, model: Path, tmp_path: Path) -> None:
    for path in model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(ConfigurationError, match=f"{name}」读不了"):
        load_classifier(tmp_path)


def analysed(work: Path, *options: str) -> list[dict[str, object]]:
    source, target = work / "in.jsonl", work / "out.jsonl"
    source.write_text('{"id": 1, "text": "昨天老板拖欠工资"}\n', encoding="utf-8")
    assert run(["analyse", "--input", str(source), "--output", str(target), *options]) == 0
    return [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


def test_accurate_pipeline_says_which_tasks_have_no_encoder(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "polarity").symlink_to(model)
    found = analysed(tmp_path, "--accurate", "--models", str(tmp_path / "models"))
    versions = found[0]["models"]
    assert isinstance(versions, dict)
    assert versions["polarity"] == read_card(model).version
    assert not str(versions["relevance"]).startswith("transformer")
    note = capsys.readouterr().err
    assert "polarity 用" in note
    assert "relevance、our_union、topics" in note


def test_accurate_pipeline_takes_what_is_installed_but_not_in_use(
    model: Path, tmp_path: Path
) -> None:
    installed = InstalledModels(tmp_path / "models")
    assert find_accurate_models(installed, None).folders == {}
    assert "仍由快速模型回答" in find_accurate_models(installed, None).note
    version = installed.use("polarity", model)
    installed.use_shipped("polarity")
    found = find_accurate_models(installed, None)
    assert found.folders == {"polarity": installed.folder_of("polarity", version)}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--models", "nowhere"), "要和 --accurate 一起用"),
        (("--accurate", "--models", "nowhere"), "没有以任务命名的模型文件夹"),
    ],
)
def test_wrong_use_of_the_accurate_pipeline_is_explained(
    options: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["analyse", "--input", "-", *options]) == 2
    assert words in capsys.readouterr().err
